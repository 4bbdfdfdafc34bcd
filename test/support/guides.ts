/** README and the guides, and the snippets in them, for the tests that run them as they stand. docs/api.md is made, and left out. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const guides = readdirSync(path.join(ROOT, 'docs')).filter((name) => name.endsWith('.md') && name !== 'api.md');
export const PAGES: readonly string[] = ['README.md', ...guides.map((name) => `docs/${name}`)];

export function readPage(page: string): string {
  return readFileSync(path.join(ROOT, page), 'utf8').replaceAll('\r\n', '\n');
}

/** The code of each block in this language, in order; also of those in a list. */
export function snippetsIn(page: string, language = 'js'): string[] {
  const blocks = readPage(page).matchAll(new RegExp(`^( *)\`\`\`${language}\\n(.*?)^\\1\`\`\`$`, 'gms'));
  return [...blocks].map(([, indent, code]) => code!.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));
}

/** The one snippet of the page that has this in it. */
export function snippet(page: string, text: string, language = 'js'): string {
  const found = snippetsIn(page, language).filter((code) => code.includes(text));
  if (found.length !== 1) throw new Error(`${page} has ${found.length} snippets with ${text}, not one`);
  return found[0]!;
}
