/**
 * examples/browser as its README says, in Chromium: a table that comes whole, one whose source fails, the same behind an old
 * proxy, one whose connection breaks; what plain fetch believes beside it; a download that resumes. On a desk and on a phone,
 * in light and dark, each looked at by axe. `SCREENSHOTS` in the environment names a folder for pictures.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { AxeResults } from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, launch, ROOT } from './browser.ts';

const run = promisify(execFile);
const EXAMPLES = path.join(ROOT, 'examples');
const AXE = path.join(ROOT, 'node_modules', 'axe-core', 'axe.min.js');
const screenshots = process.env.SCREENSHOTS;

if (chromiumPath === undefined) console.warn('SKIPPED: examples/browser in Chromium: there is none');

describe.skipIf(chromiumPath === undefined)('examples/browser', { timeout: 60_000 }, () => {
  let server: ChildProcess;
  let origin: string;
  let browser: Browser;
  let page: Page;
  let problems: string[] = [];

  async function open(width: number, colorScheme: 'light' | 'dark') {
    page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    problems = [];
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(origin);
  }

  beforeAll(async () => {
    const shell = process.platform === 'win32'; // where npm is a script
    if (!existsSync(path.join(EXAMPLES, 'node_modules', '@noble', 'hashes'))) {
      await run('npm', ['ci', '--ignore-scripts'], { cwd: EXAMPLES, shell });
    }
    const env = { ...process.env, PORT: '0' };
    server = spawn(process.execPath, ['browser/server.js'], {
      cwd: EXAMPLES,
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await once(server.stdout!, 'data')) as [Buffer];
    origin = /^(http:\S+)\/ /.exec(String(line))![1]!;
    browser = await launch();
  }, 120_000);

  afterEach(async () => {
    await page?.close();
    expect(problems).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    server?.kill();
  });

  const idle = () => page.waitForFunction('document.querySelector("[aria-disabled]") === null');
  const text = (selector: string) => page.locator(selector).innerText();

  /** Clicks a button, and gives what the page says when everything has ended. */
  async function streamed(button: string) {
    await page.getByRole('button', { name: button, exact: true }).click();
    await idle();
    return {
      fetch: [await text('#plain .title'), await text('#plain .reason'), await text('#plain .rows')],
      decoder: [await text('#sealed .title'), await text('#sealed .reason'), await text('#sealed .rows')],
      summary: await text('#summary'),
      latest: await text('#table tr:last-child td:first-child'),
    };
  }

  describe('the table', () => {
    const FAILURE = 'The sender reported source_error: the database went away at order 24601';
    const PREFIX = 'What came before is proven by its digest.';

    test('nothing goes wrong', async () => {
      await open(900, 'light');
      expect(await streamed('Nothing goes wrong')).toEqual({
        fetch: ['Finished', 'It can look the same when rows are missing.', '40,000 of 40,000 rows'],
        decoder: ['Complete', 'The sender sealed it, and its digest agrees.', '40,000 of 40,000 rows'],
        summary: 'Plain fetch believes that all has come, and cannot know. The decoder says: complete.',
        latest: '40000',
      });
    });

    test('the database fails: fetch has an error, the decoder every row that was sent, and the reason', async () => {
      await open(900, 'light');
      const { fetch, decoder, summary, latest } = await streamed('The database fails');
      expect(fetch.slice(0, 2)).toEqual(['Error: network error', 'No reason, and no word on what came.']);
      expect(decoder).toEqual(['The server failed', `${FAILURE}. ${PREFIX}`, '24,600 of 40,000 rows']);
      expect(latest).toBe('24600');
      expect(summary).toBe('Plain fetch reports an error without a reason. The decoder says: the server failed.');
    });

    test('behind an old proxy, fetch believes in an end', async () => {
      await open(900, 'light');
      const { fetch, decoder, summary } = await streamed('It fails behind an old proxy');
      expect(fetch[0]).toBe('Finished. Wrong!');
      expect(fetch[1]).toMatch(/^1\d,\d00 rows are missing, and nothing says so\.$/);
      expect(decoder).toEqual(['The server failed', `${FAILURE}. ${PREFIX}`, '24,600 of 40,000 rows']);
      expect(summary).toBe(
        'Plain fetch believes that all has come, and is wrong. The decoder says: the server failed.',
      );
    });

    test('the connection breaks', async () => {
      await open(900, 'light');
      const { fetch, decoder } = await streamed('The connection breaks');
      expect(fetch[0]).toBe('Error: network error');
      expect(decoder.slice(0, 2)).toEqual(['Cut off', 'The input was lost: network error.']);
    });

    test('a progress bar moves while it comes', async () => {
      await open(900, 'light');
      await page.getByRole('button', { name: 'Nothing goes wrong' }).click();
      const value = 'document.querySelector("#sealed progress").value';
      await page.waitForFunction(`${value} > 0.3 && document.querySelector("#sealed .title").textContent === ""`);
      await idle();
    });
  });

  test('the download: what came is kept, the rest is asked for, the whole is the file', async () => {
    await open(900, 'light');
    const ranges: (string | undefined)[] = [];
    page.on('request', (request) => {
      if (request.url().includes('/archive.csv')) ranges.push(request.headers().range);
    });
    await page.getByRole('button', { name: 'Download' }).click();
    await idle();
    expect(await text('#archive .title')).toBe('Broken off');
    expect(await text('#archive .reason')).toMatch(/^\d+\.\d\d MB are kept \(network error\)\.$/);
    await page.getByRole('button', { name: 'Resume' }).click();
    await idle();
    expect(await text('#archive .title')).toBe('Complete');
    expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d+-$/)]);
    expect(await page.evaluate('document.activeElement.id')).toBe('save');
    const saving = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Save archive.csv' }).click();
    const saved = await readFile(await (await saving).path());
    const whole = Buffer.from(await (await fetch(`${origin}/archive.csv`)).arrayBuffer());
    const [one, other] = [saved, whole].map((data) => createHash('sha256').update(data).digest('hex'));
    expect([saved.length, one]).toEqual([whole.length, other]);
  });

  test('by keyboard: everything is reached by Tab, the focus is seen and stays', async () => {
    await open(900, 'light');
    for (const name of ['Nothing goes wrong', 'The database fails', 'It fails behind an old proxy']) {
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.textContent')).toBe(name);
    }
    const focus = '(({ outlineStyle, outlineWidth }) => [outlineStyle, outlineWidth])';
    expect(await page.evaluate(`${focus}(getComputedStyle(document.activeElement))`)).toEqual(['solid', '3px']);
    await page.keyboard.press('Enter');
    await idle();
    expect(await text('#plain .title')).toBe('Finished. Wrong!');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('It fails behind an old proxy');
  });

  describe.each([
    ['a desk', 900],
    ['a phone', 375],
  ] as const)('on %s', (_, width) => {
    test.each(['light', 'dark'] as const)('in %s: nothing overflows, and axe finds nothing', async (scheme) => {
      await open(width, scheme);
      await page.addScriptTag({ path: AXE });
      const look = async (name: string) => {
        if (screenshots !== undefined) {
          await page.screenshot({ path: path.join(screenshots, `${width}-${scheme}-${name}.png`), fullPage: true });
        }
        expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
        const { violations, passes } = (await page.evaluate('axe.run()')) as AxeResults;
        expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
        expect(passes.map(({ id }) => id)).toContain('color-contrast');
      };
      await look('start');
      await streamed('Nothing goes wrong');
      await look('good');
      await streamed('It fails behind an old proxy');
      await look('failed');
      await page.getByRole('button', { name: 'Download' }).click();
      await idle();
      await look('broken-off');
      await page.getByRole('button', { name: 'Resume' }).click();
      await idle();
      await look('resumed');
    });
  });

  test('who does not ask for it gets CSV, with a Vary', async () => {
    const response = await fetch(`${origin}/sealed.csv`);
    const { headers } = response;
    expect([headers.get('content-type'), headers.get('vary')]).toEqual(['text/csv; charset=utf-8', 'Accept']);
    const lines = (await response.text()).split('\n');
    expect([lines[0], lines.length]).toEqual(['order,day,city,goods,price', 40_002]);
  });

  test.each(['/../server.js', '/%2e%2e/server.js', '/chunked-trailers/../../package.json', '/no.js'])(
    '%s is not served',
    async (target) => {
      const { status } = await fetch(origin + target);
      expect(status).toBe(404);
    },
  );
});
