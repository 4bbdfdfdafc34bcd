/** Strategy: names as servers and URLs give them, by table; then the built program's -O and -J. */
import { writeFileSync } from 'node:fs';
import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { nameFromDisposition, nameFromUrl } from '../../../src/cli/get/file-name.ts';
import { run, temporaryDirectory } from '../../support/cli.ts';
import { rawServer } from '../../support/peers.ts';

describe('RFC 6266: the name in a Content-Disposition', () => {
  test.each([
    ['attachment; filename="a b.txt"', 'a b.txt'],
    ['attachment; filename=a.txt', 'a.txt'],
    ['attachment; FileName = "a.txt" ; x=y', 'a.txt'],
    ['attachment; filename="a\\"b.txt"', 'a"b.txt'],
    ['attachment; filename="semi;colon.txt"', 'semi;colon.txt'],
    ["attachment; filename=plain.txt; filename*=UTF-8''na%C3%AFve.txt", 'naïve.txt'],
    ["attachment; filename*=UTF-8''%e2%82%ac.txt; filename=euro.txt", '€.txt'],
    ["attachment; filename*=utf-8''%ff.txt; filename=fallback.txt", 'fallback.txt'],
    [`attachment; filename="${Buffer.from('naïve.txt').toString('latin1')}"`, 'naïve.txt'],
    ['attachment; filename="na\xefve.txt"', 'naïve.txt'],
    ['inline; filename=a.txt', 'a.txt'],
    ['form-data; filename="a.txt"', 'a.txt'],
    ['inline', undefined],
    ['inline; size=5', undefined],
    [undefined, undefined],
  ])('%s', (field, name) => {
    expect(nameFromDisposition(field)).toBe(name);
  });

  test.each([
    ...[
      '../a',
      '/etc/passwd',
      'a/b',
      'a\\\\b',
      'C:\\\\a',
      '..',
      '.',
      '',
      '.bashrc',
      '-rf',
      '~',
      'a.',
      'a ',
      'NUL',
      'com1.txt',
    ],
    ...['a\x00b', 'a\x1b[31m', 'a\x9bb', 'x'.repeat(241)],
  ])('%j is no name', (name) => {
    expect(nameFromDisposition(`attachment; filename="${name}"`)).toBeNull();
  });

  test.each(['..%2Fa', '%2e%2e', 'a%00', 'a%0a', 'a%E2%80%AEtxt.exe', '%ff'])(
    '%s in filename* is none either',
    (name) => {
      expect(nameFromDisposition(`attachment; filename*=UTF-8''${name}`)).toBeNull();
    },
  );
});

test.each([
  ['http://h/a/b.txt?q=c', 'b.txt'],
  ['http://h/a%20b', 'a b'],
  ['http://h/100%', '100%'],
  ['http://h/a/', undefined],
  ['http://h', undefined],
  ['http://h/a%2Fb', undefined],
  ['http://h/%2e%2e%2fb', undefined],
  ['http://h/.profile', undefined],
])('the name in %s', (url, name) => {
  expect(nameFromUrl(new URL(url))).toBe(name);
});

const HELLO = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n';

test('-O: the last name in the path', async () => {
  const cwd = await temporaryDirectory();
  const { url, requests } = await rawServer(`${HELLO}Content-Disposition: attachment; filename=other\r\n\r\nhello`);
  expect(await run(['get', `${url}a/b%20c.txt?d`, '-O', '--quiet'], { cwd })).toMatchObject({ code: 0, stdout: '' });
  expect(await readdir(cwd)).toEqual(['b c.txt']);
  expect(requests).toHaveLength(1);
});

test('-O without a name in the URL, with -o, or -J without it: wrong usage', async () => {
  const { url } = await rawServer('');
  for (const args of [['-O'], ['-O', '-o', 'a'], ['-J']]) expect((await run(['get', url, ...args])).code).toBe(2);
});

