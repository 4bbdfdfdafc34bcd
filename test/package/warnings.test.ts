/**
 * npm has nothing to warn of: not where the tarball is installed, by each npm that is in use, and not where the project or its
 * examples are cloned, by the oldest Node that `engines` allows.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { manifest, ROOT } from '../../scripts/check-package/subpaths.ts';
import { npm, type Packed, pack } from './installing.ts';

const run = promisify(execFile);
const { nodeBinary, unsupported } = (await import(pathToFileURL(`${ROOT}scripts/node-binary.mjs`).href)) as {
  nodeBinary(version: string): Promise<string>;
  unsupported: string | undefined;
};

let packed: Packed;
beforeAll(async () => {
  packed = await pack();
}, 120_000);
afterAll(() => packed?.remove());

const settingOf = async (name: string, folder: string) => (await npm(['config', 'get', name], folder)).trim();

/** npm's program in a version of its own, run by a Node of a version of its own. */
async function npmOf(version: string, node: string) {
  const home = path.join(packed.folder, `npm ${version}`);
  await mkdir(home, { recursive: true });
  await writeFile(path.join(home, 'package.json'), '{}');
  await npm(['install', '--ignore-scripts', '--no-save', `npm@${version}`], home);
  const binary = await nodeBinary(node);
  // Settings of this machine's npm that others do not know are warned of as well: only the way to the registry is kept.
  const foreign = ([name]: [string, unknown]) => !/^npm_/i.test(name);
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(foreign)),
    PATH: `${path.dirname(binary)}:${process.env.PATH}`,
    npm_config_userconfig: path.join(home, 'npmrc'),
    npm_config_registry: await settingOf('registry', home),
    npm_config_cafile: (await settingOf('cafile', home)).replace(/^(null|undefined)$/, ''),
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false', // its own news
  };
  await writeFile(path.join(home, 'npmrc'), '');
  const program = path.join(home, 'node_modules/npm/bin/npm-cli.js');
  return async (args: string[], cwd: string) => {
    const { stdout, stderr } = await run(binary, [program, ...args], { cwd, env });
    return { stdout, stderr };
  };
}

if (unsupported !== undefined) console.warn(`SKIPPED: what other versions of npm say: ${unsupported}`);

describe.skipIf(unsupported !== undefined)('npm says nothing but what it has done', { timeout: 300_000 }, () => {
  test.each([
    ['10', '20.19'],
    ['11', '20.19'],
    ['11', '26'],
    ['12', '26'],
  ])('npm %s on Node %s: npm install of the tarball', async (version, node) => {
    const install = await npmOf(version, node);
    const folder = path.join(packed.folder, `a user of ${version} on ${node}`);
    await mkdir(folder);
    await writeFile(path.join(folder, 'package.json'), '{}');
    const { stdout, stderr } = await install(['install', `../${packed.tarball}`], folder);
    expect(stderr).toBe('');
    expect(stdout.trim()).toMatch(/^added 1 package in \S+$/);
  });

  test.each(['.', 'examples'])('npm 11 on Node 20.19: npm ci in %s', async (where) => {
    const install = await npmOf('11', '20.19');
    const folder = path.join(packed.folder, `a clone of ${where.replace('.', 'all')}`, where);
    await mkdir(folder, { recursive: true });
    const { scripts: _, ...description } = JSON.parse(await readFile(path.join(ROOT, where, 'package.json'), 'utf8'));
    await writeFile(path.join(folder, '..', 'package.json'), JSON.stringify(manifest)); // for examples, which link to it
    await writeFile(path.join(folder, 'package.json'), JSON.stringify(description));
    const lock = await readFile(path.join(ROOT, where, 'package-lock.json'), 'utf8');
    await writeFile(path.join(folder, 'package-lock.json'), lock);
    const { stderr } = await install(['ci', '--dry-run', '--ignore-scripts'], folder);
    expect(stderr).toBe('');
  });
});

test.each(['.', 'examples'])(
  '%s: no dependency is deprecated, or has an install script that nobody decided about',
  async (where) => {
    const read = async (file: string) => JSON.parse(await readFile(path.join(ROOT, where, file), 'utf8'));
    const { allowScripts = {} } = await read('package.json');
    const { packages } = await read('package-lock.json');
    const entries = Object.entries(
      packages as Record<string, { deprecated?: string; hasInstallScript?: true; dev?: true }>,
    );
    const warned = entries.filter(([place, { deprecated, hasInstallScript }]) => {
      const name = place.replace(/^.*node_modules\//, '');
      return place !== '' && !place.startsWith('..') && (deprecated || (hasInstallScript && !(name in allowScripts)));
    });
    expect(warned.map(([place]) => place)).toEqual([]);
  },
);
