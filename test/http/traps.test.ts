/**
 * Strategy: what FINDINGS.md calls traps, each as the exact head or the exact error that avoids it. `node:http` puts its
 * own fields into a head, so the heads are read from the wire.
 */

import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { createGzip, gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { respond } from '../../src/node/send/respond.ts';
import { AWARE, dial, get, LAST_CHUNK, messageFrom, OLD, PLAIN, TRAILERS, unchunk } from '../support/dial.ts';
import { latin1, octets as octetsOf, pattern } from '../support/octets.ts';
import { begin, failing, KINDS, listenerCounts, serve } from '../support/servers.ts';

const CLOSING = get('Connection: close\r\n');
const ok = (): Readable => Readable.from(['ok']);

/** A server that answers with the error that its handler has thrown. */
async function refusing(prepare: (res: ServerResponse) => void): Promise<number> {
  const { port } = await serve((_, res) => {
    let thrown: unknown;
    try {
      prepare(res);
    } catch (error) {
      thrown = error;
    }
    if (!res.headersSent) for (const name of res.getHeaderNames()) res.removeHeader(name);
    res.end(String(thrown));
  });
  return port;
}

describe.each(KINDS)('a request with Connection: close, on %s', (_kind, answering) => {
  test.each([
    ['a good end', ok, LAST_CHUNK],
    ['a failure', () => failing(['ok']), ''],
  ])('%s: the head does not say close, and the connection is closed behind the body', async (_, source, ending) => {
    const server = await answering({ source: source(), options: {} });
    const { octets, end } = await dial(server.port, CLOSING).closed();
    const { fields, body } = messageFrom(octets);
    expect(fields.connection).toBeUndefined();
    expect(body).toBe(`2\r\nok\r\n${ending}`);
    expect(end).toBe('FIN');
  });

  test('an error response has a Content-Length, so it may say close', async () => {
    const server = await answering({ source: failing([]) });
    const { octets, end } = await dial(server.port, CLOSING).closed();
    expect(messageFrom(octets).fields.connection).toEqual(['close']);
    expect(end).toBe('FIN');
  });

  test.each([
    ['a good end', ok, PLAIN],
    ['a failure', () => failing(['ok']), PLAIN],
    ['a good end with trailers', ok, AWARE],
    ['a clean failure', () => failing(['ok']), AWARE],
  ])('Connection: close in `headers`, %s: a close that the head does not say', async (_, source, request) => {
    const server = await answering({ source: source(), options: { headers: { Connection: 'close' } } });
    const { octets, end } = await dial(server.port, request).closed();
    expect(messageFrom(octets).fields.connection).not.toEqual(['close']);
    expect(end).toBe('FIN');
  });
});

describe('Connection: close that comes from elsewhere is not on a response that may fail', () => {
  test('set on the ServerResponse', async () => {
    const { port } = await serve((_, res) => {
      res.setHeader('Connection', 'close');
      begin(failing(['ok']), respond(res));
    });
    const { octets, end } = await dial(port, PLAIN).closed();
    expect(messageFrom(octets).fields.connection).not.toEqual(['close']);
    expect(end).toBe('FIN');
  });

  test('set on the ServerResponse of a good body, which closes the connection', async () => {
    const { port } = await serve((_, res) => {
      res.setHeader('Connection', 'close');
      begin(ok(), respond(res));
    });
    const { octets, end } = await dial(port, PLAIN).closed();
    const { fields, body } = messageFrom(octets);
    expect(fields.connection).not.toEqual(['close']);
    expect(body).toBe(`2\r\nok\r\n${LAST_CHUNK}`);
    expect(end).toBe('FIN');
  });

  test('added by the server at maxRequestsPerSocket', async () => {
    const { server, port } = await serve((_, res) => begin(failing(['ok']), respond(res)));
    Object.assign(server, { maxRequestsPerSocket: 1 });
    const { octets, end } = await dial(port, PLAIN).closed();
    expect(messageFrom(octets).fields.connection).not.toEqual(['close']);
    expect(end).toBe('FIN');
  });
});

describe('what the application has set on the ServerResponse', () => {
  test('statusCode and fields are sent, repeated ones as often as they were set', async () => {
    const { port } = await serve((_, res) => {
      res.statusCode = 206;
      res.setHeader('Content-Type', 'text/csv');
      res.setHeader('Set-Cookie', ['a=1', 'b=2']);
      begin(ok(), respond(res, { headers: { 'X-Row': 1, Link: ['<a>', '<b>'] } }));
    });
    const { statusLine, fields, body } = messageFrom(await dial(port, PLAIN).until(LAST_CHUNK));
    expect(statusLine).toBe('HTTP/1.1 206 Partial Content');
    expect(fields['content-type']).toEqual(['text/csv']);
    expect(fields['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(fields['x-row']).toEqual(['1']);
    expect(fields.link).toEqual(['<a>', '<b>']);
    expect(body).toBe(`2\r\nok\r\n${LAST_CHUNK}`);
  });

  test('fields about content are not sent with a 500 in its place; the others are', async () => {
    const { port } = await serve((_, res) => {
      for (const name of ['Content-Type', 'Content-Encoding', 'ETag', 'Last-Modified', 'Cache-Control']) {
        res.setHeader(name, '"x"');
      }
      res.setHeader('Set-Cookie', ['a=1', 'b=2']);
      res.setHeader('Access-Control-Allow-Origin', '*');
      begin(failing([]), respond(res, { status: 201 }));
    });
    const { statusLine, fields } = messageFrom(await dial(port, AWARE).until('}\n'));
    expect(statusLine).toBe('HTTP/1.1 500 Internal Server Error');
    expect(fields['content-type']).toEqual(['application/problem+json']);
    for (const name of ['content-encoding', 'etag', 'last-modified', 'cache-control', 'trailer']) {
      expect(fields).not.toHaveProperty(name);
    }
    expect(fields['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(fields['access-control-allow-origin']).toEqual(['*']);
  });

  const LENGTH =
    'TypeError: A Content-Length cannot be kept by a body that may fail, and leaves no room for trailers: say { length } to respond where it is known, or leave it out (RFC 9112 §6.2)';

  test.each<[string, (res: ServerResponse) => void, string]>([
    ['a Content-Length set with setHeader', (res) => respond(res.setHeader('content-length', 2)), LENGTH],
    ['a Content-Length in `headers`', (res) => respond(res, { headers: { 'Content-Length': 2 } }), LENGTH],
    [
      'a Transfer-Encoding',
      (res) => respond(res.setHeader('Transfer-Encoding', 'chunked')),
      'TypeError: Transfer-Encoding is set by respond, which frames the body itself: leave it out',
    ],
    [
      'a Trailer',
      (res) => respond(res.setHeader('Trailer', 'Server-Timing')),
      'TypeError: Trailer is set by respond: name further trailer fields in extraTrailers',
    ],
    [
      'a head that has been prepared',
      (res) => respond(res.writeHead(200)),
      'Error: The head of this response is out already: call respond or sendFile before writing',
    ],
    [
      'a head that has been sent',
      (res) => {
        res.flushHeaders();
        respond(res);
      },
      'Error: The head of this response is out already: call respond or sendFile before writing',
    ],
  ])('%s is refused at once, with what to do', async (_, prepare, expected) => {
    const { octets } = await dial(await refusing(prepare), CLOSING).closed();
    expect(Buffer.from(octets, 'latin1').toString()).toContain(expected);
  });

  test('what was refused leaves the ServerResponse as it was', async () => {
    const { port } = await serve((_, res) => {
      const before = listenerCounts(res);
      expect(() => respond(res, { headers: { Trailer: 'a' } })).toThrow(TypeError);
      res.end(JSON.stringify([before, listenerCounts(res)]));
    });
    const [before, after] = JSON.parse(messageFrom((await dial(port, CLOSING).closed()).octets).body);
    expect(after).toEqual(before);
  });
});

test.each([
  ['asks for nothing', PLAIN, LAST_CHUNK],
  ['asks', AWARE, '=:\r\n\r\n'],
])(
  'an end that Node threw for leaves no length to the head of what answers then, to a client that %s',
  async (_, request, last) => {
    const { port } = await serve((__, res) => {
      res.statusMessage = 'naïve \u201c';
      expect(() => res.end('page')).toThrow();
      res.statusMessage = 'OK';
      begin(Readable.from(['rows that go on']), respond(res));
    });
    const { fields, body } = messageFrom(await dial(port, request).until(last));
    expect(fields).not.toHaveProperty('content-length');
    expect(fields['transfer-encoding']).toEqual(['chunked']);
    expect(unchunk(body).data).toBe('rows that go on');
  },
);

test.each([
  ['all', AWARE.replace('HTTP/1.1', 'HTTP/1.0')],
  ['trailers', TRAILERS.replace('HTTP/1.1', 'HTTP/1.0')],
  ['kept connections', OLD.replace('\r\n\r\n', '\r\nConnection: keep-alive\r\nTE: trailers\r\n\r\n')],
])('an HTTP/1.0 request for %s gets no Trailer, which Node would throw for', async (_, request) => {
  const { port } = await serve((__, res) => begin(ok(), respond(res)));
  const { octets, end } = await dial(port, request).closed();
  const { fields, body } = messageFrom(octets);
  expect(fields).not.toHaveProperty('trailer');
  expect(fields).not.toHaveProperty('transfer-encoding');
  expect(fields.connection).toBeUndefined();
  expect(body).toBe('ok');
  expect(end).toBe('FIN');
});

test('RFC 9530 §2: source → gzip → respond, and the digest is that of the gzip octets', async () => {
  const text = latin1(pattern(100_000));
  const { port } = await serve((_, res) => {
    const options = { headers: { 'Content-Encoding': 'gzip' } };
    begin(Readable.from([octetsOf(text)]).pipe(createGzip()), respond(res, options));
  });
  const { fields, body } = messageFrom(await dial(port, AWARE).until('=:\r\n\r\n'));
  expect(fields['content-encoding']).toEqual(['gzip']);
  const { data, rest } = unchunk(body);
  const coded = octetsOf(data);
  expect(latin1(gunzipSync(coded)) === text).toBe(true);
  const digest = createHash('sha256').update(coded).digest('base64');
  expect(rest).toBe(`0\r\nX-Stream-Status: ok;bytes=${coded.length}\r\nContent-Digest: sha-256=:${digest}:\r\n\r\n`);
});
