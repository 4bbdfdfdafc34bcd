/**
 * Strategy: octets on one connection to the built program's `serve`: what it understands, what it refuses, and when it
 * goes on. The answers are compared whole, without their Date.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Served, serve, temporaryDirectory } from '../../support/cli.ts';
import { dial, exchange } from '../../support/peers.ts';

const FILE = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n';
const FIRST = `${FILE}Content-Length: 5\r\n\r\nfirst`;
const SECOND = `${FILE}Content-Length: 6\r\n\r\nsecond`;
const REFUSED = '\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n';
const BAD_REQUEST = `HTTP/1.1 400 Bad Request${REFUSED}400\n\r\n0\r\n\r\n`;
const TOO_LARGE = `HTTP/1.1 431 Request Header Fields Too Large${REFUSED}431\n\r\n0\r\n\r\n`;

async function serveTwo(): Promise<Served> {
  const root = await temporaryDirectory();
  await writeFile(path.join(root, '1.txt'), 'first');
  await writeFile(path.join(root, '2.txt'), 'second');
  return serve(root);
}

/** Without what the moment decides, and what says more of a file: that is for test/files/send-file. */
function withoutDate(answer: string): string {
  return answer.replaceAll(/(?:Date|ETag|Accept-Ranges|Last-Modified|Repr-Digest): [^\r]*\r\n/g, '');
}

describe('RFC 9112 §9.3: keep-alive', () => {
  test('a request behind the response to the one before', async () => {
    const { port } = await serveTwo();
    const { socket, received, closed } = await dial(port, 'GET /1.txt HTTP/1.1\r\nHost: h\r\n\r\n');
    await received.seen(/\r\n\r\nfirst$/);
    socket.write('GET /2.txt HTTP/1.1\r\nHost: h\r\n\r\n');
    await received.seen(/second$/);
    socket.end();
    expect({ ...(await closed), text: withoutDate(received.text) }).toEqual({ text: FIRST + SECOND, error: undefined });
  });

  test('RFC 9112 §9.3.2: two requests in one write are answered in order', async () => {
    const { port } = await serveTwo();
    const two = 'GET /1.txt HTTP/1.1\r\nHost: h\r\n\r\nGET /2.txt HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n';
    expect(withoutDate(await exchange(port, two))).toBe(FIRST + SECOND);
  });

  test('a hundred requests in one write', async () => {
    const { port } = await serveTwo();
    const one = 'GET /1.txt HTTP/1.1\r\nHost: h\r\n\r\n';
    const last = 'GET /2.txt HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n';
    expect(withoutDate(await exchange(port, one.repeat(99) + last))).toBe(FIRST.repeat(99) + SECOND);
  });

  test('a request that comes octet by octet', async () => {
    const { port } = await serveTwo();
    const { socket, closed } = await dial(port);
    socket.setNoDelay(true);
    for (const octet of 'GET /1.txt HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n') {
      await new Promise<void>((resolve) => socket.write(octet, () => resolve()));
    }
    expect(withoutDate((await closed).text)).toBe(FIRST);
  });

  test('RFC 9112 §2.2: empty lines before a request are passed over', async () => {
    const { port } = await serveTwo();
    const request = 'GET /1.txt HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n';
    expect(withoutDate(await exchange(port, `\r\n\r\n${request}`))).toBe(FIRST);
  });

  test('a client that half-closes behind its request still gets its response', async () => {
    const { port } = await serveTwo();
    const { socket, closed } = await dial(port);
    socket.end('GET /1.txt HTTP/1.1\r\nHost: h\r\n\r\n');
    expect(withoutDate((await closed).text)).toBe(FIRST);
  });

  test('RFC 9112 §9.3: HTTP/1.0 gets its length, and the connection ends', async () => {
    const { port } = await serveTwo();
    expect(withoutDate(await exchange(port, 'GET /1.txt HTTP/1.0\r\n\r\n'))).toBe(FIRST);
  });
});

describe('a head that is none gets 400 and the end of the connection', () => {
  test.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['a TLS ClientHello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n'],
    ['another version', 'GET / HTTP/2.0\r\nHost: h\r\n\r\n'],
    ['a bare LF', 'GET / HTTP/1.1\nHost: h\n\n'],
    ['RFC 9112 §5.1: whitespace before a colon', 'GET / HTTP/1.1\r\nHost : h\r\n\r\n'],
    ['RFC 9112 §5.2: a folded field line', 'GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n'],
    ['RFC 9112 §2.2: whitespace before the first field', 'GET / HTTP/1.1\r\n Host: h\r\n\r\n'],
    ['RFC 9110 §5.5: NUL in a value', 'GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n'],
    ['a field line without a colon', 'GET / HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n'],
    ['RFC 9112 §3.2: no Host', 'GET /1.txt HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['RFC 9112 §3.2: two Hosts', 'GET /1.txt HTTP/1.1\r\nHost: h\r\nHost: i\r\nConnection: close\r\n\r\n'],
  ])('%s', async (_, head) => {
    const { port } = await serveTwo();
    expect(withoutDate(await exchange(port, head))).toBe(BAD_REQUEST);
  });

  test('behind a good one, which is answered', async () => {
    const { port } = await serveTwo();
    const answer = await exchange(port, 'GET /1.txt HTTP/1.1\r\nHost: h\r\n\r\nGET\r\n\r\nGET /2.txt HTTP/1.1\r\n\r\n');
    expect(withoutDate(answer)).toBe(FIRST + BAD_REQUEST);
  });

  test('and no other connection notices', async () => {
    const { port } = await serveTwo();
    const { socket, received } = await dial(port, 'GET /1.txt HT');
    expect(withoutDate(await exchange(port, 'nonsense\r\n\r\n'))).toBe(BAD_REQUEST);
    socket.write('TP/1.1\r\nHost: h\r\n\r\n');
    await received.seen(/first/);
  });
});

describe('RFC 6585 §5: a head that is too large gets 431', () => {
  test.each([
    ['one field of 70,000 octets', `GET / HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`],
    ['a line without an end', `GET /${'x'.repeat(70_000)}`],
    ['257 fields', `GET / HTTP/1.1\r\nHost: h\r\n${'X: x\r\n'.repeat(256)}\r\n`],
  ])('%s', async (_, head) => {
    const { port } = await serveTwo();
    expect(withoutDate(await exchange(port, head))).toBe(TOO_LARGE);
  });

  test('its neighbour, of 256 fields, is answered', async () => {
    const { port } = await serveTwo();
    const head = `GET /1.txt HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${'X: x\r\n'.repeat(254)}\r\n`;
    expect(withoutDate(await exchange(port, head))).toBe(FIRST);
  });
});

test('RFC 9112 §3.2.2: a target in absolute-form is accepted', async () => {
  const { port } = await serveTwo();
  const request = 'GET http://example.org/1.txt HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n';
  expect(withoutDate(await exchange(port, request))).toBe(FIRST);
});
