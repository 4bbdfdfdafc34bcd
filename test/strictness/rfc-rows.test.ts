/**
 * Strategy: the rows of spec-notes/rfc-checklist.md about a whole exchange, which no test of a single file has: what the
 * sender may never write, and what the recipient may never do with trailers. On real sockets, read with string operations.
 */
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { serializeAbortChunk } from '../../src/core/abort-line.ts';
import { Encoder } from '../../src/core/encoder.ts';
import { serializeTrailers } from '../../src/core/fields.ts';
import { requestHeaders } from '../../src/node/head/request-headers.ts';
import type { RespondOptions } from '../../src/node/send/respond.ts';
import { consume, received } from '../node/receive/receiving.ts';
import { AWARE, answer, messageFrom, OLD, PLAIN, TRAILERS } from '../node/send/answering.ts';
import { body, errorStatus, split, trailers } from '../support/arbitraries.ts';
import { EMPTY_SHA_256, HELLO_WORLD, HELLO_WORLD_SHA_256 } from '../support/hashing.ts';
import { concat, latin1 } from '../support/octets.ts';
import { closed } from '../support/sockets.ts';

/** The response to a request, to its last CRLF or to the end of the connection. */
async function responseTo(request: string, options: RespondOptions = {}) {
  const { wire, server, outcome } = await answer(request, Readable.from([HELLO_WORLD]), options);
  await outcome;
  server.end();
  return messageFrom((await wire.closed()).octets);
}

describe('what a sender never writes', () => {
  test('RFC 9110 §5.6.3: no BWS: a chunk line is HEXDIGs, and an extension has no white space around it', () => {
    fc.assert(
      fc.property(body, split, errorStatus, (content, writes, status) => {
        const encoder = new Encoder();
        for (const piece of writes(content).filter(({ length }) => length > 0)) {
          const chunk = latin1(concat(encoder.write(piece)));
          expect(chunk.slice(0, chunk.indexOf('\r\n'))).toBe(piece.length.toString(16));
        }
        const [ending] = encoder.end();
        expect(latin1(ending!)).toBe('0\r\n\r\n');
        expect(latin1(serializeAbortChunk(status))).toMatch(/^1;x-stream-status="[^\r\n]*"\r\n$/);
      }),
      { numRuns: 300 },
    );
  });

  test('RFC 9112 §5.2: no obs-fold: each line of a trailer section begins with a name', () => {
    fc.assert(
      fc.property(trailers, (fields) => {
        const lines = latin1(serializeTrailers(fields)).split('\r\n').slice(0, -1);
        expect(lines).toHaveLength(fields.length);
        for (const line of lines) expect(line).toMatch(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+: [^\r\n]*$/);
      }),
      { numRuns: 500 },
    );
    for (const value of ['a\r\n b', 'a\r\n\tb', '\r\n a']) {
      expect(() => serializeTrailers([['A', value]])).toThrow(TypeError);
    }
  });

  test.each([
    ['plain', PLAIN],
    ['trailers', TRAILERS],
    ['aware', AWARE],
  ])('RFC 9112 §6.1, §6.2: chunked once, and no Content-Length: %s', async (_, request) => {
    const { fields } = await responseTo(request, { headers: { 'Content-Type': 'text/plain' } });
    expect(fields['transfer-encoding']).toBe('chunked');
    expect(fields).not.toHaveProperty('content-length');
  });

  test.each([
    ['HTTP/1.0', OLD, 200],
    ['204', AWARE, 204],
    ['304', AWARE, 304],
    ['a 2xx to CONNECT', AWARE.replace('GET /', 'CONNECT a:1'), 200],
  ])('RFC 9112 §6.1: no Transfer-Encoding in answer to %s, and no Trailer', async (_, request, status) => {
    const { fields, body } = await responseTo(request, { status });
    expect(fields).not.toHaveProperty('transfer-encoding');
    expect(fields).not.toHaveProperty('trailer');
    expect(body).toBe(request === OLD ? HELLO_WORLD : '');
  });

  test('RFC 9110 §10.1.4, RFC 9112 §7.4: TE goes with Connection: TE, and never names chunked', () => {
    for (const options of [{}, { digest: false }, { digest: 'sha-512' }] as const) {
      const { TE, Connection } = requestHeaders(options);
      expect({ TE, Connection }).toEqual({ TE: 'trailers', Connection: 'TE' });
    }
  });

  test('RFC 9530 §2: a digest is sent in the trailer section, to a client that has said nothing of digests', async () => {
    const { fields, body } = await responseTo(TRAILERS);
    expect(fields.trailer).toBe('X-Stream-Status, Content-Digest');
    expect(fields).not.toHaveProperty('content-digest');
    expect(body).toContain(`\r\n0\r\nX-Stream-Status: ok;bytes=19\r\nContent-Digest: ${HELLO_WORLD_SHA_256}\r\n\r\n`);
  });

  test('RFC 9110 §6.5.1: nothing that a user agent needs is in trailers alone: without them, the content is the same', async () => {
    const [plain, sealed] = [await responseTo(PLAIN), await responseTo(TRAILERS)];
    const content = `13\r\n${HELLO_WORLD}\r\n0\r\n`;
    expect(plain.body).toBe(`${content}\r\n`);
    expect(sealed.body.startsWith(content)).toBe(true);
    const { trailer, ...others } = sealed.fields;
    expect(trailer).toBeDefined();
    expect(Object.keys(others)).toEqual(Object.keys(plain.fields));
  });
});

