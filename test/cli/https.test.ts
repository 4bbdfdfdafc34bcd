/**
 * Strategy: the built program's `get` over TLS, with a certificate that openssl makes for the test alone: trusted by
 * NODE_EXTRA_CA_CERTS or by nobody. And over IPv6, whose addresses have brackets in a URL.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer as createTcpServer } from 'node:net';
import path from 'node:path';
import type { TlsOptions } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { run, temporaryDirectory } from '../support/cli.ts';
import { HELLO_WORLD } from '../support/hashing.ts';
import { answerWith, hasIpv6Loopback, listening, rawServer, SEALED } from '../support/peers.ts';
import { hasOpenssl, tlsServer } from '../support/tls.ts';

if (!hasOpenssl) console.warn('SKIPPED: get over https:, since there is no openssl to make a certificate with');

const hasIpv6 = await hasIpv6Loopback();
if (!hasIpv6) console.warn('SKIPPED: get of http://[::1]/, since this machine has no IPv6 loopback');

describe.skipIf(!hasOpenssl)('https:', () => {
  test('a trusted certificate: the response is checked as any other', async () => {
    const { port, requests, trusting } = await tlsServer(SEALED);
    const cwd = await temporaryDirectory();
    const ended = await run(['get', `https://127.0.0.1:${port}/a`, '-o', 'file'], { cwd, env: trusting });
    expect(ended).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    expect(await readFile(path.join(cwd, 'file'), 'utf8')).toBe(HELLO_WORLD);
    expect(requests[0]).toMatch(new RegExp(`^GET /a HTTP/1\\.1\r\nHost: 127\\.0\\.0\\.1:${port}\r\n`));
  });

  test('RFC 6066 §3: the host name is sent for the choice of the certificate, and http/1.1 with it', async () => {
    const asked: unknown[] = [];
    const { port, trusting } = await tlsServer(SEALED, 'DNS:localhost', {
      ALPNCallback: ({ servername, protocols }) => {
        asked.push(servername, protocols);
        return 'http/1.1';
      },
    });
    const { code, stdout } = await run(['get', `https://localhost:${port}/`], { env: trusting });
    expect({ code, stdout, asked }).toEqual({ code: 0, stdout: HELLO_WORLD, asked: ['localhost', ['http/1.1']] });
  });

  test.each<[what: string, options: TlsOptions]>([
    ['TLS 1.3', { minVersion: 'TLSv1.3' }],
    ['TLS 1.2', { maxVersion: 'TLSv1.2' }],
  ])('%s: a certificate that nobody trusts ends it with 3, before the request is sent', async (_, options) => {
    const { port, requests } = await tlsServer(SEALED, undefined, options);
    const cwd = await temporaryDirectory();
    const url = `https://127.0.0.1:${port}/`;
    const { code, stdout, stderr } = await run(['get', url, '-o', 'file', '-H', 'Authorization: secret'], { cwd });
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toMatch(
      new RegExp(`^error: [^\n]*127\\.0\\.0\\.1:${port}[^\n]*self-signed certificate[^\n]*--cacert[^\n]*\n$`),
    );
    expect(await readdir(cwd)).toEqual([]);
    expect(requests).toEqual([]);
  });

  test('a certificate for another name ends it with 3', async () => {
    const { port, requests, trusting } = await tlsServer(SEALED, 'DNS:example.org');
    const { code, stderr } = await run(['get', `https://localhost:${port}/`], { env: trusting });
    expect(code).toBe(3);
    expect(stderr).toMatch(/^error: [^\n]*localhost[^\n]*altnames[^\n]*example\.org[^\n]*\n$/);
    expect(stderr).not.toContain('--cacert'); // it is trusted, and not for this name
    expect(requests).toEqual([]);
  });

  test('a server that speaks no TLS ends it with 3', async () => {
    const { port } = await rawServer(SEALED);
    const plain = createTcpServer((socket) => socket.end(SEALED));
    const answering = await listening(plain);
    const failed = await run(['get', `https://127.0.0.1:${answering}/`]);
    expect(failed).toMatchObject({ code: 3, stdout: '' });
    expect(failed.stderr).toMatch(/: TLS failed: [^\n:]+ \(EPROTO\) {2}\[ERR_NO_RESPONSE\]\n$/);
    const waited = await run(['get', `https://127.0.0.1:${port}/`, '--idle-timeout', '1']);
    expect(waited).toMatchObject({ code: 3, stdout: '' });
    expect(waited.stderr).toMatch(/\[ERR_HEAD_TIMEOUT\]\n$/);
  });

  test('a broken body is as broken as over http:', async () => {
    const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
    const { port, trusting } = await tlsServer(`${head}2\r\nhi\r\n1;x-stream-status="error;type=timeout"\r\n`);
    const failed = await run(['get', `https://localhost:${port}/`], { env: trusting });
    expect(failed).toMatchObject({ code: 20, stdout: 'hi', stderr: expect.stringContaining('reported timeout') });
    const cut = await tlsServer(`${head}5\r\nhel`);
    const truncated = await run(['get', `https://localhost:${cut.port}/`], { env: cut.trusting });
    expect(truncated).toMatchObject({ code: 21, stdout: 'hel' });
  });

  test('--cacert trusts a certificate, and --insecure any', async () => {
    const { port, cert } = await tlsServer(SEALED, 'DNS:localhost');
    const right = await run(['get', `https://localhost:${port}/`, '--cacert', cert]);
    expect(right).toEqual({ code: 0, signal: null, stdout: HELLO_WORLD, stderr: '' });
    const other = await tlsServer(SEALED, 'DNS:localhost');
    expect((await run(['get', `https://localhost:${port}/`, '--cacert', other.cert])).code).toBe(3);
    expect((await run(['get', `https://127.0.0.1:${port}/`, '--cacert', cert])).code).toBe(3);
    expect(await run(['get', `https://127.0.0.1:${port}/`, '-k'])).toMatchObject({ code: 0, stdout: HELLO_WORLD });
  });

  test('--cacert with what is no file of certificates: one line says so, before anything is sent', async () => {
    const { port, cert, requests } = await tlsServer(SEALED, 'DNS:localhost');
    const cwd = await temporaryDirectory();
    const half = (await readFile(cert, 'utf8')).replace(/^.{64}\n/m, '');
    for (const [name, content] of Object.entries({ empty: '', junk: 'junk', half })) {
      await writeFile(path.join(cwd, name), content);
    }
    await mkdir(path.join(cwd, 'folder'));
    for (const name of ['missing', 'folder', 'empty', 'junk', 'half']) {
      const { code, stderr } = await run(['get', `https://localhost:${port}/`, '--cacert', name], { cwd });
      expect([code, stderr]).toEqual([1, expect.stringMatching(RegExp(`^error: --cacert ${name} [^\n]+\n$`))]);
    }
    expect(requests).toEqual([]);
  });

  test('redirects lead from http: to https: and back, and Authorization does not follow', async () => {
    const last = await rawServer(SEALED);
    const middle = await tlsServer(`HTTP/1.1 302 Found\r\nLocation: ${last.url}\r\nContent-Length: 0\r\n\r\n`);
    const location = `https://127.0.0.1:${middle.port}/`;
    const first = await rawServer(`HTTP/1.1 301 \r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`);
    const ended = await run(['get', first.url, '-H', 'Authorization: secret'], { env: middle.trusting });
    expect(ended).toMatchObject({ code: 0, stdout: HELLO_WORLD });
    const secrets = [first, middle, last].map(({ requests }) => requests.map((one) => one.includes('secret')));
    expect(secrets).toEqual([[true], [false], [false]]);
  });
});

test.skipIf(!hasIpv6)('RFC 3986 §3.2.2: an IPv6 address', async () => {
  const requests: string[] = [];
  const port = await listening(
    createTcpServer((socket) => answerWith(socket, SEALED, requests)),
    '::1',
  );
  const ended = await run(['get', `http://[::1]:${port}/`]);
  expect(ended).toEqual({ code: 0, signal: null, stdout: HELLO_WORLD, stderr: '' });
  expect(requests[0]).toMatch(new RegExp(`^GET / HTTP/1\\.1\r\nHost: \\[::1\\]:${port}\r\n`));
});
