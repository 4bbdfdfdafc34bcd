/** Each subpath, installed from the tarball, loads by `import` and by `require()`, on the oldest and the newest Node. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { manifest, ROOT, subpaths } from '../../scripts/check-package/subpaths.ts';
import { install, type Packed, pack, run, runProgram } from './installing.ts';

const { nodeBinary, unsupported } = (await import(pathToFileURL(`${ROOT}scripts/node-binary.mjs`).href)) as {
  nodeBinary(version: string): Promise<string>;
  unsupported: string | undefined;
};

let packed: Packed;
let folder: string;

beforeAll(async () => {
  packed = await pack();
  folder = await install(packed, 'loading here');
}, 120_000);
afterAll(() => packed?.remove());

if (unsupported !== undefined) console.warn(`SKIPPED: loading on other versions of Node than this: ${unsupported}`);
const versions = unsupported === undefined ? ['20.19', '26'] : [process.versions.node];

describe.each(versions)('Node %s', (version) => {
  let node: string;
  beforeAll(async () => {
    node = unsupported === undefined ? await nodeBinary(version) : process.execPath;
  }, 300_000);

  test.each(subpaths)('$specifier by import and by require() is the same module', async ({ specifier, source }) => {
    const code = `
      const assert = require('node:assert');
      const required = require('${specifier}');
      import('${specifier}').then((imported) => {
        for (const name of Object.keys(imported)) assert.strictEqual(required[name], imported[name], name);
        console.log(JSON.stringify(Object.keys(required).filter((name) => name !== '__esModule').sort()));
      });`;
    const { stdout, stderr } = await runProgram(folder, `${version}-both.cjs`, code, node);
    const names = Object.keys(await import(pathToFileURL(path.join(ROOT, source)).href)).sort();
    expect(JSON.parse(stdout)).toEqual(names);
    expect(names.length).toBeGreaterThan(0);
    expect(stderr).toBe(''); // no ExperimentalWarning either
  });

  test('named imports, as TypeScript and bundlers leave them', async () => {
    const lines = subpaths.map(({ specifier }, index) => `import * as m${index} from '${specifier}';`);
    const all = subpaths.map((_, index) => `m${index}`).join(', ');
    const code = `${lines.join('\n')}\nconsole.log([${all}].every((m) => Object.keys(m).length > 0));`;
    expect(await runProgram(folder, `${version}-names.mjs`, code, node)).toEqual({ stdout: 'true\n', stderr: '' });
  });

  test('nothing but the subpaths can be reached', async () => {
    const code = `import('${manifest.name}/dist/core/decoder.js').catch((error) => console.log(error.code));`;
    const { stdout } = await runProgram(folder, `${version}-inner.mjs`, code, node);
    expect(stdout).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n');
  });

  test('the command runs', async () => {
    const main = `node_modules/${manifest.name}/dist/cli/main.js`;
    expect((await run(node, [main, '--version'], { cwd: folder })).stdout).toBe(`${manifest.version}\n`);
    expect((await run(node, [main, '--help'], { cwd: folder })).stdout).toContain('chunked-trailers get <url>');
  });
});
