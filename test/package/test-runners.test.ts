/**
 * The recipes of docs/package.md, with the package installed from its tarball beside real test runners. Each runs one test
 * that passes only if a failed body was sent and received by it.
 */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../scripts/check-package/subpaths.ts';
import { install, npm, type Packed, pack, run } from './installing.ts';

const page = await readFile(path.join(ROOT, 'docs/package.md'), 'utf8');
const [modules, compiled, babel] = [...page.matchAll(/^```json\n(.*?)^```$/gms)].map(([, code]) => code!);

const TEST = `
test('a failed body is not taken for whole', async () => {
  const server = createServer((req, res) => {
    const response = respond(res);
    response.on('error', () => {}).write('half', () => response.destroy(new Error('the disk is gone')));
  }).listen(0);
  const { port } = server.address();
  const body = await new Promise((resolve) => get({ port, headers: requestHeaders() }, (res) => resolve(verify(res))));
  await expect(body.toArray()).rejects.toMatchObject({ code: 'ERR_BODY_FAILED' });
  server.close();
});
`;
const IMPORTS = `
import { createServer, get } from 'node:http';
import { requestHeaders, respond, verify } from 'chunked-trailers';
`;

let packed: Packed;
let folder: string;

beforeAll(async () => {
  packed = await pack();
  folder = await install(packed, 'test runners');
  await npm(['install', '--ignore-scripts', 'jest@30', '@babel/preset-env@7', 'vitest@4'], folder);
}, 300_000);
afterAll(() => packed?.remove());

/** A folder beside the packages with these files; the packages are copied, since Jest looks at real paths. */
async function project(name: string, files: Record<string, string>): Promise<string> {
  const own = path.join(packed.folder, name);
  await mkdir(own);
  await cp(path.join(folder, 'node_modules'), path.join(own, 'node_modules'), {
    recursive: true,
    verbatimSymlinks: true,
  });
  for (const [file, content] of Object.entries(files)) await writeFile(path.join(own, file), content);
  return own;
}

async function passes(program: string[], cwd: string) {
  const env = { ...process.env, NO_COLOR: '1', CI: '1' };
  const { stdout, stderr } = await run(program[0]!, program.slice(1), {
    cwd,
    env,
    shell: process.platform === 'win32',
  });
  expect(stdout + stderr).toMatch(/Tests:? +1 passed/);
}

test('Jest: tests as ES modules', { timeout: 120_000 }, async () => {
  await passes(
    ['npm', 'test'],
    await project('modules', { 'package.json': modules!, 'body.test.mjs': IMPORTS + TEST }),
  );
});

test('Jest: compiled by Babel', { timeout: 120_000 }, async () => {
  const files = { 'package.json': compiled!, 'babel.config.json': babel!, 'body.test.js': IMPORTS + TEST };
  await passes([process.execPath, 'node_modules/jest/bin/jest.js'], await project('compiled', files));
});

test('Jest: without either, it says that it needs one', { timeout: 120_000 }, async () => {
  const own = await project('neither', { 'package.json': '{}', 'body.test.js': IMPORTS + TEST });
  await expect(passes([process.execPath, 'node_modules/jest/bin/jest.js'], own)).rejects.toThrow();
});

test('Vitest: nothing to set', { timeout: 120_000 }, async () => {
  const imports = `import { expect, test } from 'vitest';${IMPORTS}`;
  const own = await project('vitest', { 'package.json': '{}', 'body.test.mjs': imports + TEST });
  await passes([process.execPath, 'node_modules/vitest/vitest.mjs', 'run'], own);
});
