/**
 * Strategy: a scripted upstream, the relay, and a client that reads octets. Here: heads, negotiation on each side by
 * itself, and bodies that end well. Failures are in relay-failures.test.ts, flow in relay-flow.test.ts.
 */
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { requestHeaders } from '../../src/node/head/request-headers.ts';
import { verify } from '../../src/node/receive/verify.ts';
import { respond } from '../../src/node/send/respond.ts';
import { AWARE, dial, HEAD, LAST_CHUNK, messageFrom, OLD, PLAIN, TRAILERS } from '../support/dial.ts';
import { HELLO_WORLD, HELLO_WORLD_SHA_256 } from '../support/hashing.ts';
import { ask, begin, drain, origin, originOf, serve } from '../support/servers.ts';
import { relaying } from './relaying.ts';

const CHUNK = `13\r\n${HELLO_WORLD}\r\n`; // 19 octets
const SEAL = `0\r\nX-Stream-Status: ok;bytes=19\r\nContent-Digest: ${HELLO_WORLD_SHA_256}\r\n\r\n`;
const SEALED = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Stream-Status, Content-Digest\r\n\r\n${CHUNK}${SEAL}`;
const UNSEALED = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNK}${LAST_CHUNK}`;
const COUNTED = `HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n${HELLO_WORLD}`;
const UP_TO_FIN = `HTTP/1.1 200 OK\r\n\r\n${HELLO_WORLD}`;

describe('fields', () => {
  const UPSTREAM = [
    'HTTP/1.1 203 Non-Authoritative Information',
    'Date: Tue, 01 Jan 2030 00:00:00 GMT',
    'Content-Type: text/csv',
    'Content-Encoding: identity',
    'ETag: "1"',
    'Set-Cookie: a=1',
    'Set-Cookie: b=2',
    'Link: <a>; rel=next',
    'Link: <b>; rel=prev',
    'Via: 1.1 upstream',
    'Connection: X-Hop, keep-alive',
    'X-Hop: 1',
    'Keep-Alive: timeout=99',
    'Proxy-Connection: keep-alive',
    'Proxy-Authenticate: Basic',
    'TE: gzip',
    'Upgrade: h2c',
    'Trailer: X-Upstream',
    'X-Upstream: kept, for only Trailer names it',
    'Transfer-Encoding: chunked',
    '',
    `${CHUNK}0\r\nX-Upstream: 1\r\n\r\n`,
  ].join('\r\n');

  test('RFC 9110 §7.6.1: end-to-end fields are copied with their repeats, those of one hop are dropped', async () => {
    const { port } = await relaying(await originOf(UPSTREAM, 'open'));
    const { statusLine, fields, body } = messageFrom(await dial(port, PLAIN).until(LAST_CHUNK));
    expect(statusLine).toMatch('HTTP/1.1 203 ');
    expect(fields).toEqual({
      date: ['Tue, 01 Jan 2030 00:00:00 GMT'],
      'content-type': ['text/csv'],
      'content-encoding': ['identity'],
      etag: ['"1"'],
      'set-cookie': ['a=1', 'b=2'],
      link: ['<a>; rel=next', '<b>; rel=prev'],
      via: ['1.1 upstream, 1.1 chunked-trailers'],
      'x-upstream': ['kept, for only Trailer names it'],
      connection: ['keep-alive'], // ours, as Node writes it
      'keep-alive': [expect.stringMatching(/^timeout=\d+$/)],
      'transfer-encoding': ['chunked'],
    });
    expect(body).toBe(CHUNK + LAST_CHUNK);
  });

  test('RFC 9110 §8.6: a Content-Length goes on, to whoever did not ask for more', async () => {
    const { port } = await relaying(await originOf(COUNTED, 'open'));
    const { fields, body } = messageFrom(await dial(port, PLAIN).until(HELLO_WORLD));
    expect(fields).toMatchObject({ 'content-length': ['19'] });
    expect(fields).not.toHaveProperty('transfer-encoding');
    expect(body).toBe(HELLO_WORLD);
  });

  test('`headers` take the place of the fields of the same name', async () => {
    const headers = { 'set-cookie': 'c=3', 'X-Relay': '1' };
    const { port } = await relaying(await originOf(UPSTREAM, 'open'), { headers });
    const { fields } = messageFrom(await dial(port, PLAIN).until(LAST_CHUNK));
    expect(fields['set-cookie']).toEqual(['c=3']);
    expect(fields['x-relay']).toEqual(['1']);
    expect(fields.etag).toEqual(['"1"']);
  });

  test('fields that were set on the response are sent too', async () => {
    const { port: upstreamPort } = await serve((_, res) => begin(Readable.from(['ok']), respond(res)));
    const { relay } = await import('../../src/node/relay.ts');
    const { port } = await serve((_, res) => {
      res.setHeader('X-Request-Id', '7');
      ask({ port: upstreamPort }, (upstream) => relay(upstream, res));
    });
    expect(messageFrom(await dial(port, PLAIN).until(LAST_CHUNK)).fields['x-request-id']).toEqual(['7']);
  });
});

