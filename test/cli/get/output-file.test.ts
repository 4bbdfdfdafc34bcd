/**
 * Strategy: targets that the built program's `get` cannot or should not write to. Whatever they are, it says so, and
 * leaves everything as it was.
 */
import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { run, temporaryDirectory } from '../../support/cli.ts';
import { rawServer } from '../../support/peers.ts';

const HI = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';

async function getTo(target: string, cwd: string): Promise<{ code: number | null; stderr: string }> {
  const { url } = await rawServer(HI);
  const { code, stderr } = await run(['get', url, '-o', target], { cwd });
  return { code, stderr };
}

describe('1: a target that cannot be written', () => {
  test('a directory', async () => {
    const cwd = await temporaryDirectory();
    await mkdir(path.join(cwd, 'there'));
    const stderr = 'error: there is a directory: name the file\n';
    expect(await getTo('there', cwd)).toEqual({ code: 1, stderr });
    expect(await readdir(cwd, { recursive: true })).toEqual(['there']);
  });

  test('in a directory that does not exist', async () => {
    const cwd = await temporaryDirectory();
    const { code, stderr } = await getTo('missing/file', cwd);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: missing\/file cannot be written: there is no directory [^\n]*missing\n$/);
    expect(await readdir(cwd)).toEqual([]);
  });

  test('below what is no directory', async () => {
    const cwd = await temporaryDirectory();
    await writeFile(path.join(cwd, 'file'), 'before');
    const { code, stderr } = await getTo('file/file', cwd);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: file\/file cannot be written: [^\n]*not a directory[^\n]*\n$/);
    expect(await readFile(path.join(cwd, 'file'), 'utf8')).toBe('before');
    expect(await readdir(cwd)).toEqual(['file']);
  });

  test.each([
    ['missing/', 2],
    ['', 2],
    ['..', 1],
  ])('a name that is no name of a file: "%s"', async (target, expected) => {
    const cwd = await temporaryDirectory();
    const { code, stderr } = await getTo(target, cwd);
    expect(code).toBe(expected);
    expect(stderr).toMatch(/^error: [^\n]+\n/);
    expect(await readdir(cwd)).toEqual([]);
  });

  test('a name that is longer than the file system takes', async () => {
    const cwd = await temporaryDirectory();
    const { code, stderr } = await getTo('n'.repeat(256), cwd);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: [^\n]*name too long[^\n]*\n$/);
    expect(await readdir(cwd)).toEqual([]);
  });
});

test('the longest name that the file system takes', async () => {
  const cwd = await temporaryDirectory();
  const name = 'n'.repeat(255);
  await writeFile(path.join(cwd, name), 'before');
  expect((await getTo(name, cwd)).code).toBe(0);
  expect(await readFile(path.join(cwd, name), 'utf8')).toBe('hi');
});

describe('what is there and is no file, such as /dev/null, is not replaced by one', () => {
  /** A FIFO that nobody waits at: the test itself has it open for reading and writing. */
  async function makeFifo(): Promise<string> {
    const fifo = path.join(await temporaryDirectory(), 'fifo');
    execFileSync('mkfifo', [fifo]);
    const handle = await open(fifo, constants.O_RDWR);
    onTestFinished(() => handle.close());
    return fifo;
  }

  test('a FIFO', async () => {
    const fifo = await makeFifo();
    const directory = path.dirname(fifo);
    await getTo('fifo', directory);
    expect((await lstat(fifo)).isFIFO()).toBe(true);
    expect(await readdir(directory)).toEqual(['fifo']);
  });

  test('a link to one', async () => {
    const fifo = await makeFifo();
    const directory = await temporaryDirectory();
    await symlink(fifo, path.join(directory, 'link'));
    await getTo('link', directory);
    expect((await lstat(path.join(directory, 'link'))).isSymbolicLink()).toBe(true);
    expect((await lstat(fifo)).isFIFO()).toBe(true);
    expect(await readdir(directory)).toEqual(['link']);
  });
});
