/** CONTRIBUTING.md is a map: what it names is there, and what is there is on it. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { manifest, ROOT } from '../../scripts/check-package/subpaths.ts';

const page = await readFile(path.join(ROOT, 'CONTRIBUTING.md'), 'utf8');
const code = [...page.matchAll(/`([^`\n]+)`/g)].map(([, text]) => text!);

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(path.join(ROOT, folder), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => path.posix.join(folder, name));
}

describe('CONTRIBUTING.md', () => {
  test('names only files and folders that are there', () => {
    const named = code.filter((text) =>
      /^(src|test|bench|spec-notes|examples|scripts|docs|\.ci|\.github)\b[\w/.-]*$/.test(text),
    );
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((name) => !existsSync(path.join(ROOT, name)))).toEqual([]);
  });

  test.each(['src', 'test'])('has every folder of %s', async (folder) => {
    const missing = (await foldersIn(folder)).filter((name) => !code.includes(name));
    expect(missing).toEqual([]);
  });

  test('has every folder at the top', async () => {
    const made = ['node_modules', 'dist', 'coverage'];
    const folders = (await foldersIn('.')).filter((name) => !name.startsWith('.') && !made.includes(name));
    expect(folders.filter((name) => !code.some((text) => text === name || text.startsWith(`${name}/`)))).toEqual([]);
  });

  test('has only commands that there are', () => {
    const scripts = [...page.matchAll(/npm run ([\w:-]+)/g)].map(([, script]) => script!);
    expect(scripts.filter((script) => !(script in (manifest.scripts as object)))).toEqual([]);
  });

  test('leaves out on other systems what the workflow leaves out', async () => {
    const workflow = await readFile(path.join(ROOT, '.github/workflows/ci.yml'), 'utf8');
    const excluded = [...workflow.matchAll(/--exclude=(\S+?)(?:\/\*\*)?(?=\s)/g)].map(([, name]) => name!);
    const section = page.slice(page.indexOf('## Systems'), page.indexOf('## A release'));
    const said = [...section.matchAll(/`(test\/[\w/.-]+)`/g)].map(([, name]) => name!);
    expect(new Set(said)).toEqual(new Set(excluded));
  });
});
