/**
 * Strategy: the built program's `get` against the built program's `serve`, and against responses written by hand: what
 * it asks for, what it writes where, and that a file appears whole or not at all.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { run, serve, start, temporaryDirectory } from '../../support/cli.ts';
import { HELLO_WORLD } from '../../support/hashing.ts';
import { rawServer, SEALED } from '../../support/peers.ts';

const UNSEALED = `HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n${HELLO_WORLD}`;

const UNVERIFIED =
  'warning: No X-Stream-Status came: the server does not say whether this is all of it (--require always makes this fail)\n';

const DONE = { code: 0, signal: null, stdout: '', stderr: '' };

describe('what it asks for', () => {
  const OWN = 'User-Agent: chunked-trailers\r\nAccept: */*\r\n';
  const STATUS =
    'TE: trailers\r\nConnection: TE\r\nX-Want-Stream-Status: ?1\r\nWant-Content-Digest: sha-256=10\r\nWant-Repr-Digest: sha-256=10\r\n';

  test('the status and its digest, and with --plain neither', async () => {
    const { url, port, requests } = await rawServer(SEALED);
    await run(['get', `${url}a/b?c=d#e`]);
    await run(['get', '--plain', url]);
    expect(requests).toEqual([
      `GET /a/b?c=d HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${OWN}${STATUS}\r\n`,
      `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${OWN}Connection: close\r\n\r\n`,
    ]);
  });

  test('-H adds fields, and replaces those that it would send itself', async () => {
    const { url, port, requests } = await rawServer(SEALED);
    const fields = ['-H', 'X-One: 1', '--header', 'X-One:two', '-H', 'accept: text/plain', '-H', 'X-Empty:'];
    expect((await run(['get', url, ...fields])).code).toBe(0);
    expect(requests).toEqual([
      `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: chunked-trailers\r\n${STATUS}X-One: 1\r\nX-One: two\r\naccept: text/plain\r\nX-Empty: \r\n\r\n`,
    ]);
  });

  test('RFC 9112 §3.2: -H "Host: ..." leaves one Host', async () => {
    const { url, requests } = await rawServer(SEALED);
    await run(['get', url, '-H', 'Host: example.org']);
    expect(requests[0]?.match(/^host:.*$/gim)).toEqual(['Host: example.org']);
  });

  test('RFC 7617: the user and password of the URL', async () => {
    const { port, requests } = await rawServer(SEALED);
    expect((await run(['get', `http://Aladdin:open%20sesame@127.0.0.1:${port}/`])).code).toBe(0);
    expect(requests[0]).toContain('\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n');
  });

  test('RFC 9530 §4: another digest, where the user prefers it', async () => {
    const root = await temporaryDirectory();
    await writeFile(path.join(root, 'a.json'), HELLO_WORLD);
    const { url } = await serve(root);
    const ended = await run(['get', `${url}a.json`, '-H', 'Want-Content-Digest: sha-512=10', '--require', 'always']);
    expect(ended).toEqual({ ...DONE, stdout: HELLO_WORLD });
  });
});

