/**
 * Strategy: the built program's `get -o` is really killed (SIGKILL: it can do nothing about it) in the middle of a body, at
 * a moment that is known from the directory. Nothing may stand under the target's name, and the next `get` of the same
 * target removes what was left; yet never what a living process writes, and never a file of another name.
 */
import { once } from 'node:events';
import { watch } from 'node:fs';
import { mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Program, run, start, startCommand, temporaryDirectory } from '../support/cli.ts';
import { HELLO_WORLD } from '../support/hashing.ts';
import { rawServer, SEALED } from '../support/peers.ts';

const HALF = 'HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nand no more';

/** A `get -o` that has begun to write, and the name under which it does. */
async function getting(cwd: string, name: string): Promise<Program & { temporary: string }> {
  const before = await readdir(cwd);
  const watcher = watch(cwd);
  onTestFinished(() => watcher.close());
  const { url } = await rawServer((socket) => socket.write(HALF));
  const program = start(['get', url, '-o', name], { cwd });
  let temporary: string | undefined;
  while (temporary === undefined) {
    await once(watcher, 'change'); // the first may be that an earlier one is removed
    temporary = (await readdir(cwd)).find((entry) => !before.includes(entry));
  }
  return { ...program, temporary };
}

/** What a `get -o` that was killed in the middle has left. */
async function killed(cwd: string, name: string): Promise<string> {
  const { child, ended, temporary } = await getting(cwd, name);
  child.kill('SIGKILL');
  expect(await ended).toMatchObject({ code: null, signal: 'SIGKILL' });
  return temporary;
}

async function getWhole(cwd: string, name: string) {
  const { url } = await rawServer(SEALED);
  return run(['get', url, '-o', name], { cwd });
}

test('SIGKILL: no file under the name of the target, and the next get removes what was left', async () => {
  const cwd = await temporaryDirectory();
  const temporary = await killed(cwd, 'file');
  expect(await readdir(cwd)).toEqual([temporary]);
  expect(await getWhole(cwd, 'file')).toMatchObject({ code: 0, stderr: '' });
  expect(await readdir(cwd)).toEqual(['file']);
  expect(await readFile(path.join(cwd, 'file'), 'utf8')).toBe(HELLO_WORLD);
});

test('SIGKILL: a file that was there stays as it was', async () => {
  const cwd = await temporaryDirectory();
  await writeFile(path.join(cwd, 'file'), 'before');
  await killed(cwd, 'file');
  expect(await readFile(path.join(cwd, 'file'), 'utf8')).toBe('before');
});

test('killed again and again: what is left does not add up', async () => {
  const cwd = await temporaryDirectory();
  for (let time = 0; time < 3; time++) await killed(cwd, 'file');
  expect(await readdir(cwd)).toHaveLength(1);
});

test.each([
  ['with a path', 'file', (cwd: string) => path.join(cwd, 'file')],
  ['that is longer than a temporary one can be', 'ü'.repeat(127), () => 'ü'.repeat(127)],
])('SIGKILL with a target %s', async (_, name, targetIn) => {
  const cwd = await temporaryDirectory();
  await killed(cwd, name);
  expect(await getWhole(cwd, targetIn(cwd))).toMatchObject({ code: 0, stderr: '' });
  expect(await readdir(cwd)).toEqual([name]);
});

test('what a living process writes stays', async () => {
  const cwd = await temporaryDirectory();
  const living = await getting(cwd, 'file');
  expect(await getWhole(cwd, 'file')).toMatchObject({ code: 0, stderr: '' });
  expect((await readdir(cwd)).sort()).toEqual([living.temporary, 'file']);
  living.child.kill('SIGINT');
  await living.ended;
  expect(await readdir(cwd)).toEqual(['file']);
});

test('what stands under any other name stays', async () => {
  const cwd = await temporaryDirectory();
  const temporary = await killed(cwd, 'file');
  const [, , place, pid, random] = temporary.split('.');
  const others = [
    `.other.${place}.${pid}.${random}.part`,
    `.file.x.${place}.${pid}.${random}.part`,
    `.file.${place}.${pid}.${random}.part.x`,
    `.file.${place}.${pid}.${random}`,
    `.file.${place}.x${pid}.${random}.part`,
    `.file.${place}.${pid}.${random}0.part`,
    `file.${place}.${pid}.${random}.part`,
    '.file.part',
    '.file',
  ];
  for (const name of others) await writeFile(path.join(cwd, name), 'not yours');
  const directory = `.file.${place}.${pid}.000000000000.part`;
  const link = `.file.${place}.${pid}.000000000001.part`;
  await mkdir(path.join(cwd, directory));
  await symlink('.file', path.join(cwd, link));
  expect((await getWhole(cwd, 'file')).code).toBe(0);
  expect((await readdir(cwd)).sort()).toEqual(['file', directory, link, ...others].sort());
});

test('a long name that starts as another one does is another name', async () => {
  const cwd = await temporaryDirectory();
  const temporary = await killed(cwd, `${'n'.repeat(240)}1`);
  const other = `${'n'.repeat(240)}2`;
  expect((await getWhole(cwd, other)).code).toBe(0);
  expect((await readdir(cwd)).sort()).toEqual([temporary, other].sort());
});

test('of a process elsewhere nobody can say whether it lives: its file stays', async () => {
  const cwd = await temporaryDirectory();
  const temporary = await killed(cwd, 'file');
  const [, , place] = temporary.split('.');
  const foreign = temporary.replace(place!, '00000000');
  await rename(path.join(cwd, temporary), path.join(cwd, foreign));
  expect((await getWhole(cwd, 'file')).code).toBe(0);
  expect((await readdir(cwd)).sort()).toEqual([foreign, 'file']);
});

test('a process id that has been given anew: the process that left the file started earlier, and is dead', async () => {
  const cwd = await temporaryDirectory();
  const temporary = await killed(cwd, 'file');
  const [, , , pid] = temporary.split('.');
  const { child } = startCommand(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const reused = temporary.replace(`.${pid}.`, `.${child.pid}.`);
  await rename(path.join(cwd, temporary), path.join(cwd, reused));
  expect(await getWhole(cwd, 'file')).toMatchObject({ code: 0, stderr: '' });
  expect(await readdir(cwd)).toEqual(['file']);
});
