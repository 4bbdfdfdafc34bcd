/**
 * The import rule (CONTRIBUTING.md, "The map"): `core` imports only `core`; `web` and `node` import `core`; `undici` and
 * `files`, which run nowhere but on Node, import `core` and `node`; `cli` imports all of these but `web`. Inside `node`,
 * `head` knows no other wing, `send` and `receive` do not know each other, and `seal` stands on `send`.
 * Nothing imports an index.ts, except that `cli` may; no circles, type-only imports included; `node:` nowhere in `core` and
 * `web`; nothing from npm.
 *
 * Strategy: the specifiers are found by regular expressions in the sources without their comments, which is good enough for
 * sources that Biome has formatted.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

/** Which folders the files of a folder may import from. */
const MAY_IMPORT: Record<string, string[]> = {
  core: ['core'],
  'node/head': ['core', 'node', 'node/head'],
  'node/send': ['core', 'node', 'node/head', 'node/send'],
  'node/receive': ['core', 'node', 'node/head', 'node/receive'],
  'node/seal': ['core', 'node', 'node/send', 'node/seal'],
  node: ['core', 'node', 'node/head', 'node/send', 'node/receive', 'node/seal'],
  web: ['core', 'web'],
  files: ['core', 'node', 'node/head', 'node/send', 'node/receive', 'files'],
  undici: ['core', 'node', 'node/head', 'node/receive', 'undici'],
  cli: ['core', 'node', 'node/head', 'node/send', 'node/receive', 'files', 'cli'],
};

const WITHOUT_NODE = ['core', 'web'];

/** The source without comments. Strings stay, so that `//` in one is not taken for a comment. */
export function withoutComments(source: string): string {
  const parts = /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g;
  return source.replace(parts, (_, text: string | undefined) => text ?? ' ');
}

/** Every module that the source imports from or exports from, types included. */
export function specifiersOf(source: string): string[] {
  const code = withoutComments(source);
  const forms = [/(?<=[\s}*])from\s*(['"])(.+?)\1/g, /\bimport\s*(['"])(.+?)\1/g, /\bimport\s*\(\s*(['"`])(.+?)\1/g];
  return forms.flatMap((form) => Array.from(code.matchAll(form), (match) => match[2]!));
}

/** Sources by path under src/, with "/" between folders. */
const sources = new Map(
  readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => [path.split(sep).join('/'), readFileSync(join(SRC, path), 'utf8')] as const),
);

/** The wing that a file is in. */
const folderOf = (path: string) => Object.keys(MAY_IMPORT).findLast((folder) => isBelow(path, folder)) ?? path;
const isBelow = (path: string, folder: string) =>
  folder === 'node' ? /^node\/[^/]+$/.test(path) : path.startsWith(`${folder}/`);
const isRelative = (specifier: string) => specifier.startsWith('.');
const resolve = (path: string, specifier: string) =>
  normalize(join(dirname(path), specifier))
    .split(sep)
    .join('/');

/** Each import as "importer -> what it resolves to". */
const imports = [...sources].flatMap(([from, source]) =>
  specifiersOf(source).map((specifier) => ({
    from,
    specifier,
    to: isRelative(specifier) ? resolve(from, specifier) : specifier,
  })),
);

const say = ({ from, to }: { from: string; to: string }) => `${from} -> ${to}`;

/** The files of one import circle, its first again at the end; none if there is no circle. */
export function findCircle(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const finished = new Set<string>();
  const visit = (file: string, path: string[]): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (finished.has(file)) return [];
    for (const next of graph.get(file) ?? []) {
      const circle = visit(next, [...path, file]);
      if (circle.length > 0) return circle;
    }
    finished.add(file);
    return [];
  };
  for (const file of graph.keys()) {
    const circle = visit(file, []);
    if (circle.length > 0) return circle;
  }
  return [];
}

describe('the import rule', () => {
  test('there is something to look at', () => {
    expect([...sources.keys()].filter((path) => folderOf(path) === 'core').length).toBeGreaterThan(10);
    expect(imports.map(say)).toContain('core/decoder.ts -> core/errors.ts');
  });

  test('every file is in a folder that the rule knows', () => {
    expect([...sources.keys()].filter((path) => !(folderOf(path) in MAY_IMPORT))).toEqual([]);
  });

  test.each(Object.entries(MAY_IMPORT))('%s imports only %j', (folder, allowed) => {
    const wrong = imports.filter(
      ({ from, to, specifier }) =>
        folderOf(from) === folder && isRelative(specifier) && !allowed.includes(folderOf(to)),
    );
    expect(wrong.map(say)).toEqual([]);
  });

  test('neither core nor web imports `node:`, and nobody imports from npm', () => {
    const wrong = imports.filter(({ from, specifier }) => {
      if (isRelative(specifier)) return false;
      return !(specifier.startsWith('node:') && !WITHOUT_NODE.includes(folderOf(from)));
    });
    expect(wrong.map(say)).toEqual([]);
  });

  test('nothing imports an index.ts, except that cli may', () => {
    const wrong = imports.filter(({ from, to }) => to.endsWith('index.ts') && folderOf(from) !== 'cli');
    expect(wrong.map(say)).toEqual([]);
  });

  test('every relative import names a file that is there', () => {
    expect(imports.filter(({ to, specifier }) => isRelative(specifier) && !sources.has(to)).map(say)).toEqual([]);
  });

  test('there are no import circles, type-only imports included', () => {
    const graph = new Map(
      [...sources.keys()].map((path) => [path, imports.filter((i) => i.from === path).map((i) => i.to)]),
    );
    expect(findCircle(graph)).toEqual([]);
  });

  test('core uses no global of Node', () => {
    const globals = /(?<![\w.$'"-])(?:Buffer\b|process\s*[.[]|require\s*\(|setImmediate\b|__dirname\b|__filename\b)/;
    const wrong = [...sources].flatMap(([path, source]) => {
      const found = folderOf(path) === 'core' ? globals.exec(withoutComments(source)) : null;
      return found === null ? [] : [`${path}: ${found[0]}`];
    });
    expect(wrong).toEqual([]);
  });
});

describe('how the rule is looked for', () => {
  test('imports are found in every form, and not in comments', () => {
    const source = `
      import { a } from './a.ts';
      import type { B } from "./b.ts";
      import {
        c,
      } from './c.ts';
      export * from './d.ts';
      import './e.ts';
      const f = await import('./f.ts');
      type G = import('./g.ts').G;
      // import './no.ts';
      /* from './no.ts' */
      const url = 'https://example.com'; import './h.ts';
    `;
    const letters = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    expect(specifiersOf(source).sort()).toEqual(letters.map((letter) => `./${letter}.ts`));
  });

  test('a circle is found, of any length, and a diamond is none', () => {
    expect(findCircle(new Map([['a', ['a']]]))).toEqual(['a', 'a']);
    expect(
      findCircle(
        new Map([
          ['a', ['b']],
          ['b', ['c']],
          ['c', ['b']],
        ]),
      ),
    ).toEqual(['b', 'c', 'b']);
    expect(
      findCircle(
        new Map([
          ['a', ['b', 'c']],
          ['b', ['d']],
          ['c', ['d']],
          ['d', []],
        ]),
      ),
    ).toEqual([]);
  });
});
