/** The types of the installed package, seen by a user's compiler in each way of resolving, library checks included. */
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forBrowsers, ROOT, subpaths } from '../../scripts/check-package/subpaths.ts';
import { install, type Packed, pack, run } from './installing.ts';

let packed: Packed;
let folder: string;

beforeAll(async () => {
  packed = await pack();
  folder = await install(packed, 'types');
  await mkdir(path.join(folder, 'node_modules', '@types'), { recursive: true });
  for (const name of ['@types/node', 'undici-types']) {
    await symlink(path.join(ROOT, 'node_modules', name), path.join(folder, 'node_modules', name), 'junction');
  }
}, 120_000);
afterAll(() => packed?.remove());

const imports = subpaths.map(({ specifier }, index) => `import * as m${index} from '${specifier}';`).join('\n');
const required = subpaths.map(({ specifier }, index) => `import m${index} = require('${specifier}');`).join('\n');
/** Uses what is imported, with its types: an import that resolved to `any` would pass anything. */
const use = `
const all = [${subpaths.map((_, index) => `m${index}`).join(', ')}];
const isAny: 0 extends 1 & (typeof all)[number] ? true : false = false;
const octets: Uint8Array = m${subpaths.findIndex(({ subpath }) => subpath === './core')}.encodeChunked(new Uint8Array(1));
// @ts-expect-error: not a Uint8Array
m${subpaths.findIndex(({ subpath }) => subpath === './core')}.encodeChunked('text');
export const used = [all, isAny, octets];
`;

const WAYS: [name: string, file: string, code: string, module: string, resolution: string][] = [
  ['import under node16', 'user.mts', imports + use, 'node16', 'node16'],
  ['import under nodenext', 'user.mts', imports + use, 'nodenext', 'nodenext'],
  ['require() under nodenext', 'user.cts', required + use, 'nodenext', 'nodenext'],
  ['import under bundler', 'user.ts', imports + use, 'esnext', 'bundler'],
  ['require() under bundler', 'user.cts', required + use, 'preserve', 'bundler'],
];

const NODENEXT = WAYS.find(([name]) => name === 'import under nodenext')!;
const compiled = ([, file, code, module, moduleResolution]: (typeof WAYS)[number], compiler: string, options = {}) =>
  compile(compiler, file, code, { module, moduleResolution, types: ['node'], ...options });

describe('TypeScript finds the types of every subpath', () => {
  test.each(WAYS)('%s', async (...way) => {
    expect(await compiled(way, 'typescript/lib/tsc.js')).toBe('');
  });

  test.each([
    ['require()', required, 'TS1471'],
    ['import that is compiled to CommonJS', imports, 'TS1479'],
  ])('%s under node16: not, as docs/package.md says; under nodenext it does', async (_, code, fault) => {
    const said = await compiled(['', 'user.cts', code + use, 'node16', 'node16'], 'typescript/lib/tsc.js');
    expect(said).toContain(fault);
    expect(await compiled(['', 'user.cts', code + use, 'nodenext', 'nodenext'], 'typescript/lib/tsc.js')).toBe('');
    expect(await readFile(path.join(ROOT, 'docs/package.md'), 'utf8')).toContain(fault);
  });

  // TypeScript 5.6 has looked in lint.test.ts. Without the library check, which would take most of a minute in all.
  test('by TypeScript 6', async () => {
    expect(await compiled(NODENEXT, 'typescript-6/lib/tsc.js', { skipLibCheck: true })).toBe('');
  }, 60_000);

  test.each(forBrowsers)('$specifier needs no types of Node', async ({ specifier }) => {
    const options = { module: 'esnext', moduleResolution: 'bundler', types: [], lib: ['ES2022', 'DOM'] };
    expect(await compile('typescript/lib/tsc.js', 'page.ts', `export * from '${specifier}';`, options)).toBe('');
  });

  test('what is wrong is noticed', async () => {
    const way: (typeof WAYS)[number] = ['', 'wrong.mts', `${imports}${use}\nm0.nothing;`, 'nodenext', 'nodenext'];
    expect(await compiled(way, 'typescript/lib/tsc.js')).toContain("'nothing' does not exist");
  });
});

/** What the compiler says: nothing, if all is well. */
async function compile(compiler: string, file: string, code: string, options: object): Promise<string> {
  await writeFile(path.join(folder, file), code);
  const compilerOptions = { target: 'es2022', strict: true, noEmit: true, skipLibCheck: false, ...options };
  await writeFile(path.join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }));
  const tsc = fileURLToPath(new URL(`../../node_modules/${compiler}`, import.meta.url));
  const { stdout } = await run(process.execPath, [tsc, '-p', '.'], { cwd: folder }).catch((error) => error);
  return stdout;
}