describe('-O -J', () => {
  const named = (name: string) => `${HELLO}Content-Disposition: attachment; filename="${name}"\r\n\r\nhello`;

  test('the name that the server gives, asked for by HEAD', async () => {
    const cwd = await temporaryDirectory();
    const { url, requests } = await rawServer(named('report.pdf'));
    expect((await run(['get', `${url}a`, '-OJ', '--quiet'], { cwd })).code).toBe(0);
    expect(await readdir(cwd)).toEqual(['report.pdf']);
    expect(requests.map((request) => request.split(' ')[0])).toEqual(['HEAD', 'GET']);
  });

  test('where HEAD is refused, as of a URL that is signed for GET, by GET', async () => {
    const cwd = await temporaryDirectory();
    const { url, requests } = await rawServer((socket, request) =>
      socket.end(request.startsWith('GET ') ? named('report.pdf') : 'HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n'),
    );
    expect((await run(['get', `${url}a`, '-OJ', '--quiet'], { cwd })).code).toBe(0);
    expect(await readdir(cwd)).toEqual(['report.pdf']);
    expect(requests.map((request) => request.split(' ')[0])).toEqual(['HEAD', 'GET', 'GET']);
  });

  const BUSY = 'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n';

  test('where GET is refused too, there is no name, and no file of another one', async () => {
    const cwd = await temporaryDirectory();
    const { url, requests } = await rawServer(BUSY);
    const { code, stderr } = await run(['get', `${url}a`, '-OJ'], { cwd });
    expect({ code, stderr }).toEqual({ code: 4, stderr: `error: HTTP 503 Busy for ${url}a\n` });
    expect(await readdir(cwd)).toEqual([]);
    expect(requests).toHaveLength(2);
  });

  test('but after a wait, where the download would be tried again', async () => {
    const cwd = await temporaryDirectory();
    const { url, requests } = await rawServer((socket) =>
      socket.end(requests.length <= 2 ? BUSY : named('report.pdf')),
    );
    const { code, stderr } = await run(['get', `${url}a`, '-OJ', '--retries', '1'], { cwd });
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning: HTTP 503 Busy for [^\n]*; trying again in [^\n]* \(1 of 1\)\n/);
    expect(await readdir(cwd)).toEqual(['report.pdf']);
  });

  test('a name that leads elsewhere is not used, and is said without its controls', async () => {
    const cwd = await temporaryDirectory();
    const { url } = await rawServer(named('../\x9bevil'));
    const { code, stderr } = await run(['get', `${url}a`, '-OJ'], { cwd });
    expect({ code, names: await readdir(cwd) }).toEqual({ code: 0, names: ['a'] });
    expect(stderr).toMatch(/^warning: there is no safe name in "[^\x9b]*\\u009bevil"": a it is\n/);
  });

  test('a file that is there is not replaced under a name of the server', async () => {
    const cwd = await temporaryDirectory();
    await writeFile(path.join(cwd, 'precious'), 'mine');
    const { url, requests } = await rawServer(named('precious'));
    const { code, stderr } = await run(['get', `${url}a`, '-OJ'], { cwd });
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'error: precious is there already: name the file by -o\n' });
    expect(await readFile(path.join(cwd, 'precious'), 'utf8')).toBe('mine');
    expect(requests).toHaveLength(1);
  });

  test('nor is a link followed, though nothing is there where it leads', async () => {
    const cwd = await temporaryDirectory();
    await symlink('elsewhere', path.join(cwd, 'precious'));
    const { url } = await rawServer(named('precious'));
    const { code, stderr } = await run(['get', `${url}a`, '-OJ'], { cwd });
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'error: precious is there already: name the file by -o\n' });
    expect(await readdir(cwd)).toEqual(['precious']);
  });

  test('nor a file that has come meanwhile', async () => {
    const cwd = await temporaryDirectory();
    const { url } = await rawServer((socket, request) => {
      if (request.startsWith('GET ')) writeFileSync(path.join(cwd, 'precious'), 'mine');
      socket.end(named('precious'));
    });
    const { code, stderr } = await run(['get', `${url}a`, '-OJ'], { cwd });
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/precious is there already\n$/) });
    expect(await readdir(cwd)).toEqual(['precious']);
    expect(await readFile(path.join(cwd, 'precious'), 'utf8')).toBe('mine');
  });

  test.each([
    ['no such field', '', 'a'],
    ['a field without a name', 'Content-Disposition: inline\r\n', 'a'],
    ['a name for what is to be shown', 'Content-Disposition: inline; filename=b\r\n', 'b'],
  ])('%s: nothing is said of it', async (_, field, name) => {
    const cwd = await temporaryDirectory();
    const { url } = await rawServer(`${HELLO}${field}\r\nhello`);
    const { code, stderr } = await run(['get', `${url}a`, '-OJ'], { cwd });
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning: [^\n]*does not say whether this is all of it[^\n]*\n$/);
    expect(await readdir(cwd)).toEqual([name]);
  });
});
