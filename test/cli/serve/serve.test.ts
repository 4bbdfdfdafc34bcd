/**
 * Strategy: the built program's `serve`, asked by Node's own http client: what it serves, how it says where it listens,
 * what it logs, and how it refuses to start.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { run, serve, temporaryDirectory } from '../../support/cli.ts';
import { ask, dial, exchange, hasIpv6Loopback, rawServer } from '../../support/peers.ts';

const REFUSED_405 = '405 Method Not Allowed\n';

const hasIpv6 = await hasIpv6Loopback();
if (!hasIpv6) console.warn('SKIPPED: serve --host ::1, since this machine has no IPv6 loopback');

describe('a directory', () => {
  test('its listing: what would be read otherwise in a URL stands as there', async () => {
    const root = await temporaryDirectory();
    const names = ['a%20b', 'a?b', 'a#b', 'a\nb', 'a\x9bb'];
    for (const name of names) await writeFile(path.join(root, name), name);
    const { port } = await serve(root);
    const listed = (await ask(port, '/')).body.toString().split('\n').slice(0, -1);
    expect(listed.map(decodeURIComponent).sort()).toEqual(names.sort());
    for (const name of listed) {
      expect((await ask(port, `/${name}`)).body.toString()).toBe(decodeURIComponent(name));
    }
  });

  test('its listing: names in order, a slash behind directories', async () => {
    const root = await temporaryDirectory();
    for (const name of ['b.txt', 'a b.txt', '.hidden', 'Z', 'ü']) await writeFile(path.join(root, name), name);
    await mkdir(path.join(root, 'c', 'inside'), { recursive: true });
    const { port } = await serve(root);
    const { status, headers, body } = await ask(port, '/');
    expect({ status, type: headers['content-type'], body: body.toString() }).toEqual({
      status: 200,
      type: 'text/plain; charset=utf-8',
      body: '.hidden\nZ\na b.txt\nb.txt\nc/\nü\n',
    });
    expect((await ask(port, '/c')).body.toString()).toBe('inside/\n');
    expect((await ask(port, '/c/')).body.toString()).toBe('inside/\n');
  });

  test('a name with controls has them as a URL does, so that each name is one line', async () => {
    const root = await temporaryDirectory();
    await writeFile(path.join(root, 'a\nb\x1b[31m'), 'hi');
    const { port } = await serve(root);
    expect((await ask(port, '/')).body.toString()).toBe('a%0Ab%1B[31m\n');
    expect((await ask(port, '/a%0Ab%1B[31m')).body.toString()).toBe('hi');
  });

  test('an empty one', async () => {
    const { port } = await serve(await temporaryDirectory());
    expect(await ask(port, '/')).toMatchObject({ status: 200, body: Buffer.alloc(0), error: undefined });
  });

  test('its files, with their types', async () => {
    const root = await temporaryDirectory();
    const types: [name: string, type: string][] = [
      ['page.html', 'text/html; charset=utf-8'],
      ['DATA.JSON', 'application/json'],
      ['archive.tar.gz', 'application/gzip'],
      ['no-extension', 'application/octet-stream'],
    ];
    for (const [name] of types) await writeFile(path.join(root, name), `in ${name}`);
    const { port } = await serve(root);
    for (const [name, type] of types) {
      const { status, headers, body } = await ask(port, `/${name}`);
      expect([status, headers['content-type'], body.toString()]).toEqual([200, type, `in ${name}`]);
    }
  });
});

describe('one file', () => {
  test('is at / and at its name, and nothing else is anywhere', async () => {
    const directory = await temporaryDirectory();
    await writeFile(path.join(directory, 'one file.txt'), 'hello');
    await writeFile(path.join(directory, 'other.txt'), 'secret');
    const { port } = await serve(path.join(directory, 'one file.txt'));
    const answers = [];
    for (const target of ['/', '/one%20file.txt', '/?q=1', '/other.txt', '/one%20file.txt/', '/one']) {
      const { status, body } = await ask(port, target);
      answers.push([target, status, body.toString()]);
    }
    expect(answers).toEqual([
      ['/', 200, 'hello'],
      ['/one%20file.txt', 200, 'hello'],
      ['/?q=1', 200, 'hello'],
      ['/other.txt', 404, '404 Not Found\n'],
      ['/one%20file.txt/', 404, '404 Not Found\n'],
      ['/one', 404, '404 Not Found\n'],
    ]);
  });
});

describe('methods', () => {
  test('HEAD: the head alone, and the connection goes on', async () => {
    const root = await temporaryDirectory();
    await writeFile(path.join(root, 'a.txt'), 'hello');
    const { port } = await serve(root);
    const { received, socket } = await dial(port, 'HEAD /a.txt HTTP/1.1\r\nHost: h\r\n\r\n');
    await received.seen(/\r\n\r\n/);
    socket.write('HEAD /nothing HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
    await received.seen(/\r\n\r\n[\s\S]*\r\n\r\n$/);
    expect(received.text.replaceAll(/\r\n(?:Date|Last-Modified): [^\r]+/g, '')).toBe(
      'HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\nETag: "LPJNul-wow4m6DsqxbninhsWHlw"\r\n' +
        'Content-Type: text/plain; charset=utf-8\r\n' +
        'Repr-Digest: sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:\r\nContent-Length: 5\r\n\r\n' +
        'HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\n\r\n',
    );
  });

  test('RFC 9110 §15.5.6: others get 405 with Allow', async () => {
    const { port } = await serve(await temporaryDirectory());
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'get']) {
      const answer = await exchange(port, `${method} / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 405 Method Not Allowed\r\n/);
      expect(answer).toContain('\r\nAllow: GET, HEAD\r\n');
      expect(answer).toContain(`\r\n17\r\n${REFUSED_405}\r\n0\r\n\r\n`);
    }
  });

  test('RFC 9112 §9.3: a request with content gets its answer, and is the last on its connection', async () => {
    const { port } = await serve(await temporaryDirectory());
    const request =
      'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 35\r\n\r\nGET / HTTP/1.1\r\nHost: smuggled\r\n\r\n\r\n';
    const answer = await exchange(port, request);
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 405']);
  });
});

describe('what it writes', () => {
  test('--port 0: the address, and a line for each response', async () => {
    const cwd = await temporaryDirectory();
    await writeFile(path.join(cwd, 'a.txt'), 'hello');
    const { port, stdout } = await serve('.', [], { cwd });
    await ask(port, '/a.txt');
    await ask(port, '/nothing');
    const [, rest] = await stdout.seen(/stops\)\n([\s\S]*\n[\s\S]*\n)/);
    expect(stdout.text.split('\n')[0]).toBe(`Serving ${cwd} at http://127.0.0.1:${port}/  (Ctrl-C stops)`);
    expect(rest?.replaceAll(/\d+\.\d s\n/g, 'N s\n')).toBe(
      'GET /a.txt 200 plain 5 B N s\nGET /nothing 404 plain 14 B N s\n',
    );
  });

  test('--quiet: the address alone', async () => {
    const { port, child, ended } = await serve(await temporaryDirectory(), ['--quiet']);
    await ask(port, '/');
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^Serving [^\n]+\n$/) });
  });

  test.skipIf(!hasIpv6)('--host ::1: an address in brackets', async () => {
    const { url, port } = await serve(await temporaryDirectory(), ['--host', '::1']);
    expect(url).toBe(`http://[::1]:${port}/`);
    expect((await fetch(url)).status).toBe(200);
  });
});

describe('refuses to start', () => {
  test('on a port that is in use', async () => {
    const { port } = await rawServer('');
    const what = `127.0.0.1:${port} cannot be listened on: address already in use (EADDRINUSE)`;
    const stderr = `error: ${what}; choose another --port\n`;
    const ended = await run(['serve', await temporaryDirectory(), '--port', String(port)]);
    expect(ended).toEqual({ code: 1, signal: null, stdout: '', stderr });
  });

  test('at an address that is not its own', async () => {
    const { code, stderr } = await run(['serve', await temporaryDirectory(), '--port', '0', '--host', '192.0.2.1']);
    expect(code).toBe(1);
    expect(stderr).toBe(
      'error: 192.0.2.1:0 cannot be listened on: address not available (EADDRNOTAVAIL); choose another --host\n',
    );
  });

  test('for a root that does not exist', async () => {
    const root = path.join(await temporaryDirectory(), 'nothing here');
    const stderr = `error: ${root} cannot be served: no such file or directory (ENOENT)\n`;
    expect(await run(['serve', root])).toEqual({ code: 1, signal: null, stdout: '', stderr });
  });

  test('for what is neither a file nor a directory, and a link to itself', async () => {
    const cwd = await temporaryDirectory();
    execFileSync('mkfifo', [path.join(cwd, 'fifo')]);
    await symlink('loop', path.join(cwd, 'loop'));
    const refused = async (root: string) => (await run(['serve', root, '-p', '0'], { cwd })).stderr;
    expect(await refused('fifo')).toBe('error: fifo cannot be served: it is neither a file nor a directory\n');
    expect(await refused('loop')).toMatch(/^error: loop cannot be served: [^\n]*symbolic links[^\n]*ELOOP\)\n$/);
  });

  test.each([
    [['serve'], 'serve takes one file or directory'],
    [['serve', '.', '.'], 'serve takes one file or directory'],
    [['serve', ''], 'the name of the file or directory is empty'],
    [['serve', '.', '--port', '65536'], '--port takes 0 to 65535, not "65536"'],
    [['serve', '.', '--host', ''], '--host takes an address or a name'],
    [['serve', '.', '--port', '8e1'], '--port takes 0 to 65535, not "8e1"'],
    [
      ['serve', '.', '--fail-after', 'half'],
      '--fail-after takes a size such as 300000000, 300MB or 256KiB, not "half"',
    ],
  ])('for wrong usage: %j', async (args, message) => {
    const stderr = `error: ${message}\nSee: chunked-trailers serve --help\n`;
    expect(await run(args)).toEqual({ code: 2, signal: null, stdout: '', stderr });
  });
});
