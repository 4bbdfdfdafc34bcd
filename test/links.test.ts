/** Every relative link of every page leads to a file that is there, and to a heading in it. No network. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import GithubSlugger from 'github-slugger';
import { expect, test } from 'vitest';
import { ROOT } from './support/guides.ts';

const MADE = ['node_modules', 'dist', 'coverage', '.git'];

function pagesIn(folder: string): string[] {
  return readdirSync(path.join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) return MADE.includes(entry.name) ? [] : pagesIn(name);
    return name.endsWith('.md') ? [name] : [];
  });
}

/** Without what is code. */
const prose = (page: string) =>
  readFileSync(path.join(ROOT, page), 'utf8')
    .replaceAll(/^```[\s\S]*?^```/gm, '')
    .replaceAll('\r\n', '\n');

function anchorsOf(page: string): Set<string> {
  const slugger = new GithubSlugger();
  return new Set([...prose(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => slugger.slug(heading!)));
}

/** What is wrong with the link of this page, if anything is. */
function faultOf(page: string, link: string): string | undefined {
  const [file, anchor] = link.split('#') as [string, string?];
  const target = file === '' ? page : path.posix.join(path.posix.dirname(page), decodeURI(file));
  if (target.startsWith('..') || !existsSync(path.join(ROOT, target))) return `${page}: ${link} leads nowhere`;
  if (anchor === undefined || statSync(path.join(ROOT, target)).isDirectory()) return undefined;
  return anchorsOf(target).has(anchor) ? undefined : `${page}: ${link} leads to no heading`;
}

const pages = pagesIn('.');

test.each(pages)('%s', (page) => {
  const links = [
    ...prose(page)
      .replaceAll(/`[^`\n]*`/g, 'code')
      .matchAll(/\]\(([^)\s]+)\)/g),
  ].map(([, link]) => link!);
  const relative = links.filter((link) => !/^[a-z][a-z+.-]*:/.test(link));
  expect(relative.map((link) => faultOf(page, link)).filter((fault) => fault !== undefined)).toEqual([]);
});

/** Every source file of the project, with the folders it is in. */
const files = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => !MADE.includes(entry.name) && !entry.name.startsWith('.'))
  .flatMap((entry) =>
    entry.isDirectory()
      ? readdirSync(path.join(ROOT, entry.name), { recursive: true, encoding: 'utf8' }).map((name) =>
          [entry.name, ...name.split(path.sep)].join('/'),
        )
      : [entry.name],
  );

test.each(pages.filter((page) => page.startsWith('spec-notes/')))('%s names files that are there', (page) => {
  const names = [...prose(page).matchAll(/`([\w./*-]+\.(?:ts|mjs|js))`/g)].map(([, name]) => name!);
  const isThere = (name: string) => {
    const pattern = name
      .split('*')
      .map((part) => part.replaceAll('.', '\\.'))
      .join('[^/]*');
    const whole = new RegExp(`(^|/)${pattern}$`);
    return files.some((file) => whole.test(file));
  };
  expect(names.filter((name) => !isThere(name))).toEqual([]);
});

test('links are found, and their faults', () => {
  expect(pages).toEqual(expect.arrayContaining(['README.md', 'docs/send.md', 'spec-notes/README.md']));
  expect(faultOf('docs/send.md', '../README.md#a-client')).toBeUndefined();
  expect(faultOf('docs/send.md', 'nope.md')).toBeDefined();
  expect(faultOf('docs/send.md', '../README.md#nope')).toBeDefined();
});
