/**
 * Strategy: the built program's `get` through a real proxy of a few lines, which does absolute-form and CONNECT, and notes
 * what it was asked. The names of the servers lead nowhere, so that nothing but the proxy can reach them.
 */
import { connect, createServer, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { run, temporaryDirectory } from '../../support/cli.ts';
import { HELLO_WORLD } from '../../support/hashing.ts';
import { freePort, listening, rawServer, SEALED } from '../../support/peers.ts';
import { hasOpenssl, tlsServer } from '../../support/tls.ts';

if (!hasOpenssl) console.warn('SKIPPED: https: through a proxy, since there is no openssl to make a certificate with');

interface Proxy {
  url: string;
  /** The request heads that came. */
  requests: string[];
}

/** Sends everything to one port, whatever the name is. */
async function proxyTo(port: number, refusal?: string): Promise<Proxy> {
  const requests: string[] = [];
  const server = createServer((client) => {
    let head = '';
    client.on('error', () => {});
    client.on('data', function onData(data: Buffer) {
      head += data.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      client.off('data', onData);
      requests.push(head);
      if (refusal !== undefined) return void client.end(refusal);
      const upstream = connect(port, '127.0.0.1', () => {
        if (head.startsWith('CONNECT ')) client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        else upstream.write(head.replace(/^(\w+) http:\/\/[^/]+/, '$1 '), 'latin1');
        couple(client, upstream);
      });
    });
  });
  return { url: `http://127.0.0.1:${await listening(server)}/`, requests };
}

function couple(one: Socket, other: Socket): void {
  one.on('error', () => other.destroy()).pipe(other);
  other.on('error', () => one.destroy()).pipe(one);
}

describe('http:', () => {
  test('RFC 9112 §3.2.2: absolute-form, with the proxy’s credentials for the proxy', async () => {
    const { port, requests } = await rawServer(SEALED);
    const proxy = await proxyTo(port);
    const env = { http_proxy: proxy.url.replace('//', '//me:p%40ss@') };
    const ended = await run(['get', 'http://server.invalid:81/a?b'], { env });
    expect(ended).toEqual({ code: 0, signal: null, stdout: HELLO_WORLD, stderr: '' });
    expect(proxy.requests[0]).toMatch(
      /^GET http:\/\/server\.invalid:81\/a\?b HTTP\/1\.1\r\nHost: server\.invalid:81\r\n/,
    );
    const credentials = Buffer.from('me:p@ss').toString('base64');
    expect(proxy.requests[0]).toContain(`\r\nProxy-Authorization: Basic ${credentials}\r\n`);
    expect(requests[0]).toMatch(/^GET \/a\?b HTTP\/1\.1\r\nHost: server\.invalid:81\r\n/);
  });

  test('--proxy goes before the environment, no_proxy before both', async () => {
    const { port, url } = await rawServer(SEALED);
    const [given, other] = [await proxyTo(port), await proxyTo(port)];
    const env = { HTTP_PROXY: other.url, NO_PROXY: '127.0.0.1' };
    expect((await run(['get', 'http://server.invalid/', '--proxy', given.url], { env })).code).toBe(0);
    expect((await run(['get', url, '--proxy', given.url], { env })).code).toBe(0);
    expect((await run(['get', url, '--proxy', ''], { env: { HTTP_PROXY: other.url } })).code).toBe(0);
    expect([given.requests.length, other.requests.length]).toEqual([1, 0]);
  });

  test('a proxy that is not there, that refuses, and one that is none', async () => {
    const gone = await run(['get', 'http://server.invalid/', '-x', `127.0.0.1:${await freePort()}`]);
    expect(gone).toMatchObject({ code: 3, stderr: expect.stringContaining('ECONNREFUSED') });
    const refusing = await proxyTo(0, 'HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n');
    const refused = await run(['get', 'http://server.invalid/', '-x', refusing.url]);
    expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining('HTTP 407') });
    const none = await run(['get', 'http://server.invalid/', '-x', 'socks5://h:1']);
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('A proxy is http://host:port') });
  });
});

