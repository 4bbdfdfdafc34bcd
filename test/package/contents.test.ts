/** What is in the tarball: what a user needs, whole, and nothing else; and no runtime dependency. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import ts from 'typescript-6';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { manifest, ROOT, subpaths } from '../../scripts/check-package/subpaths.ts';
import { install, type Packed, pack } from './installing.ts';

let packed: Packed;
let installed: string;

/** An example that has been run, and what that leaves beside it. */
const RUN = path.join(ROOT, 'examples', 'run-before');

beforeAll(async () => {
  for (const folder of ['node_modules', '__pycache__']) {
    await mkdir(path.join(RUN, folder), { recursive: true });
    await writeFile(path.join(RUN, folder, 'left.js'), '');
  }
  packed = await pack().finally(() => rm(RUN, { recursive: true }));
  installed = path.join(await install(packed, 'contents'), 'node_modules', manifest.name);
}, 120_000);
afterAll(() => packed?.remove());

describe('the tarball', () => {
  test('has a place for every file that it holds', () => {
    const places = [
      /^(package\.json|LICENSE|(README|CHANGELOG|CONTRIBUTING|SECURITY)\.md)$/,
      /^dist\/([a-z0-9-]+\/)+[a-z0-9-]+\.(js|d\.ts)(\.map)?$/,
      /^src\/([a-z0-9-]+\/)+[a-z0-9-]+\.ts$/,
      /^(docs|spec-notes)\/([a-z0-9-]+|README)\.md$/,
      /^examples\/([a-z0-9-]+\/)*[\w.-]+$/,
      /^bench\/(results\.(md|svg)|(notes|profiles)\/[a-z0-9-]+\.txt)$/,
      /^spec-notes\/([a-z0-9-]+\.svg|conformance\/(README\.md|[a-z0-9-]+\.(json|mjs)))$/,
    ];
    expect(packed.files.filter((file) => !places.some((place) => place.test(file)))).toEqual([]);
    expect(packed.files.filter((file) => /\.test\.|node_modules|__pycache__/.test(file))).toEqual([]);
  });

  test('holds exactly what was compiled from the sources in it', () => {
    const compiled = packed.files.filter((file) => file.startsWith('dist/'));
    const sources = packed.files.filter((file) => file.startsWith('src/'));
    const expected = sources.flatMap((source) => {
      const base = source.replace(/^src\//, 'dist/').replace(/\.ts$/, '');
      return [`${base}.js`, `${base}.js.map`, `${base}.d.ts`, `${base}.d.ts.map`];
    });
    expect(compiled).toEqual(expected.sort());
  });

  test('has every subpath, its types, and the command', () => {
    const wanted = [...subpaths.flatMap(({ compiled, source }) => [compiled, source]), 'dist/cli/main.js', 'LICENSE'];
    expect(wanted.filter((file) => !packed.files.includes(file))).toEqual([]);
    expect(subpaths.map(({ subpath }) => subpath)).toEqual(expect.arrayContaining(['.', './core']));
  });

  test('has every page that its README and guides link to', async () => {
    const pages = packed.files.filter((file) => file.endsWith('.md'));
    const lost: string[] = [];
    for (const page of pages) {
      const text = await readFile(path.join(installed, page), 'utf8');
      for (const [, link] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)) {
        const target = path.posix.join(path.posix.dirname(page), link!);
        if (!existsSync(path.join(installed, target))) lost.push(`${page}: ${link}`);
      }
    }
    expect(pages.length).toBeGreaterThan(5);
    expect(lost).toEqual([]);
  });

  test('is no larger than it was thought about: 1 MB, of which src and source maps are half', () => {
    expect(packed.bytes).toBeLessThan(1_000_000);
  });

  test('has source maps that point to files in it', async () => {
    const maps = packed.files.filter((file) => file.endsWith('.map'));
    const lost: string[] = [];
    for (const map of maps) {
      const { sources, sourceRoot = '' } = JSON.parse(await readFile(path.join(installed, map), 'utf8'));
      for (const source of sources) {
        const target = path.posix.join(path.posix.dirname(map), sourceRoot, source);
        if (!packed.files.includes(target)) lost.push(`${map} -> ${target}`);
      }
    }
    expect(maps.length).toBeGreaterThan(50);
    expect(lost).toEqual([]);
  });
});

describe('no runtime dependency', () => {
  test('package.json names none, of no kind, and runs nothing when it is installed', async () => {
    const published = JSON.parse(await readFile(path.join(installed, 'package.json'), 'utf8'));
    const kinds = ['dependencies', 'peerDependencies', 'optionalDependencies', 'bundleDependencies'];
    expect(kinds.filter((kind) => kind in published)).toEqual([]);
    const scripts = ['preinstall', 'install', 'postinstall'];
    expect(scripts.filter((script) => script in published.scripts)).toEqual([]);
  });

  test('nothing was installed beside it', async () => {
    const lock = JSON.parse(await readFile(path.join(installed, '..', '.package-lock.json'), 'utf8'));
    expect(Object.keys(lock.packages)).toEqual([`node_modules/${manifest.name}`]);
  });

  test('what is compiled imports Node and itself, in its types too', async () => {
    const wrong: string[] = [];
    for (const file of packed.files.filter((name) => /^dist\/.*\.(js|d\.ts)$/.test(name))) {
      const { importedFiles } = ts.preProcessFile(await readFile(path.join(installed, file), 'utf8'), true, true);
      for (const { fileName } of importedFiles) {
        if (!/^(node:|\.\.?\/)/.test(fileName)) wrong.push(`${file} -> ${fileName}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

test('the licence of package.json is the one in LICENSE', async () => {
  expect(manifest.license).toBe('MIT');
  expect(await readFile(path.join(ROOT, 'LICENSE'), 'utf8')).toMatch(/^MIT License/);
});
