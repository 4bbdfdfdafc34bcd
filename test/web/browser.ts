/** A real Chromium, driven by playwright-core; and a server for what a page imports. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright-core';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const PLACES = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** The path of a Chromium or Chrome; undefined if there is none. `CHROMIUM` in the environment names another. */
export const chromiumPath = PLACES.find((place) => place !== undefined && existsSync(place));

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath! });
}

const TYPES: Record<string, string> = { '.js': 'text/javascript', '.html': 'text/html' };

/** Serves the files of these folders, by the first part of their path, and an empty page at `/`. */
export async function serveFolders(folders: Record<string, string>): Promise<{ server: Server; origin: string }> {
  const server = createServer(async (req, res) => {
    const [, name = '', ...rest] = req.url!.split('/');
    const folder = folders[name];
    if (folder === undefined) {
      const isPage = req.url === '/';
      res.writeHead(isPage ? 200 : 404, { 'Content-Type': 'text/html' }).end(isPage ? '<!doctype html>' : '');
      return;
    }
    const content = await readFile(path.join(folder, ...rest)).catch(() => undefined);
    if (content === undefined) res.writeHead(404).end();
    else res.writeHead(200, { 'Content-Type': TYPES[path.extname(req.url!)] ?? 'text/plain' }).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return { server, origin: `http://127.0.0.1:${port}` };
}
