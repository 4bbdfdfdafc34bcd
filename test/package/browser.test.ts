/** Subpaths for the browser: bundled by esbuild from the installed package, run without Node's globals, and weighed. */
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { forBrowsers, manifest, subpaths } from '../../scripts/check-package/subpaths.ts';
import { BUDGETS, bundle } from '../../scripts/size/bundle.ts';
import { install, type Packed, pack } from './installing.ts';

let packed: Packed;
let folder: string;

beforeAll(async () => {
  packed = await pack();
  folder = await install(packed, 'browser');
}, 120_000);
afterAll(() => packed?.remove());

describe.each(forBrowsers)('$specifier', ({ specifier, subpath, compiled }) => {
  test('is bundled for the browser from its own folder and core, without Node', async () => {
    // As without a bundler: what is only imported for its effects, and dropped by "sideEffects": false, counts too.
    const { code, inputs } = await bundle(specifier, folder, { ignoreAnnotations: true });
    // esbuild has refused every import from Node; these are its globals.
    expect(code).not.toMatch(/\b(?:Buffer|process|global|__dirname)\s*[.[]|\b(?:require|setImmediate)\s*\(/);
    const own = path.posix.dirname(compiled);
    const places = [own, 'dist/core'].map((place) => `node_modules/${manifest.name}/${place}/`);
    expect(inputs.filter((input) => !places.some((place) => input.startsWith(place)))).toEqual([]);
    expect(inputs.length).toBeGreaterThan(0);
  });

  test('loads where there is nothing but what every platform has', async () => {
    const { code } = await bundle(specifier, folder, { format: 'iife', globalName: 'loaded' });
    const { TransformStream, ReadableStream, WritableStream, TextEncoder, TextDecoder } = globalThis;
    const context = createContext({ TransformStream, ReadableStream, WritableStream, TextEncoder, TextDecoder });
    const names = runInContext(`${code}; Object.keys(loaded)`, context) as string[];
    expect([...names].sort()).toEqual(Object.keys(await import(packageSource(compiled))).sort());
  });

  test.runIf(subpath in BUDGETS)('is within its budget', async () => {
    const { gzipBytes } = await bundle(specifier, folder);
    const budget = BUDGETS[subpath]!;
    expect(gzipBytes).toBeLessThanOrEqual(budget);
    // A budget that fits loosely would not notice what is added.
    expect(gzipBytes).toBeGreaterThan(budget * 0.85);
  });
});

test('one function of the core does not bring the rest with it', async () => {
  const options = { stdin: { contents: `export { encodeChunked } from '${manifest.name}/core';`, resolveDir: folder } };
  const { code, gzipBytes } = await bundle(`${manifest.name}/core`, folder, options);
  expect(code).not.toContain('ERR_BODY_MISMATCH');
  expect(gzipBytes).toBeLessThan(BUDGETS['./core']! / 2);
});

test('the core encodes and decodes in the bundle', async () => {
  const { code } = await bundle(`${manifest.name}/core`, folder, { format: 'iife', globalName: 'core' });
  const program = `${code};
    const { body, trailers } = core.decodeChunked(core.encodeChunked(Uint8Array.of(104, 105), { trailers: [['A', 'b']] }));
    String.fromCharCode(...body) + JSON.stringify(trailers)`;
  expect(runInContext(program, createContext({}))).toBe('hi[["A","b"]]');
});

test('the root is Node’s: a bundler for the browser says so at once', async () => {
  await expect(bundle(manifest.name, folder)).rejects.toThrow(/Could not resolve "node:/);
});

test('every budget is of a subpath that there is', () => {
  expect(Object.keys(BUDGETS).filter((name) => !subpaths.some(({ subpath }) => subpath === name))).toEqual([]);
});

function packageSource(compiled: string): string {
  return pathToFileURL(path.join(folder, 'node_modules', manifest.name, compiled)).href;
}