describe('where it writes', () => {
  test.each([[[]], [['-o', '-']]])('standard output, and nothing on stderr: %j', async (output) => {
    const { url } = await rawServer(SEALED);
    expect(await run(['get', url, ...output])).toEqual({ ...DONE, stdout: HELLO_WORLD });
  });

  test('a new file, relative to the working directory, and nothing anywhere else', async () => {
    const cwd = await temporaryDirectory();
    const { url } = await rawServer(SEALED);
    expect(await run(['get', url, '-o', 'a file'], { cwd })).toEqual(DONE);
    expect(await readdir(cwd)).toEqual(['a file']);
    expect(await readFile(path.join(cwd, 'a file'), 'utf8')).toBe(HELLO_WORLD);
  });

  test('a file that is there already is replaced', async () => {
    const directory = await temporaryDirectory();
    const target = path.join(directory, 'file');
    await writeFile(target, 'what was there before, and is longer');
    const { url } = await rawServer(SEALED);
    expect(await run(['get', url, '-o', target])).toEqual(DONE);
    expect(await readdir(directory)).toEqual(['file']);
    expect(await readFile(target, 'utf8')).toBe(HELLO_WORLD);
  });

  test('an unverified body is kept, with a warning', async () => {
    const target = path.join(await temporaryDirectory(), 'file');
    const { url } = await rawServer(UNSEALED);
    expect(await run(['get', url, '-o', target])).toEqual({ ...DONE, stderr: UNVERIFIED });
    expect(await readFile(target, 'utf8')).toBe(HELLO_WORLD);
  });

  test('a reader of standard output that leaves ends it with 1, in silence', async () => {
    const { url } = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const more = () => socket.destroyed || socket.write(Buffer.alloc(65_536), more);
      more();
    });
    const { child, ended } = start(['get', url], { onStdout: () => child.stdout?.destroy() });
    expect(await ended).toMatchObject({ code: 1, stderr: '' });
  });
});

