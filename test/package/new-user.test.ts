/**
 * A new user's path, as the README has it: an empty directory (with a space in its name), `npm install`, the server of the
 * README, each client of the README and of the guide for receiving, a source that fails in the middle, and the reason on the
 * screen.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { snippet, snippetsIn } from '../support/guides.ts';
import { install, npm, type Packed, pack } from './installing.ts';

const CONTENT = 'id,name\n'.repeat(50_000);
const server = snippet('README.md', "from 'node:http';\nimport { pipeline }");
/** Every client that can ask that server. */
const clients = ['README.md', 'docs/receive.md']
  .flatMap((page) => snippetsIn(page))
  .filter((code) => code.includes('127.0.0.1:8080') || code.includes("8080, '127.0.0.1'"))
  .filter((code) => !code.includes('createServer') && !code.includes('node:http2'));

let packed: Packed;
let folder: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  packed = await pack();
  folder = await install(packed, 'my new project');
  await writeFile(path.join(folder, 'export.csv'), CONTENT);
  const others = [...clients.join('\n').matchAll(/from '([^'.][^']*)'/g)].map(([, name]) => name!);
  const wanted = others.filter((name) => !/^(node:|chunked-trailers)/.test(name));
  if (wanted.length > 0) await npm(['install', ...wanted], folder);
}, 120_000);

afterAll(async () => {
  const living = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  // Windows keeps the folder of a living process.
  const gone = living.map((child) => once(child, 'close'));
  for (const child of living) child.kill();
  await Promise.all(gone);
  await packed?.remove();
});

describe('a new user', () => {
  test('finds clients: http, a download, http into a file, fetch, a raw socket', () => {
    expect(clients.length).toBe(5);
  });

  test.each(clients.map((code, index) => [index + 1, code] as const))(
    'client %i: a good body',
    async (index, client) => {
      const port = await listening(server);
      const { output, code } = await finish(await start(`good-${index}.mjs`, toPort(client, port)));
      expect(output).toContain('complete');
      expect(code).toBe(0);
    },
  );

  test.each(clients.map((code, index) => [index + 1, code] as const))(
    'client %i: the source fails in the middle, and the reason is on the screen',
    { timeout: 90_000 }, // a download asks five times more
    async (index, client) => {
      const port = await listening(failing(server));
      const { output } = await finish(await start(`failed-${index}.mjs`, toPort(client, port)));
      expect(output).toContain('ERR_BODY_FAILED');
      expect(output).toContain('The sender reported source_error');
    },
  );

  test('the command shows the reason, and leaves no file', async () => {
    const port = await listening(failing(server));
    const main = path.join('node_modules', 'chunked-trailers', 'dist', 'cli', 'main.js');
    const { output, code } = await finish(spawnNode([main, 'get', `http://127.0.0.1:${port}/`, '-o', 'mine.csv']));
    expect(output).toContain('The sender reported source_error');
    expect(code).toBe(20);
    await expect(access(path.join(folder, 'mine.csv'))).rejects.toThrow('ENOENT');
  });
});

/** The server with a source that breaks after half of the file. */
function failing(code: string): string {
  const source = `(async function* () {
    const half = (await (await import('node:fs/promises')).readFile('export.csv')).subarray(0, ${CONTENT.length / 2});
    yield half;
    throw new Error('the database went away');
  })()`;
  const changed = code.replace("createReadStream('export.csv')", source);
  expect(changed).not.toBe(code);
  return changed;
}

async function listening(code: string): Promise<number> {
  const printing = code.replace('.listen(8080)', '.listen(0, function () { console.log(this.address().port); })');
  const child = await start(`server-${children.length}.mjs`, printing);
  const [line] = (await once(child.stdout!, 'data')) as [Buffer];
  return Number(String(line));
}

function toPort(client: string, port: number): string {
  return client.replaceAll('8080', String(port));
}

async function start(file: string, code: string): Promise<ChildProcess> {
  await writeFile(path.join(folder, file), code);
  return spawnNode([file]);
}

function spawnNode(args: string[]): ChildProcess {
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return child;
}

async function finish(child: ChildProcess): Promise<{ code: number; output: string }> {
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (data) => (output += data));
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}
