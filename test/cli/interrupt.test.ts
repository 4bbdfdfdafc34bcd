/**
 * Strategy: Ctrl-C while the built program's `get` waits for a head, or is in the middle of a body: the moment is known
 * from the server or from the directory, never guessed.
 */
import { once } from 'node:events';
import { type FSWatcher, watch } from 'node:fs';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { type Program, run, start, temporaryDirectory } from '../support/cli.ts';
import { rawServer } from '../support/peers.ts';

const INTERRUPTED = { code: 130, signal: null, stdout: '', stderr: 'error: interrupted; nothing was kept\n' };
const HALF = 'HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nand no more';

function watching(directory: string): FSWatcher {
  const watcher = watch(directory);
  onTestFinished(() => watcher.close());
  return watcher;
}

test('before a head came', async () => {
  const cwd = await temporaryDirectory();
  const { url } = await rawServer(() => program.child.kill('SIGINT'));
  const program: Program = start(['get', url, '-o', 'file'], { cwd });
  expect(await program.ended).toEqual(INTERRUPTED);
  expect(await readdir(cwd)).toEqual([]);
});

test('behind a redirect, before its head came', async () => {
  const { url } = await rawServer((socket, request) => {
    if (request.startsWith('GET /next ')) program.child.kill('SIGINT');
    else socket.end('HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n');
  });
  const program: Program = start(['get', url]);
  expect(await program.ended).toEqual(INTERRUPTED);
});

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s in the middle of a body leaves nothing', async (signal) => {
  const cwd = await temporaryDirectory();
  const watcher = watching(cwd);
  const { url } = await rawServer((socket) => socket.write(HALF));
  const { child, ended } = start(['get', url, '-o', 'file'], { cwd });
  await once(watcher, 'change');
  const during = await readdir(cwd);
  expect(during).toEqual([
    expect.stringMatching(new RegExp(`^\\.file\\.[0-9a-f]{8}\\.${child.pid}\\.[0-9a-z.]+\\.part$`)),
  ]);
  child.kill(signal);
  expect(await ended).toEqual(INTERRUPTED);
  expect(await readdir(cwd)).toEqual([]);
});

test('a file that is there already stays as it was', async () => {
  const cwd = await temporaryDirectory();
  await writeFile(path.join(cwd, 'file'), 'before');
  const watcher = watching(cwd);
  const { url } = await rawServer((socket) => socket.write(HALF));
  const { child, ended } = start(['get', url, '-o', 'file'], { cwd });
  await once(watcher, 'change');
  expect(await readFile(path.join(cwd, 'file'), 'utf8')).toBe('before');
  child.kill('SIGINT');
  expect(await ended).toEqual(INTERRUPTED);
  expect(await readdir(cwd)).toEqual(['file']);
  expect(await readFile(path.join(cwd, 'file'), 'utf8')).toBe('before');
});

test('while standard output is being written', async () => {
  const { url } = await rawServer((socket) => socket.write(HALF));
  const { child, stdout, ended } = start(['get', url]);
  await stdout.seen(/and no more/);
  child.kill('SIGINT');
  expect(await ended).toMatchObject({ code: 130, stdout: 'and no more' });
});

test('while an old part is being hashed: at once, and it is kept', async () => {
  const cwd = await temporaryDirectory();
  const { url, requests } = await rawServer((socket) => {
    socket.end('HTTP/1.1 200 OK\r\nETag: "a"\r\nContent-Length: 99\r\n\r\nhello');
  });
  const args = ['get', url, '-o', 'file', '--resume', '--retries', '0'];
  await run(args, { cwd });
  // 1 TiB, of which reading alone takes minutes.
  const [part, stateFile] = [path.join(cwd, 'file.part'), path.join(cwd, 'file.part.json')];
  await truncate(part, 2 ** 40);
  const state = JSON.parse(await readFile(stateFile, 'utf8'));
  const representation = { ...state.representation, total: 2 ** 40 };
  const planted = JSON.stringify({ ...state, bytes: 2 ** 40 - 1, representation });
  await writeFile(stateFile, planted);
  const { child, ended } = start(args, { cwd });
  const lock = path.join(cwd, 'file.part.lock');
  const isHeld = async () => {
    const [name] = await readdir(lock).catch(() => [] as string[]);
    return name !== undefined && (await readFile(path.join(lock, name), 'utf8').catch(() => '')) === 'held\n';
  };
  while (!(await isHeld())) await setImmediate();
  child.kill('SIGINT');
  const stderr = 'error: interrupted; what came is kept in file.part, and get --resume continues it\n';
  expect(await ended).toEqual({ code: 130, signal: null, stdout: '', stderr });
  expect(requests).toHaveLength(1);
  expect((await readdir(cwd)).sort()).toEqual(['file.part', 'file.part.json']);
  expect(await readFile(stateFile, 'utf8')).toBe(planted);
});

test('while it waits for the next try', async () => {
  const cwd = await temporaryDirectory();
  const { url } = await rawServer('HTTP/1.1 503 Busy\r\nRetry-After: 100\r\nContent-Length: 0\r\n\r\n');
  const { child, stderr, ended } = start(['get', url, '-o', 'file', '--retries', '9'], { cwd });
  await stderr.seen(/trying again/);
  child.kill('SIGINT');
  expect((await ended).code).toBe(130);
  expect(await readdir(cwd)).toEqual([]);
});