describe('octets', () => {
  test('20 MiB at random arrive as they are, in a file and on standard output', async () => {
    const root = await temporaryDirectory();
    const directory = await temporaryDirectory();
    const content = randomBytes(20 * 1024 * 1024);
    await writeFile(path.join(root, 'large file'), content);
    const digest = createHash('sha256').update(content).digest('hex');
    const { url } = await serve(root);

    expect(await run(['get', `${url}large%20file`, '-o', 'copy', '--require', 'always'], { cwd: directory })).toEqual(
      DONE,
    );
    expect(await readdir(directory)).toEqual(['copy']);
    const copy = await readFile(path.join(directory, 'copy'));
    expect(createHash('sha256').update(copy).digest('hex')).toBe(digest);

    const hash = createHash('sha256');
    const { ended } = start(['get', `${url}large%20file`], { onStdout: (data) => hash.update(data) });
    expect(await ended).toEqual(DONE);
    expect(hash.digest('hex')).toBe(digest);
  });

  test('an empty body is a whole one', async () => {
    const root = await temporaryDirectory();
    const target = path.join(await temporaryDirectory(), 'empty');
    await writeFile(path.join(root, 'empty'), '');
    const { url } = await serve(root);
    expect(await run(['get', `${url}empty`, '-o', target, '--require', 'always'])).toEqual(DONE);
    expect(await readFile(target)).toEqual(Buffer.alloc(0));
  });

  const CHUNKS = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
  test.each([
    ['Content-Length', UNSEALED, HELLO_WORLD],
    ['Content-Length: 0', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', ''],
    ['the end of the connection', 'HTTP/1.1 200 OK\r\n\r\nhi', 'hi'],
    ['the end of an HTTP/1.0 connection', 'HTTP/1.0 200 OK\r\n\r\nhi', 'hi'],
    ['a last-chunk without a seal', `${CHUNKS}2\r\nhi\r\n0\r\n\r\n`, 'hi'],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n', ''],
    [
      'the Content-Length behind an interim response',
      `HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n${UNSEALED}`,
      HELLO_WORLD,
    ],
  ])('RFC 9112 §6.3: a body whose end is told by %s', async (_, response, stdout) => {
    const { url } = await rawServer(response);
    expect(await run(['get', url])).toEqual({ ...DONE, stdout, stderr: UNVERIFIED });
  });

  test('RFC 9112 §6.3: a body whose end is told by a last-chunk, with bytes after it, which are not read', async () => {
    const { url } = await rawServer(`${CHUNKS}2\r\nhi\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\nno`);
    expect(await run(['get', url])).toEqual({ ...DONE, stdout: 'hi', stderr: UNVERIFIED });
  });
});

describe('-H "Range: ..."', () => {
  test('RFC 9530 §3: the part that it asks for, which the Repr-Digest is not of, in a file', async () => {
    const [root, cwd] = [await temporaryDirectory(), await temporaryDirectory()];
    await writeFile(path.join(root, 'file'), HELLO_WORLD);
    const { url } = await serve(root);
    const args = ['-o', 'part', '-H', 'Range: bytes=2-6', '--require', 'always'];
    expect(await run(['get', `${url}file`, ...args], { cwd })).toEqual(DONE);
    expect(await readFile(path.join(cwd, 'part'), 'utf8')).toBe(HELLO_WORLD.slice(2, 7));
    const past = await run(['get', `${url}file`, '-o', 'past', '-H', 'Range: bytes=99-'], { cwd });
    expect(past).toMatchObject({ code: 4, stderr: expect.stringContaining('HTTP 416') });
    expect(await readdir(cwd)).toEqual(['part']);
  });

  test('a retry asks for the same part, and for no other', async () => {
    const head =
      'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-6/19\r\nETag: "a"\r\nContent-Length: 5\r\n\r\n';
    let asked = 0;
    const { url, requests } = await rawServer((socket) => {
      asked++;
      socket.end(asked === 1 ? `${head}ell` : `${head}ello `);
    });
    const cwd = await temporaryDirectory();
    const args = ['-o', 'part', '-H', 'Range: bytes=2-6', '--retries', '1'];
    expect((await run(['get', url, ...args], { cwd })).code).toBe(0);
    expect(await readFile(path.join(cwd, 'part'), 'utf8')).toBe('ello ');
    expect(requests.map((request) => request.match(/^Range: .*$/gm))).toEqual([
      ['Range: bytes=2-6'],
      ['Range: bytes=2-6'],
    ]);
  });
});

describe('a response that serve broke', () => {
  test.each([[[]], [['--require', 'never']]])(
    'exits with 20 and the reason, and leaves nothing: %j',
    async (options) => {
      const root = await temporaryDirectory();
      const directory = await temporaryDirectory();
      await writeFile(path.join(root, 'file'), Buffer.alloc(1_000_000, 'x'));
      const { url } = await serve(root, ['--fail-after', '300kB']);
      expect(await run(['get', `${url}file`, '-o', 'copy', ...options], { cwd: directory })).toEqual({
        code: 20,
        signal: null,
        stdout: '',
        stderr:
          'error: failed after 300,000 bytes: The sender reported source_error: Failed on purpose after 300000 bytes  [ERR_BODY_FAILED]\n',
      });
      expect(await readdir(directory)).toEqual([]);
    },
  );

  test('without asking, it is cut: exits with 21, and leaves nothing', async () => {
    const root = await temporaryDirectory();
    const directory = await temporaryDirectory();
    await writeFile(path.join(root, 'file'), Buffer.alloc(1_000_000, 'x'));
    const { url } = await serve(root, ['--fail-after', '300kB']);
    const { code, stderr } = await run(['get', `${url}file`, '-o', 'copy', '--plain'], { cwd: directory });
    expect({ code, stderr }).toMatchObject({ code: 21, stderr: expect.stringContaining('truncated after 300,000') });
    expect(await readdir(directory)).toEqual([]);
  });

  test('leaves a file that is there already as it was', async () => {
    const root = await temporaryDirectory();
    const directory = await temporaryDirectory();
    await writeFile(path.join(root, 'file'), Buffer.alloc(1_000_000, 'x'));
    await writeFile(path.join(directory, 'copy'), 'before');
    const { url } = await serve(root, ['--fail-after', '300kB']);
    expect((await run(['get', `${url}file`, '-o', 'copy'], { cwd: directory })).code).toBe(20);
    expect(await readdir(directory)).toEqual(['copy']);
    expect(await readFile(path.join(directory, 'copy'), 'utf8')).toBe('before');
  });

  test('on standard output, what came before is there, and the exit code says the rest', async () => {
    const root = await temporaryDirectory();
    await writeFile(path.join(root, 'file'), HELLO_WORLD);
    const { url } = await serve(root, ['--fail-after', '7']);
    expect(await run(['get', `${url}file`])).toMatchObject({ code: 20, stdout: '{"hello' });
  });
});