describe.skipIf(!hasOpenssl)('https:', () => {
  test('RFC 9110 §9.3.6: CONNECT, and TLS with the server, whose certificate is checked', async () => {
    const { port, requests, cert } = await tlsServer(SEALED, 'DNS:server.invalid');
    const proxy = await proxyTo(port);
    const args = ['get', 'https://server.invalid/a', '-x', proxy.url.replace('//', '//me:secret@')];
    const ended = await run([...args, '--cacert', cert]);
    expect(ended).toEqual({ code: 0, signal: null, stdout: HELLO_WORLD, stderr: '' });
    expect(proxy.requests[0]).toMatch(
      /^CONNECT server\.invalid:443 HTTP\/1\.1\r\nHost: server\.invalid:443\r\nUser-Agent: [^\r]+\r\nProxy-Authorization: /,
    );
    expect(requests[0]).toMatch(/^GET \/a HTTP\/1\.1\r\nHost: server\.invalid\r\n/);
    expect(requests[0]).not.toContain('Proxy-Authorization');
    expect((await run(args)).stderr).toContain('self-signed certificate');
  });

  test('a proxy that refuses: the status is told, and nothing of the request is sent', async () => {
    const proxy = await proxyTo(0, 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
    const { code, stderr } = await run(['get', 'https://server.invalid/a', '-H', 'A: secret', '-x', proxy.url]);
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /^error: [^\n]*answered HTTP 403 Forbidden to CONNECT server\.invalid:443 {2}\[ERR_NO_RESPONSE\]\n$/,
    );
    expect(proxy.requests.join()).not.toContain('secret');
  });

  test.each([
    ['407 Proxy Authentication Required', 1],
    ['403 Forbidden', 1],
    ['503 Service Unavailable', 2],
  ])('one that refuses with %s is asked %i times, as a server would be', async (status, times) => {
    const proxy = await proxyTo(0, `HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
    const cwd = await temporaryDirectory();
    const args = ['get', 'https://server.invalid/a', '-o', 'file', '--retries', '1', '-x', proxy.url];
    expect((await run(args, { cwd })).code).toBe(3);
    expect(proxy.requests).toHaveLength(times);
  });

  test.each(['SSH-2.0-x\r\n', ''])('one that answers CONNECT with %j: it is named', async (answer) => {
    const proxy = await proxyTo(0, answer);
    const { code, stderr } = await run(['get', 'https://server.invalid/a', '-x', proxy.url]);
    const { host } = new URL(proxy.url);
    expect(code).toBe(3);
    expect(stderr).toContain(`The proxy ${host} gave no answer to CONNECT server.invalid:443: `);
  });

  test.each(['http', 'https'])('a proxy that cannot be reached, on the way to an %s: server', async (scheme) => {
    const host = `127.0.0.1:${await freePort()}`;
    const { code, stderr } = await run(['get', `${scheme}://server.invalid/`, '-x', `http://${host}`]);
    const reason = 'connection refused (ECONNREFUSED)';
    expect([code, stderr]).toEqual([3, `error: The proxy ${host} cannot be reached: ${reason}  [ERR_NO_RESPONSE]\n`]);
  });

  test('--connect-timeout: a proxy that never answers', async () => {
    const silent = createServer((socket) => socket.on('error', () => {}).resume());
    const url = `http://127.0.0.1:${await listening(silent)}/`;
    const { code, stderr } = await run(['get', 'https://server.invalid/', '-x', url, '--connect-timeout', '1']);
    expect(code).toBe(3);
    expect(stderr).toBe('error: There was no connection to server.invalid after 1000 ms  [ERR_NO_RESPONSE]\n');
  });
});

test('--connect-timeout is over once there is a connection', async () => {
  const { url } = await rawServer((socket) => setTimeout(() => socket.end(SEALED, 'latin1'), 1500));
  expect(await run(['get', url, '--connect-timeout', '1'])).toMatchObject({ code: 0, stdout: HELLO_WORLD });
});

test('credentials of the proxy that are not percent-encoded: it says what to write', async () => {
  const { code, stderr } = await run(['get', 'http://a.invalid/', '-x', 'http://u:50%@127.0.0.1:1']);
  expect({ code, line: stderr.split('\n')[0] }).toEqual({
    code: 2,
    line: 'error: The user name or the password of the proxy is not percent-encoded: write % as %25',
  });
});
