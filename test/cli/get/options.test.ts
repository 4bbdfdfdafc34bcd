/** Strategy: what each option of the built program's `get` makes of a file, one after the other. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, realpath, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { run, serve, temporaryDirectory } from '../../support/cli.ts';
import { rawServer } from '../../support/peers.ts';

const HELLO = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\nhello';
const NEW_YEAR = Date.UTC(2026, 0, 1);
const hash = (algorithm: string) => createHash(algorithm).update('hello').digest('hex');

describe('--checksum', () => {
  test.each([
    ['sha-256', `sha-256=${hash('sha256')}`],
    ['sha-512', `sha-512=${hash('sha512')}`],
    ['as sha256sum prints it', hash('sha256').toUpperCase()],
  ])('%s: it agrees, and proves the body as a status does', async (_, checksum) => {
    const cwd = await temporaryDirectory();
    const { url } = await rawServer(HELLO);
    const args = ['get', url, '--checksum', checksum, '--require', 'always'];
    expect(await run([...args, '-o', 'file'], { cwd })).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    expect(await readdir(cwd)).toEqual(['file']);
    expect(await run(args)).toEqual({ code: 0, signal: null, stdout: 'hello', stderr: '' });
  });

  test('it disagrees: 23, no file, and what was asked for once is not asked for again', async () => {
    const cwd = await temporaryDirectory();
    const { url, requests } = await rawServer(HELLO);
    const args = ['get', url, '--checksum', `sha-256=${'0'.repeat(64)}`];
    const words = `mismatch after 5 bytes: The checksum disagrees: what came has sha-256=${hash('sha256')}`;
    for (const more of [[], ['--resume']]) {
      const { code, stderr } = await run([...args, '-o', 'file', ...more], { cwd });
      expect({ code, stderr }).toEqual({ code: 23, stderr: `error: ${words}  [ERR_BODY_MISMATCH]\n` });
      expect(await readdir(cwd)).toEqual([]);
    }
    expect(requests).toHaveLength(2);
    expect(await run(args)).toMatchObject({ code: 23, stderr: `error: ${words}  [ERR_BODY_MISMATCH]\n` });
  });

  test.each(['', 'abc', 'md5=abc', `sha-512=${hash('sha256')}`])('"%s" is wrong usage', async (checksum) => {
    expect(await run(['get', 'http://h/', '--checksum', checksum])).toMatchObject({ code: 2 });
  });
});

describe('-N and -R', () => {
  test('-R: the file has the time of the last change at the server', async () => {
    const file = path.join(await temporaryDirectory(), 'file');
    const { url } = await rawServer(HELLO);
    expect((await run(['get', url, '-o', file, '-R', '--quiet'])).code).toBe(0);
    expect((await stat(file)).mtimeMs).toBe(NEW_YEAR);
    expect((await run(['get', url, '-o', file, '--quiet'])).code).toBe(0);
    expect((await stat(file)).mtimeMs).not.toBe(NEW_YEAR);
  });

  test('-N: what is not newer stays, with 0', async () => {
    const file = path.join(await temporaryDirectory(), 'file');
    await writeFile(file, 'mine');
    await utimes(file, NEW_YEAR / 1000, NEW_YEAR / 1000);
    const { url, requests } = await rawServer('HTTP/1.1 304 Not Modified\r\n\r\n');
    const stderr = `${file} is as new as what the server has\n`;
    expect(await run(['get', url, '-o', file, '-N'])).toEqual({ code: 0, signal: null, stdout: '', stderr });
    expect(requests[0]).toContain('\r\nIf-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT\r\n');
    expect(await readFile(file, 'utf8')).toBe('mine');
    expect((await run(['get', url, '-o', file])).code).toBe(4);
  });

  test('-N against serve: once, and not again', async () => {
    const root = path.join(await temporaryDirectory(), 'root');
    await writeFile(root, 'hello');
    await utimes(root, NEW_YEAR / 1000, NEW_YEAR / 1000);
    const { url, stdout } = await serve(root);
    const file = path.join(await temporaryDirectory(), 'file');
    for (let i = 0; i < 2; i++) expect((await run(['get', url, '-o', file, '-N', '--quiet'])).code).toBe(0);
    expect((await stat(file)).mtimeMs).toBe(NEW_YEAR);
    await stdout.seen(/GET \/ 200 [^\n]*\nGET \/ 304 /);
  });

  test('-N without a file is wrong usage', async () => {
    expect((await run(['get', 'http://h/', '-N'])).code).toBe(2);
  });
});

test.each([
  [['--resume', '-o', '/dev/stdout'], '--resume needs a file, and /dev/stdout is none: -o <file>'],
  [['-N', '-o', '/dev/null'], '-N needs a file, and /dev/null is none: -o <file>'],
  [['--retries', '3'], '--retries needs a file, and standard output is none: -o <file>'],
  [['-N', '-o', 'a', '-H', 'If-None-Match: "a"'], '-N sends if-none-match itself: leave it out'],
])('%j: %s', async (options, words) => {
  const { code, stderr } = await run(['get', 'http://h/', ...options]);
  expect({ code, stderr }).toEqual({ code: 2, stderr: `error: ${words}\nSee: chunked-trailers get --help\n` });
});

test('what is kept at the end of a link is said', async () => {
  const cwd = await temporaryDirectory();
  await mkdir(path.join(cwd, 'sub'));
  await symlink('sub/end', path.join(cwd, 'link'));
  const { url } = await rawServer('HTTP/1.1 200 OK\r\nETag: "a"\r\nContent-Length: 9\r\n\r\nhello');
  const { stderr } = await run(['get', url, '-o', 'link', '--resume', '--retries', '0'], { cwd });
  expect(stderr).toContain(`what came is kept in ${path.join(await realpath(cwd), 'sub', 'end.part')}, `);
});

test('--max-time: over all retries, and what came is kept', async () => {
  const cwd = await temporaryDirectory();
  const { url } = await rawServer('HTTP/1.1 200 OK\r\nETag: "a"\r\nContent-Length: 9\r\n\r\nhello');
  const args = ['get', url, '-o', 'file', '--resume', '--retries', '999', '--max-time', '2', '--quiet'];
  const { code, stderr } = await run(args, { cwd });
  expect(code).toBe(21);
  expect(stderr).toMatch(
    /^error: truncated after 5 bytes: The download took longer than maxTime {2}\[ERR_BODY_TIMEOUT\]\n/,
  );
  expect(await readdir(cwd)).toEqual(['file.part', 'file.part.json']);
  const silent = await rawServer((socket) => socket.write('HTTP/1.1 200 OK\r\n\r\nhello'));
  const words = 'error: truncated after 5 bytes: it took longer than --max-time\n';
  expect(await run(['get', silent.url, '--max-time', '1'])).toMatchObject({ code: 21, stdout: 'hello', stderr: words });
});
