/**
 * Strategy: disks that are full: /dev/full for what goes to standard output, and a tmpfs of 2 MB, which only root can
 * mount, for files. What cannot be written is told, with 1, and nothing that is not whole stands under a name.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { MAIN, run, serve, start, startCommand, temporaryDirectory } from '../support/cli.ts';
import { rawServer } from '../support/peers.ts';

const hasFull = existsSync('/dev/full');
if (!hasFull) console.warn('SKIPPED: output to a full disk, since there is no /dev/full here');

const canMount = process.platform === 'linux' && process.getuid?.() === 0 && (await isMountable());
if (!canMount) console.warn('SKIPPED: files on a full disk, since no tmpfs can be mounted here');

async function isMountable(): Promise<boolean> {
  const folder = path.join('/tmp', `mount-${process.pid}`);
  await mkdir(folder);
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
  if (isMounted) spawnSync('umount', [folder]);
  await rm(folder, { recursive: true });
  return isMounted;
}

const HELLO = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';

describe.skipIf(!hasFull)('standard output', () => {
  const intoFull = (args: string[]) =>
    startCommand('sh', ['-c', '"$@" > /dev/full', 'sh', process.execPath, MAIN, ...args]).ended;

  test.each<[command: string, args: () => Promise<string[]>]>([
    ['get', async () => [(await rawServer(HELLO)).url]],
    ['get -o -', async () => [(await rawServer(HELLO)).url]],
    ['inspect', async () => [await captured(HELLO)]],
    ['inspect --json', async () => [await captured(HELLO)]],
    ['demo', async () => []],
    ['get --help', async () => []],
  ])('%s: 1, and it is told', async (command, args) => {
    const { code, stderr } = await intoFull([...command.split(' '), ...(await args())]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^error: [^\n]*ENOSPC[^\n]*\n$/) });
  });

  async function captured(text: string): Promise<string> {
    const file = path.join(await temporaryDirectory(), 'capture');
    await writeFile(file, text);
    return file;
  }
});

describe.skipIf(!canMount)('a file', () => {
  async function smallDisk(): Promise<string> {
    const folder = await temporaryDirectory();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]);
    onTestFinished(() => void spawnSync('umount', ['-l', folder]));
    return folder;
  }

  async function served(): Promise<string> {
    const file = path.join(await temporaryDirectory(), 'file');
    await writeFile(file, Buffer.alloc(5_000_000, 'a'));
    return (await serve(file)).url;
  }

  test('get: ENOSPC is told, and nothing is left', async () => {
    const cwd = await smallDisk();
    const { code, stderr } = await run(['get', await served(), '-o', 'file'], { cwd });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/^error: file cannot be written: [^\n]*ENOSPC/),
    });
    expect(await readdir(cwd)).toEqual([]);
  });

  test('get --resume: what fits is kept, and the next run continues it once there is room', async () => {
    const cwd = await smallDisk();
    const args = ['get', await served(), '-o', 'file', '--resume', '--quiet'];
    const { code, stderr } = await run(args, { cwd });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: file cannot be written: [^\n]*ENOSPC[^\n]*\n/);
    expect((await readdir(cwd)).filter((name) => !name.startsWith('file.part'))).toEqual([]);
    remount(cwd, 'size=20m');
    expect(await run(args, { cwd })).toMatchObject({ code: 0, stderr: '' });
    expect(await readdir(cwd)).toEqual(['file']);
    expect((await readFile(path.join(cwd, 'file'))).equals(Buffer.alloc(5_000_000, 'a'))).toBe(true);
  });

  test.each<[what: string, fill: (cwd: string) => Promise<unknown>]>([
    ['no byte is free', (cwd) => writeFile(path.join(cwd, 'full'), Buffer.alloc(3_000_000)).catch(() => {})],
    ['there is room for a lock and a state, and no file more', async (cwd) => remount(cwd, 'nr_inodes=4')],
  ])('get --resume, where %s: nothing is left, and nothing of it is said', async (_, fill) => {
    const cwd = await smallDisk();
    await fill(cwd);
    const before = await readdir(cwd);
    const { code, stderr } = await run(['get', await served(), '-o', 'file', '--resume'], { cwd });
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'error: file cannot be written: no space left on device (ENOSPC)\n',
    });
    expect(await readdir(cwd)).toEqual(before);
  });
});

const remount = (folder: string, option: string) => execFileSync('mount', ['-o', `remount,${option}`, folder]);

test('a directory that has vanished is told, and no other file is touched', async () => {
  const cwd = await temporaryDirectory();
  const folder = path.join(cwd, 'gone');
  await mkdir(folder);
  const { url } = await rawServer(async (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel');
    while ((await readdir(folder)).length === 0);
    await rm(folder, { recursive: true });
    socket.end('lo');
  });
  const { code, stderr } = await start(['get', url, '-o', 'gone/file'], { cwd }).ended;
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `error: gone/file cannot be written: there is no directory ${folder}\n`,
  });
  expect(await readdir(cwd)).toEqual([]);
});
