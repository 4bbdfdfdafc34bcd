/**
 * npm run experiment:truncation: fetches the Node binaries, has each receive truncated responses, and writes
 * spec-notes/truncation-by-node-version.md and its picture.
 */
import { existsSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { CACHE, nodeBinary } from './binaries.ts';
import { CLAIMS } from './claims.ts';
import { examine } from './facts.ts';
import { measure } from './measure.ts';
import { type Measurement, toMarkdown, toTable } from './page.ts';
import { inParallel } from './parallel.ts';
import { toSvg } from './picture.ts';
import type { Row } from './record.ts';
import { startServer } from './server.ts';
import { compareVersions, isAtLeast, SUPPORTED, VERSIONS } from './versions.ts';

const DOWNLOADS_AT_A_TIME = 3;
const DEFAULT_REPEATS = 2;
const DIST = new URL('../../dist/', import.meta.url);

const HELP = `Usage: npm run experiment:truncation -- [options]

Has ${VERSIONS.length} versions of Node receive truncated responses, and writes spec-notes/truncation-by-node-version.md
and .svg. Needs Linux x64 and, for binaries that are not cached, the npm registry; a full run takes some minutes.

  --only <version,...>  only these, and to standard output: the files are left as they are
  --repeats <n>         how often each case is run; default ${DEFAULT_REPEATS}
  --library <directory> the build whose verify() is asked; default dist/
  --json <file>         writes all that was noticed to this file, too
  --help                this text

Binaries are cached in a directory of $XDG_CACHE_HOME, or else of the system's for temporary files.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      repeats: { type: 'string', default: String(DEFAULT_REPEATS) },
      library: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const repeats = Number(values.repeats);
  if (!(Number.isInteger(repeats) && repeats > 0)) throw new RangeError(`--repeats ${values.repeats} is no count`);
  const library = libraryAt(values.library === undefined ? DIST : pathToFileURL(`${values.library}/`));
  const versions = values.only?.split(',') ?? VERSIONS;
  const measurement = await measureAll([...versions].sort(compareVersions), library, repeats);
  if (measurement.rows.length === 0) throw new Error('No version could be measured');
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(measurement));
  if (values.only !== undefined) {
    print(measurement);
  } else {
    writeFileSync(new URL('../../spec-notes/truncation-by-node-version.md', import.meta.url), toMarkdown(measurement));
    writeFileSync(new URL('../../spec-notes/truncation-by-node-version.svg', import.meta.url), toSvg(measurement.rows));
    progress('Written to spec-notes/truncation-by-node-version.md and .svg');
  }
  for (const { version, why } of measurement.missing) progress(`NOT MEASURED: Node ${version}. ${why}`);
  if (measurement.missing.length > 0) process.exitCode = 1;
}

async function measureAll(versions: readonly string[], library: string, repeats: number): Promise<Measurement> {
  progress(`Binaries are cached in ${CACHE}`);
  const binaries = new Map<string, string>();
  const missing: Measurement['missing'][number][] = [];
  await inParallel(versions, DOWNLOADS_AT_A_TIME, async (version) => {
    try {
      binaries.set(version, await nodeBinary(version, progress));
    } catch (error) {
      missing.push({ version, why: `Its binary could not be had: ${firstLine(error)}` });
    }
  });

  const server = await startServer();
  const { port } = server.address() as AddressInfo;
  const rows: Row[] = [];
  for (const [version, binary] of [...binaries].sort(([a], [b]) => compareVersions(a, b))) {
    const start = performance.now();
    const supported = isAtLeast(version, SUPPORTED) ? library : undefined;
    const row = await measure({ port, binary, version, library: supported, repeats });
    rows.push(row);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    progress(`${rows.length} of ${binaries.size}: Node ${version} in ${seconds} s`);
    for (const key of Object.keys(row.unsteady)) progress(`Not the same each time: Node ${version}, ${key}`);
  }
  server.close();
  return { rows, missing, repeats };
}

function print({ rows }: Measurement): void {
  console.log(toTable(rows));
  for (const claim of CLAIMS) {
    const { text, result, evidence } = examine(claim, rows);
    console.log(`\n${text}: ${result}\n  ${evidence.join('\n  ')}`);
  }
}

function libraryAt(directory: URL): string {
  const index = new URL('node/index.js', directory);
  if (!existsSync(index)) throw new Error(`${index.pathname} is not there: run npm run build first`);
  return index.href;
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n')[0]!;
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

await main();
