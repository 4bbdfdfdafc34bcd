/**
 * The cases of portable.js, in every runtime that has Web Streams: this Node, Bun, Deno, and a page in Chromium. All of
 * them import what is built, as a user does.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { runtimeBinary } from '../../scripts/runtime-binary.ts';
import { chromiumPath, launch, ROOT, serveFolders } from './browser.ts';

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL('run-portable.js', import.meta.url));
const MODULE = path.join(ROOT, 'dist', 'web', 'index.js');

type Results = { title: string; error?: string }[];

/** No case failed, and there were some. */
function expectAllGood(results: Results): void {
  expect(results.filter(({ error }) => error !== undefined)).toEqual([]);
  expect(results.length).toBeGreaterThan(20);
}

test('what is tested has been built', () => {
  expect(existsSync(MODULE), 'npm run build').toBe(true);
});

describe('chunked-trailers/web', () => {
  test('in Node', async () => {
    const { stdout } = await run(process.execPath, [PROGRAM, pathToFileURL(MODULE).href]);
    expectAllGood(JSON.parse(stdout));
  });

  test.for([
    ['bun', []],
    ['deno', ['run', '--quiet', '--no-config', '--no-lock', '--allow-read']],
  ] as const)('in %s', { timeout: 180_000 }, async ([name, args], { skip }) => {
    const binary = await runtimeBinary(name);
    if ('absence' in binary) {
      console.warn(`SKIPPED: chunked-trailers/web in ${name}: ${binary.absence}`);
      return skip(binary.absence);
    }
    const { stdout } = await run(binary.command, [...args, PROGRAM, pathToFileURL(MODULE).href]);
    expectAllGood(JSON.parse(stdout));
  });

  if (chromiumPath === undefined) console.warn('SKIPPED: chunked-trailers/web in Chromium: there is none');
  test.skipIf(chromiumPath === undefined)('in a page in Chromium', { timeout: 60_000 }, async () => {
    const { server, origin } = await serveFolders({
      dist: path.join(ROOT, 'dist'),
      test: fileURLToPath(new URL('.', import.meta.url)),
      noble: path.join(ROOT, 'node_modules', '@noble', 'hashes'),
    });
    const browser = await launch();
    try {
      const page = await browser.newPage();
      await page.goto(origin);
      const program = `(async () => {
        const [web, { run }, { sha256, sha512 }] = await Promise.all(
          ['/dist/web/index.js', '/test/portable.js', '/noble/sha2.js'].map((path) => import(path)),
        );
        return run(web, (algorithm) => (algorithm === 'sha-256' ? sha256 : sha512).create());
      })()`;
      expectAllGood(await page.evaluate<Results>(program));
    } finally {
      await browser.close();
      server.close();
    }
  });
});