describe('requests with content', () => {
  const NEXT = 'GET /next HTTP/1.1\r\nHost: a\r\n\r\n';
  const both = (lines: string) => `POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;

  test.each([
    [
      'RFC 9112 §6.1: Content-Length and Transfer-Encoding',
      both('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'),
    ],
    ['RFC 9112 §6.3: chunked is not final', both('Transfer-Encoding: chunked, gzip\r\n')],
    ['RFC 9112 §6.1: Transfer-Encoding in HTTP/1.0', 'POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['RFC 9112 §9.3: content that is not read', both('Content-Length: 5\r\n')],
  ])('%s: the connection is closed behind the response, and nothing behind the head is a request', async (_, head) => {
    const { wire, server, outcome } = await answer(`${head}${NEXT}${NEXT}`, Readable.from(['a']), {});
    await outcome;
    const { octets } = await wire.closed();
    expect(octets.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(1);
    await closed(server);
  });
});

describe('what a recipient never does with trailers', () => {
  const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\n';
  const SECTION = `X-Stream-Status: ok;bytes=0\r\nContent-Digest: ${EMPTY_SHA_256}\r\nX-A: 2\r\nX-B: 3\r\nSet-Cookie: a=b\r\n`;

  test('RFC 9112 §7.1.2, RFC 9110 §6.5: none is merged into the headers; they are a structure of their own', async () => {
    const { response, body } = await received(`${HEAD}\r\n0\r\n${SECTION}\r\n`);
    await consume(body);
    const { trailers } = await body.verdict;
    expect(response.rawHeaders).toEqual([
      ['Transfer-Encoding', 'chunked'],
      ['X-A', '1'],
    ]);
    expect(Object.keys(response.headers)).toEqual(['transfer-encoding', 'x-a']);
    expect(response.headers['x-a']).toBe('1');
    expect(trailers.map(([name]) => name)).toEqual(['X-Stream-Status', 'Content-Digest', 'X-A', 'X-B']);
  });

  test('RFC 9110 §6.6.2: Trailer is a hint: others may come than were named, and fewer', async () => {
    const named = 'Trailer: X-Never, X-Stream-Status, Content-Digest\r\n';
    const { body } = await received(`${HEAD}${named}\r\n0\r\n${SECTION}\r\n`);
    expect((await consume(body)).error).toBeUndefined();
    expect(await body.verdict).toMatchObject({ kind: 'complete', digest: 'match' });
  });
});
