/**
 * examples/browser as its README says, in Chromium: a table that comes whole, one whose source fails, one whose connection
 * breaks. `SCREENSHOTS` in the environment names a folder for pictures of them.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, launch, ROOT } from './browser.ts';

const run = promisify(execFile);
const EXAMPLE = path.join(ROOT, 'examples', 'browser');
const screenshots = process.env.SCREENSHOTS;

if (chromiumPath === undefined) console.warn('SKIPPED: examples/browser in Chromium: there is none');

describe.skipIf(chromiumPath === undefined)('examples/browser', () => {
  let server: ChildProcess;
  let origin: string;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    const shell = process.platform === 'win32'; // where npm is a script
    if (!existsSync(path.join(EXAMPLE, 'node_modules'))) {
      await run('npm', ['ci', '--ignore-scripts'], { cwd: EXAMPLE, shell });
    }
    const env = { ...process.env, PORT: '0' };
    server = spawn(process.execPath, ['server.js'], { cwd: EXAMPLE, env, stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = (await once(server.stdout!, 'data')) as [Buffer];
    origin = `http://127.0.0.1:${/^listening on (\d+)/.exec(String(line))![1]}`;
    browser = await launch();
    page = await browser.newPage({ viewport: { width: 900, height: 980 } });
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(origin);
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    server?.kill();
  });

  /** Clicks a button, and gives what the page says once there is a verdict. */
  async function streamed(button: string) {
    await page.getByRole('button', { name: button }).click();
    await page.locator('#verdict').waitFor({ state: 'visible', timeout: 30_000 });
    if (screenshots !== undefined) {
      const file = `${button.replace(/\W+/g, ' ').trim().replaceAll(' ', '-')}.png`;
      await page.screenshot({ path: path.join(screenshots, file) });
    }
    expect(problems).toEqual([]);
    return {
      title: await page.locator('#verdict-title').innerText(),
      reason: await page.locator('#verdict-reason').innerText(),
      facts: await page.locator('#verdict-facts dd').allInnerTexts(),
      latest: await page.locator('#table tr:last-child td:first-child').innerText(),
      progress: await page.locator('#progress').evaluate((bar) => (bar as unknown as { value: number }).value),
    };
  }

  test('a table that comes whole', { timeout: 60_000 }, async () => {
    const { title, reason, facts, latest, progress } = await streamed('Stream the table');
    expect([title, reason]).toEqual(['Complete', 'The sender sealed it, and its digest agrees']);
    expect([facts[0], facts[2]]).toEqual(['all 40,000', 'agrees: what came is what was sent']);
    expect([latest, progress]).toEqual(['40000', 1]);
  });

  test('the database fails: every row that came is shown, and the reason', { timeout: 60_000 }, async () => {
    const { title, reason, facts, latest, progress } = await streamed('… and the database fails');
    expect(title).toBe('The server failed');
    expect(reason).toBe('The sender reported source_error: the database went away at order 24601');
    expect([facts[0], facts[2]]).toEqual(['24,600 of 40,000', 'agrees: what came is what was sent']);
    expect([latest, progress]).toEqual(['24600', 24_600 / 40_000]);
  });

  test('the connection breaks', { timeout: 60_000 }, async () => {
    const { title, reason, facts, progress } = await streamed('… and the connection breaks');
    expect([title, facts[2]]).toEqual(['Cut off', 'none came']);
    expect(reason).toMatch(/^The input was lost/);
    expect(progress).toBeLessThan(1);
  });

  test('a progress bar moves while the table comes', { timeout: 60_000 }, async () => {
    await page.getByRole('button', { name: 'Stream the table' }).click();
    const inTheMiddle = 'document.getElementById("progress").value > 0.3';
    await page.waitForFunction(`${inTheMiddle} && document.getElementById("verdict").hidden`);
    if (screenshots !== undefined) await page.screenshot({ path: path.join(screenshots, 'streaming.png') });
    await page.locator('#verdict').waitFor({ state: 'visible', timeout: 30_000 });
  });

  test('who does not ask for it gets CSV, with a Vary', async () => {
    const response = await fetch(`${origin}/orders.csv`);
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