describe('each side negotiates by itself', () => {
  const ROWS: [title: string, request: string, ending: string][] = [
    ['everything', AWARE, SEAL],
    ['trailers', TRAILERS, SEAL],
    ['nothing', PLAIN, LAST_CHUNK],
  ];
  test.each([
    ['a sealed upstream', SEALED, 'complete', {}],
    ['an upstream without a status that the application vouches for', UNSEALED, 'unverified', { vouch: true }],
  ])('%s: sealed anew for whoever asks', async (_, octets, kind, options) => {
    for (const [title, request, ending] of ROWS) {
      const server = await relaying(await originOf(octets, 'open'), options);
      const wire = dial(server.port, request);
      const { body } = messageFrom(await wire.until(ending.slice(-8)));
      expect({ title, body }).toEqual({ title, body: CHUNK + ending });
      expect((await server.verdict(0)).kind).toBe(kind);
    }
  });

  test('an upstream that nobody sealed goes on unsealed, whoever asks', async () => {
    for (const request of [AWARE, TRAILERS, PLAIN]) {
      const server = await relaying(await originOf(UNSEALED, 'open'));
      const { fields, body } = messageFrom(await dial(server.port, request).until(LAST_CHUNK));
      expect({ trailer: fields.trailer, body }).toEqual({ trailer: undefined, body: CHUNK + LAST_CHUNK });
      expect((await server.verdict(0)).kind).toBe('unverified');
    }
  });

  test('a seal that was announced and stripped is not made up for, even if nothing is required', async () => {
    const server = await relaying(await originOf(SEALED.replace(SEAL, LAST_CHUNK), 'open'), { require: 'never' });
    const { fields, body } = messageFrom(await dial(server.port, AWARE).until(LAST_CHUNK));
    expect({ trailer: fields.trailer, body }).toEqual({ trailer: undefined, body: CHUNK + LAST_CHUNK });
  });

  test('what the client asks for is not asked for upstream', async () => {
    const heads: string[] = [];
    const port = await origin((socket, head) => {
      heads.push(head);
      socket.write(UNSEALED);
    });
    const server = await relaying(port, {}, {});
    const { body } = messageFrom(await dial(server.port, AWARE).until(LAST_CHUNK));
    expect(body).toBe(CHUNK + LAST_CHUNK);
    expect(heads.join('').toLowerCase()).not.toContain('trailers');
  });

  test('an HTTP/1.0 client gets a body up to FIN', async () => {
    const { port } = await relaying(await originOf(SEALED, 'open'));
    const { octets, end } = await dial(port, OLD).closed();
    const { fields, body } = messageFrom(octets);
    expect(body).toBe(HELLO_WORLD);
    expect(fields).not.toHaveProperty('trailer');
    expect(end).toBe('FIN');
  });

  test('the connection to the client is kept', async () => {
    const { port } = await relaying(await originOf(SEALED, 'open'));
    const wire = dial(port);
    for (let i = 0; i < 3; i++) {
      wire.send(AWARE);
      expect(messageFrom(await wire.until('=:\r\n\r\n')).body).toBe(CHUNK + SEAL);
    }
  });

  test.each([
    ['a chunked one', SEALED.slice(0, SEALED.indexOf(CHUNK))],
    ['one with Content-Length', COUNTED.slice(0, -19)],
  ])('HEAD: %s is passed on without content', async (_, octets) => {
    const server = await relaying(await originOf(octets.replace('\r\n', '\r\nETag: "1"\r\n'), 'open'));
    const wire = dial(server.port, HEAD);
    const { statusLine, fields, body } = messageFrom(await wire.until('\r\n\r\n'));
    expect(statusLine).toBe('HTTP/1.1 200 OK');
    expect(fields.etag).toEqual(['"1"']);
    expect(fields).not.toHaveProperty('trailer');
    expect(body).toBe('');
    await server.verdict(0);
    wire.send(HEAD);
    expect(messageFrom(await wire.until('\r\n\r\n')).statusLine).toBe('HTTP/1.1 200 OK'); // and no octet between
  });

  test.each([204, 304])('%i is passed on without content', async (status) => {
    const { port } = await relaying(await originOf(`HTTP/1.1 ${status} X\r\nETag: "1"\r\n\r\n`, 'open'));
    const { statusLine, fields, body } = messageFrom(await dial(port, AWARE).until('\r\n\r\n'));
    expect(statusLine).toMatch(`HTTP/1.1 ${status} `);
    expect(fields.etag).toEqual(['"1"']);
    expect(fields).not.toHaveProperty('transfer-encoding');
    expect(body).toBe('');
  });
});

test('a body that ends upstream with FIN is passed on, and nobody vouches for it', async () => {
  const server = await relaying(await originOf(UP_TO_FIN));
  const { fields, body } = messageFrom(await dial(server.port, AWARE).until(LAST_CHUNK));
  expect(fields).not.toHaveProperty('trailer');
  expect(body).toBe(CHUNK + LAST_CHUNK);
  const end = await ask({ port: server.port, headers: requestHeaders() }, (message) => verify(message));
  expect(await drain(end)).toEqual({ data: HELLO_WORLD, code: undefined });
  expect((await end.verdict).kind).toBe('unverified');
});

test('two relays in a row: complete at the end', async () => {
  const first = await relaying(await originOf(SEALED, 'open'));
  const second = await relaying(first.port);
  const body = await ask({ port: second.port, headers: requestHeaders() }, (message) => verify(message));
  expect(await drain(body)).toEqual({ data: HELLO_WORLD, code: undefined });
  expect(await body.verdict).toMatchObject({ kind: 'complete', digest: 'match' });
  expect(await second.verdict(0)).toMatchObject({ kind: 'complete', digest: 'match' });
});
