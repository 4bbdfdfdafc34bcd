/**
 * npm run undici:suites [-- --source <git url or folder>] [--versions 7.29.0,8.10.0] [part of a file's name ...]
 *
 * undici's own test suites, with verifyInterceptor composed into every dispatcher and without: what fails only with it is
 * listed, after it has failed twice. The source is fetched when this runs, into a cache outside of the project; nothing of it
 * is kept here. Exit code 0: nothing fails only with it; 1: something does; 3: the source or its packages cannot be had.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { globSync } from './glob.mjs';

const NOT_TO_BE_HAD = 3;
const HERE = fileURLToPath(new URL('.', import.meta.url));
const CACHE = path.join(process.env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'chunked-trailers', 'undici');
const FOLDERS = [
  'test',
  'test/fetch',
  'test/interceptors',
  'test/cache-interceptor',
  'test/node-fetch',
  'test/node-test',
];
/** What the suites do not need, and what takes long to install. */
const NOT_INSTALLED =
  /^(?:borp|c8|cross-env|esbuild|eslint|husky|jest|neostandard|pre-commit|snazzy|standard|tsd|typescript)$/;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    source: { type: 'string', default: 'https://github.com/nodejs/undici.git' },
    versions: { type: 'string' },
    concurrency: { type: 'string', default: '2' },
  },
});

function git(...args) {
  return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The newest release of each of the versions that this Node can run. */
function newestVersions() {
  const tags = git('ls-remote', '--tags', '--refs', values.source, 'v[678].*').matchAll(
    /refs\/tags\/v(\d+)\.(\d+)\.(\d+)$/gm,
  );
  const newest = new Map();
  for (const [, ...parts] of tags) {
    const version = parts.map(Number);
    const earlier = newest.get(version[0]);
    if (earlier === undefined || version[1] > earlier[1] || (version[1] === earlier[1] && version[2] > earlier[2])) {
      newest.set(version[0], version);
    }
  }
  const [major, minor] = process.versions.node.split('.').map(Number);
  const canRun8 = major > 22 || (major === 22 && minor >= 19);
  if (!canRun8) console.warn(`SKIPPED: undici 8, which needs Node 22.19; this is ${process.version}`);
  return [...newest.values()].filter(([of]) => of < 8 || canRun8).map((version) => version.join('.'));
}

/** @returns the folder with the source of that version and the packages that its tests need */
function sourceOf(version) {
  const folder = path.join(CACHE, version);
  if (existsSync(path.join(folder, 'ready'))) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(CACHE, { recursive: true });
  git(
    'clone',
    '--quiet',
    '--depth',
    '1',
    '--branch',
    `v${version}`,
    values.source.startsWith('/') ? pathToFileURL(values.source).href : values.source,
    folder,
  );
  const file = path.join(folder, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  manifest.devDependencies = Object.fromEntries(
    Object.entries(manifest.devDependencies).filter(([name]) => !NOT_INSTALLED.test(name)),
  );
  writeFileSync(file, JSON.stringify(manifest));
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (existsSync(path.join(folder, 'scripts/generate-pem.js'))) {
    execFileSync(process.execPath, ['scripts/generate-pem.js'], { cwd: folder, stdio: 'ignore' });
  }
  writeFileSync(path.join(folder, 'ready'), '');
  return folder;
}

/** @returns for each test, by its file and name, whether it passed */
async function outcomesOf(folder, files, isComposed) {
  const report = path.join(tmpdir(), `undici-suites-${process.pid}.jsonl`);
  const args = [
    '--expose-gc',
    '--test',
    '--test-timeout=60000',
    '--test-force-exit',
    `--test-concurrency=${values.concurrency}`,
  ];
  args.push(
    `--test-reporter=${pathToFileURL(path.join(HERE, 'reporter.mjs')).href}`,
    `--test-reporter-destination=${report}`,
  );
  const options = `${process.env.NODE_OPTIONS ?? ''} --import=${pathToFileURL(path.join(HERE, 'compose.mjs')).href}`;
  const env = { ...process.env, UNDICI_UNDER_TEST: folder, ...(isComposed && { NODE_OPTIONS: options }) };
  const child = spawn(process.execPath, [...args, ...files], { cwd: folder, env, stdio: 'ignore' });
  await once(child, 'close');
  const outcomes = new Map();
  for (const line of readFileSync(report, 'utf8').split('\n').filter(Boolean)) {
    const { file, name, passed } = JSON.parse(line);
    const key = `${path.relative(folder, file)} > ${path.isAbsolute(name) ? '(the file)' : name}`;
    outcomes.set(key, passed && outcomes.get(key) !== false);
  }
  rmSync(report);
  return outcomes;
}

/** What fails only with the interceptor. */
async function onlyWithIt(folder, files) {
  const without = await outcomesOf(folder, files, false);
  const within = await outcomesOf(folder, files, true);
  const failed = [...within].filter(([key, passed]) => !passed && without.get(key) === true).map(([key]) => key);
  return { failed, count: without.size, failedAnyway: [...without.values()].filter((passed) => !passed).length };
}

let count = 0;
try {
  for (const version of values.versions?.split(',') ?? newestVersions()) {
    const folder = sourceOf(version);
    const files = FOLDERS.flatMap((one) => globSync(path.join(folder, one), one === 'test/node-test')).filter(
      (file) => positionals.length === 0 || positionals.some((part) => file.includes(part)),
    );
    const first = await onlyWithIt(folder, files);
    const again = [...new Set(first.failed.map((key) => path.join(folder, key.split(' > ')[0])))];
    const second = again.length === 0 ? first : await onlyWithIt(folder, again);
    const failed = first.failed.filter((key) => second.failed.includes(key));
    count += failed.length;
    console.log(
      `undici ${version}, Node ${process.version}: ${first.count} tests, ${first.failedAnyway} fail without us too, ${failed.length} fail only with the interceptor`,
    );
    for (const key of failed) console.log(`  ${key}`);
  }
  process.exitCode = count === 0 ? 0 : 1;
} catch (error) {
  if (error.stderr === undefined && error.code !== 'ENOENT') throw error; // ENOENT: no git, or no npm
  console.error(
    `The source of undici, or what its tests need, cannot be had: ${String(error.stderr ?? error.message)
      .trim()
      .split('\n')
      .at(-1)}`,
  );
  console.error('Give a copy of its repository by --source.');
  process.exitCode = NOT_TO_BE_HAD;
}
