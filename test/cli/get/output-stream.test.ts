/**
 * Strategy: what the built program's `get` takes for a stream, and what becomes of the process where nobody reads one: real
 * FIFOs, descriptors of a shell's, and the file systems below /dev.
 */
import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { MAIN, run, start, startCommand, temporaryDirectory } from '../../support/cli.ts';
import { rawServer } from '../../support/peers.ts';

const HI = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
const HALF = 'HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nand no more';
const MORE_THAN_A_PIPE_TAKES = `HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n${'a'.repeat(1_000_000)}`;

async function fifoIn(directory: string): Promise<string> {
  const fifo = path.join(directory, 'fifo');
  execFileSync('mkfifo', [fifo]);
  return fifo;
}

/** `get` in a shell that has redirected its output. */
function shell(script: string, cwd: string, url: string) {
  return startCommand('sh', ['-c', script, 'sh', process.execPath, MAIN, url], { cwd });
}

test('a file in /dev/shm is a file: a cut body leaves nothing', async () => {
  const cwd = await mkdtemp('/dev/shm/get-');
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  const { url } = await rawServer((socket) => socket.end(HALF));
  expect((await run(['get', url, '-o', path.join(cwd, 'file')])).code).toBe(21);
  expect(await readdir(cwd)).toEqual([]);
});

test.each(['-', '/dev/stdout', '/dev/fd/1', '/proc/self/fd/1'])(
  '-o %s is appended where the shell appends',
  async (name) => {
    const cwd = await temporaryDirectory();
    await writeFile(path.join(cwd, 'log'), 'before\n');
    const { url } = await rawServer(HI);
    const { code } = await shell(`exec "$1" "$2" get "$3" -o ${name} >> log`, cwd, url).ended;
    expect(code).toBe(0);
    expect(await readFile(path.join(cwd, 'log'), 'utf8')).toBe('before\nhi');
  },
);

test('another descriptor is appended to as well', async () => {
  const cwd = await temporaryDirectory();
  await writeFile(path.join(cwd, 'log'), 'before\n');
  const { url } = await rawServer(HI);
  const { code } = await shell('exec "$1" "$2" get "$3" -o /dev/fd/3 3>> log', cwd, url).ended;
  expect(code).toBe(0);
  expect(await readFile(path.join(cwd, 'log'), 'utf8')).toBe('before\nhi');
});

test('a FIFO whose reader comes later gets all of it', async () => {
  const cwd = await temporaryDirectory();
  await fifoIn(cwd);
  const { url } = await rawServer(MORE_THAN_A_PIPE_TAKES);
  const { ended } = shell('"$1" "$2" get "$3" -o fifo & wc -c < fifo; wait $!', cwd, url);
  const { code, stdout } = await ended;
  expect({ code, stdout: stdout.trim() }).toEqual({ code: 0, stdout: '1000000' });
});

const INTERRUPTED = { code: 130, signal: null, stdout: '', stderr: 'error: interrupted; nothing was kept\n' };

test('Ctrl-C ends it where nobody reads the FIFO', async () => {
  const cwd = await temporaryDirectory();
  await fifoIn(cwd);
  const { url } = await rawServer((socket) => {
    socket.write(HALF);
    setTimeout(() => program.child.kill('SIGINT'), 500); // there is no sign of a FIFO that is waited for
  });
  const program = start(['get', url, '-o', 'fifo'], { cwd });
  expect(await program.ended).toEqual(INTERRUPTED);
});

test('--max-time ends it where nobody reads the FIFO', async () => {
  const cwd = await temporaryDirectory();
  await fifoIn(cwd);
  const { url } = await rawServer(HI);
  expect((await run(['get', url, '-o', 'fifo', '--max-time', '1'], { cwd })).code).toBe(21);
});

test.each(['-o fifo', '-o /dev/fd/3 3> fifo', '> fifo', '-o /dev/stdout > fifo'])(
  'Ctrl-C ends it where the reader has stopped: %s',
  async (to) => {
    const cwd = await temporaryDirectory();
    const handle = await open(await fifoIn(cwd), constants.O_RDWR);
    onTestFinished(() => handle.close());
    const { url } = await rawServer(MORE_THAN_A_PIPE_TAKES);
    const { child, ended } = shell(`exec "$1" "$2" get "$3" ${to}`, cwd, url);
    await handle.read(Buffer.alloc(1));
    child.kill('SIGINT');
    expect(await ended).toEqual(INTERRUPTED);
  },
);

test('--max-time bounds the HEAD of -J as well', async () => {
  const { url } = await rawServer(() => {});
  const { code, stderr } = await run(['get', `${url}file`, '-O', '-J', '--max-time', '1']);
  expect(code).toBe(21);
  expect(stderr).toMatch(/^error: truncated after 0 bytes: [^\n]+\n$/);
});
