/**
 * docs/api.md is what the docstrings say now; and every exported name, every option of a public interface and every
 * error code is documented: by a docstring, and so in docs/api.md, or in the README or a guide. Its links: test/links.test.ts.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Entry, Member } from '../../scripts/api-reference/model.ts';
import { readReference } from '../../scripts/api-reference/read.ts';
import { renderReference } from '../../scripts/api-reference/render.ts';
import { ROOT, subpaths } from '../../scripts/check-package/subpaths.ts';
import { PAGES, readPage } from '../support/guides.ts';

const read = async (file: string) => (await readFile(path.join(ROOT, file), 'utf8')).replaceAll('\r\n', '\n');
const guides = PAGES.map(readPage).join('\n');
const page = await read('docs/api.md').catch(() => '');
const sections = readReference();
const entries = sections.flatMap((section) => section.entries);

describe('docs/api.md', () => {
  test('is current: `npm run docs` writes it', () => {
    expect(page === renderReference(sections), 'docs/api.md differs from the docstrings: npm run docs').toBe(true);
  });

  test.each(subpaths)('has every name that $specifier gives at run time', async ({ specifier, source }) => {
    const section = sections.find((each) => each.specifier === specifier)!;
    const named = [...section.entries, ...section.alsoExported].map(({ name }) => name);
    expect(named).toEqual(
      expect.arrayContaining(Object.keys(await import(pathToFileURL(path.join(ROOT, source)).href))),
    );
    expect(section.entries.filter(({ name }) => !page.includes(`\n### ${name}\n`))).toEqual([]);
  });

  test('has every name that an index exports, types included', async () => {
    for (const { specifier, source } of subpaths) {
      const section = sections.find((each) => each.specifier === specifier)!;
      const named = [...section.entries, ...section.alsoExported].map(({ name }) => name);
      const braces = (await read(source)).matchAll(/^export (?:type )?\{([^}]*)\}/gm);
      const written = [...braces].flatMap(([, list]) =>
        list!.split(',').map((name) => name.replace('type ', '').trim()),
      );
      expect(named.sort()).toEqual(written.filter((name) => name !== '').sort());
    }
  });
});

describe('documented, by a docstring or in a guide', () => {
  test('every exported name', () => {
    expect(entries.filter((entry) => !isDocumented(entry)).map(({ name }) => name)).toEqual([]);
  });

  test('every function, and every class that the caller makes, with an example', () => {
    const used = entries.filter(({ declaration }) => /^(?:function|class (?!\w+Error\b))/.test(declaration));
    const members = (entry: Entry) => [entry, ...entry.members];
    const bare = used.filter((entry) => !members(entry).some(({ tags }) => tags.some(({ tag }) => tag === '@example')));
    expect(bare.map(({ name }) => name)).toEqual([]);
  });

  test('every option of a public interface, and every member of a class', () => {
    const missing = entries.flatMap(({ name, members }) =>
      members.filter((member) => !isSaid(member)).map((member) => `${name}.${member.name}`),
    );
    expect(missing).toEqual([]);
  });

  test.each([
    ['FramingErrorCode', 'src/core/errors.ts', /'ERR_FRAMING_[A-Z_]+'/g],
    ['HeadErrorCode', 'src/core/errors.ts', /'ERR_(?:HEAD|NO)_[A-Z_]+'/g],
    ['BodyErrorCode', 'src/core/verdict.ts', /'ERR_BODY_[A-Z_]+'/g],
  ])('every error code of %s', async (union, file, pattern) => {
    const codes = (await read(file)).match(pattern)!;
    const { declaration } = entries.find(({ name }) => name === union)!;
    const said = [...declaration.matchAll(/\/\*\* [^*]+ \*\/\s*\| ('ERR_[A-Z_]+')/g)].map(([, code]) => code);
    expect(said).toEqual([...new Set(codes)]);
  });
});

/** An interface whose every member is documented says what it is. */
function isDocumented(entry: Entry): boolean {
  return isSaid(entry) || (entry.members.length > 0 && entry.members.every(isSaid));
}

function isSaid({ name, text, tags }: Entry | Member): boolean {
  return text !== '' || tags.length > 0 || isInGuide(name);
}

/** In code, and by this name: not as a part of another, and not by chance in a sentence. */
function isInGuide(name: string): boolean {
  return codeOf(guides).some((code) => new RegExp(`(?<![\\w$])${name.replace(/^new /, '')}(?![\\w$])`).test(code));
}

function codeOf(markdown: string): string[] {
  return markdown.match(/^```[\s\S]*?^```|`[^`\n]+`/gm) ?? [];
}
