/**
 * `respond` with `framing: 'content'` on both kinds of target, read by ChunkedDecoderStream through fetch, and octet by
 * octet from a raw socket. spec-notes/in-content.md.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer as createSocketServer, type Server } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGzip, gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { decodeChunked } from '../../src/core/decoder.ts';
import { IN_CONTENT_TYPE } from '../../src/core/in-content.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import { readRequest } from '../../src/node/head/read-request.ts';
import { acceptsInContent, inContentFields } from '../../src/node/send/in-content.ts';
import { type RespondOptions, respond, type StreamResponse } from '../../src/node/send/respond.ts';
import { ChunkedDecoderStream } from '../../src/web/chunked-decoder-stream.ts';
import { parseInContentType } from '../../src/web/in-content.ts';
import { createHasher } from '../support/hashing.ts';
import { latin1, octets } from '../support/octets.ts';

const HELLO = '{"hello": "world"}\n'; // RFC 9530 B.1
const HELLO_SHA_256 = 'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:';

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    if ('closeAllConnections' in server) (server.closeAllConnections as () => void)();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listening(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function* failing(data: string): AsyncGenerator<string> {
  yield data;
  await new Promise((resolve) => setImmediate(resolve)); // the data is sent, and with it the head
  throw new Error('the disk is gone');
}

/** A server that answers each request with this content. `endings` tells how. */
async function answering(
  content: () => Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>,
  options: RespondOptions | ((res: ServerResponse) => RespondOptions) = {},
) {
  const endings: (string | undefined)[] = [];
  const port = await listening(
    createServer(async (_req, res) => {
      const more = typeof options === 'function' ? options(res) : options;
      const response = respond(res, { framing: 'content', ...more });
      await pipeline(Readable.from(content()), response).catch(() => {});
      endings.push(response.ending);
    }),
  );
  return { port, url: `http://127.0.0.1:${port}/`, endings };
}

/** What a page makes of it: fetch, and the body through a ChunkedDecoderStream. */
async function decoded(url: string, init?: RequestInit) {
  const response = await fetch(url, init);
  const decoder = new ChunkedDecoderStream({ require: 'always', createHasher });
  let data = '';
  let error: (Error & { code?: string }) | undefined;
  try {
    for await (const piece of response.body!.pipeThrough(decoder)) data += latin1(piece);
  } catch (failure) {
    error = failure as Error;
  }
  return { response, data, error, verdict: await decoder.verdict };
}

/** All octets that come for these, until the end of the connection. */
async function exchange(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(request);
  return text(socket.setEncoding('latin1'));
}

const bodyOf = (message: string) => message.slice(message.indexOf('\r\n\r\n') + 4);
const headOf = (message: string) => message.slice(0, message.indexOf('\r\n\r\n')).split('\r\n');

describe('in-content §2: the media type', () => {
  test('the Content-Type that was set becomes the parameter, quoted', async () => {
    for (const type of ['text/csv', 'text/csv; charset="utf-8"; note="a \\"b\\", c\\\\d"', 'text/plain;charset=\xe9']) {
      const inOptions = await answering(() => ['x'], { headers: { 'content-type': type } });
      const onResponse = await answering(
        () => ['x'],
        (res) => {
          res.setHeader('Content-Type', type);
          return {};
        },
      );
      for (const { url } of [inOptions, onResponse]) {
        const { headers } = (await decoded(url)).response;
        expect(parseInContentType(headers.get('content-type'))).toBe(type);
        expect(headers.get('content-type')).toMatch(/^application\/vnd\.chunked-trailers; type="/);
      }
    }
  });

  test('without one there is no parameter', async () => {
    const { url } = await answering(() => ['x']);
    expect((await decoded(url)).response.headers.get('content-type')).toBe(IN_CONTENT_TYPE);
  });

  test('what is written is read back, whatever the type', () => {
    const fieldValue = fc.stringMatching(/^(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)$/);
    fc.assert(
      fc.property(fieldValue, (type) => {
        const fields = inContentFields({ 'Content-Type': type });
        expect(parseInContentType(fields.find(([name]) => name === 'Content-Type')![1])).toBe(type);
      }),
    );
  });

  test.each([
    ['Application/VND.Chunked-Trailers', ''],
    ['application/vnd.chunked-trailers;type=text', 'text'],
    ['application/vnd.chunked-trailers ; v="1;type=no" ;; TYPE="a/b" ', 'a/b'],
    ['application/vnd.chunked-trailers-2', undefined],
    ['application/vnd.chunked-trailers; type="cut', undefined],
    ['application/vnd.chunked-trailers; type=', undefined],
    ['text/csv', undefined],
    ['', undefined],
    [null, undefined],
  ])('RFC 9110 §5.6.6: %j is read as %j', (value, type) => {
    expect(parseInContentType(value)).toBe(type);
  });

  test.each([
    [undefined, false],
    ['*/*', false],
    ['application/*', false],
    ['application/vnd.chunked-trailers', true],
    ['text/html, Application/Vnd.Chunked-Trailers ; q=0.5', true],
    ['application/vnd.chunked-trailers;q=0', false],
    ['application/vnd.chunked-trailers; q=0.000, */*', false],
    ['text/plain;x="a, application/vnd.chunked-trailers ,"', false],
    ['application/vnd.chunked-trailers-2', false],
  ])('RFC 9110 §12.5.1: Accept %j asks for it: %j', (accept, asks) => {
    expect(acceptsInContent({ headers: { accept } })).toBe(asks);
  });
});

describe('in-content §4: endings', () => {
  test('a good body is sealed inside, for a client that asked for nothing', async () => {
    const { url, endings } = await answering(() => [HELLO]);
    const { data, error, verdict } = await decoded(url);
    expect({ data, error, kind: verdict.kind, digest: verdict.digest }).toEqual({
      data: HELLO,
      error: undefined,
      kind: 'complete',
      digest: 'match',
    });
    await expect.poll(() => endings).toEqual(['trailers']);
  });

  test('a failure is told inside, with the digest of what was sent, and the message around it ends well', async () => {
    const { url, endings } = await answering(() => failing(HELLO), {
      describeError: (error) => ({ type: 'source_error', details: (error as Error).message }),
    });
    const { data, error, verdict } = await decoded(url);
    expect(data).toBe(HELLO);
    expect(error?.code).toBe('ERR_BODY_FAILED');
    expect(verdict).toMatchObject({ kind: 'failed', bytes: 19, digest: 'match' });
    expect(verdict.reason).toBe('The sender reported source_error: the disk is gone');
    await expect.poll(() => endings).toEqual(['clean-failure']);
  });

  test('the octets: a sealed chunked body in a chunked body, and no trailer around it', async () => {
    const { port } = await answering(() => [HELLO], { headers: { 'Content-Type': 'application/json' } });
    // TE and the wish are for HTTP's own trailers: here they change nothing.
    const wishes = 'TE: trailers\r\nX-Want-Stream-Status: ?1\r\n';
    const message = await exchange(port, `GET / HTTP/1.1\r\nHost: a\r\n${wishes}Connection: close\r\n\r\n`);
    const inner = decodeChunked(octets(bodyOf(message)));
    expect(inner.rawTrailers).toEqual([]);
    expect(latin1(inner.body)).toBe(
      `13\r\n${HELLO}\r\n0\r\nX-Stream-Status: ok;bytes=19\r\nContent-Digest: ${HELLO_SHA_256}\r\n\r\n`,
    );
    const head = headOf(message);
    expect(head).toContain('Content-Type: application/vnd.chunked-trailers; type="application/json"');
    expect(head).toContain('Cache-Control: no-store');
    expect(head).toContain('Vary: Accept');
    expect(head.filter((line) => /^(?:Trailer|Connection: close)/i.test(line))).toEqual([]);
  });

  test('the connection goes on behind a failure', async () => {
    const { port } = await answering(() => failing('x'));
    const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
    const both = await exchange(port, request + request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    expect(both.match(/^HTTP\/1\.1 200 OK\r$/gm)).toHaveLength(2);
    expect(both.match(/X-Stream-Status: error;bytes=1;type=source_error\r\n/g)).toHaveLength(2);
  });

  test.each([
    ['a good body', () => [HELLO], 'complete'],
    ['a failed body', () => failing(HELLO), 'failed'],
  ])('HTTP/1.0, which has no way to show a failure, shows it inside: %s', async (_name, content, kind) => {
    const { port } = await answering(content);
    const message = await exchange(port, 'GET / HTTP/1.0\r\n\r\n');
    expect(headOf(message).filter((line) => /^transfer-encoding/i.test(line))).toEqual([]);
    expect((await judged(bodyOf(message))).kind).toBe(kind);
  });

  test('a raw socket has the same', async () => {
    const endings: (string | undefined)[] = [];
    const server = createSocketServer(async (socket) => {
      const request = await readRequest(socket);
      const headers = { 'Content-Type': 'text/csv', 'Cache-Control': 'private', Vary: 'Origin' };
      const response = respond(socket, { request, headers, framing: 'content' });
      await pipeline(Readable.from(request.target === '/' ? [HELLO] : failing(HELLO)), response).catch(() => {});
      endings.push(response.ending);
      socket.end();
    });
    const port = await listening(server);
    const good = await exchange(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const bad = await exchange(port, 'GET /bad HTTP/1.1\r\nHost: a\r\n\r\n');
    const verdicts = [good, bad].map((message) => judged(latin1(decodeChunked(octets(bodyOf(message))).body)));
    expect((await Promise.all(verdicts)).map(({ kind }) => kind)).toEqual(['complete', 'failed']);
    expect(headOf(good)).toContain('Content-Type: application/vnd.chunked-trailers; type="text/csv"');
    expect(headOf(good)).toContain('Cache-Control: private, no-store');
    expect(headOf(good).filter((line) => line.startsWith('Vary'))).toEqual(['Vary: Origin', 'Vary: Accept']);
    expect(endings).toEqual(['trailers', 'clean-failure']);
  });

  test('a failure before the first octet is an ordinary error response', async () => {
    const { url } = await answering(() => {
      return new Readable({
        read() {
          this.destroy(new Error('at once'));
        },
      });
    });
    const response = await fetch(url);
    expect([response.status, response.headers.get('content-type')]).toEqual([500, 'application/problem+json']);
  });

  test('HEAD has the fields of GET, and no content', async () => {
    const { port, endings } = await answering(() => [HELLO], { headers: { 'Content-Type': 'text/csv' } });
    const message = await exchange(port, 'HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(headOf(message)).toContain('Content-Type: application/vnd.chunked-trailers; type="text/csv"');
    expect(bodyOf(message)).toBe('');
    expect(endings).toEqual(['none']);
  });

  test('many small writes and large ones arrive in order', async () => {
    const rows = Array.from({ length: 5000 }, (_, id) => `${id},${'x'.repeat(id % 97)}\n`);
    const large = 'L'.repeat(300_000);
    const { url } = await answering(() => [...rows, large, ...rows]);
    const { data, verdict } = await decoded(url);
    expect(data === rows.join('') + large + rows.join('')).toBe(true);
    expect(verdict.kind).toBe('complete');
  });

  test('without a seal the body inside is unverified, and a failure is still told', async () => {
    const good = await decoded((await answering(() => [HELLO], { seal: false })).url);
    expect([good.verdict.kind, good.error?.code]).toEqual(['unverified', 'ERR_BODY_UNVERIFIED']);
    const bad = await decoded((await answering(() => failing(HELLO), { seal: false })).url);
    expect([bad.data, bad.verdict.kind]).toEqual([HELLO, 'failed']);
  });

  test('extra trailers and Want-Content-Digest work inside', async () => {
    const { url } = await answering(() => [HELLO], {
      extraTrailers: { names: ['Server-Timing'], fields: () => [['Server-Timing', 'db;dur=53']] },
    });
    const wanting = await decoded(url, { headers: { 'Want-Content-Digest': 'sha-512=10' } });
    expect(wanting.verdict.trailers.map(([name]) => name)).toEqual([
      'X-Stream-Status',
      'Content-Digest',
      'Server-Timing',
    ]);
    expect(wanting.verdict.trailers[1]![1]).toMatch(/^sha-512=:/);
    const refusing = await decoded(url, { headers: { 'Want-Content-Digest': 'sha-256=0, sha-512=0' } });
    expect([refusing.verdict.kind, refusing.verdict.digest]).toEqual(['complete', 'absent']);
  });
});

describe('in-content §5: around it', () => {
  test('a middleware that compresses sees content like any other: count and digest stay', async () => {
    const compressing: RequestListener = async (_req, res) => {
      // As the middlewares do it: write and end are replaced before the head is written.
      const gzip = createGzip();
      const { write, end } = res;
      res.write = ((data: Buffer, callback?: () => void) => gzip.write(data, callback)) as typeof res.write;
      res.end = ((data?: unknown) =>
        gzip.end(typeof data === 'function' ? undefined : data)) as unknown as typeof res.end;
      gzip.on('data', (data) => write.call(res, data, 'latin1', () => {})).on('end', () => end.call(res, '', 'latin1'));
      await pipeline(Readable.from(failing(HELLO)), respond(res, { framing: 'content' })).catch(() => {});
    };
    const port = await listening(createServer(compressing));
    const message = await exchange(port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const inner = gunzipSync(decodeChunked(octets(bodyOf(message))).body);
    expect(await judged(inner.toString('latin1'))).toMatchObject({ kind: 'failed', bytes: 19, digest: 'match' });
  });

  test.each([
    [{ 'Content-Encoding': 'gzip' }, /compress around it/],
    [{ 'Content-Digest': 'sha-256=:AAAA:' }, /about the whole content/],
    [{ 'Repr-Digest': 'sha-256=:AAAA:' }, /about the whole content/],
    [{ 'content-range': 'bytes 0-1/3' }, /part of a representation/],
  ])('%j is a TypeError, on the response as well', async (headers, why) => {
    const errors: unknown[] = [];
    const attempt = (call: () => StreamResponse) => {
      try {
        call();
      } catch (error) {
        errors.push(error);
      }
    };
    const port = await listening(
      createServer((_req: IncomingMessage, res) => {
        attempt(() => respond(res, { framing: 'content', headers }));
        for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
        attempt(() => respond(res, { framing: 'content' }));
        res.end();
      }),
    );
    await fetch(`http://127.0.0.1:${port}/`).then((response) => response.arrayBuffer().catch(() => {}));
    expect(errors.map((error) => error instanceof TypeError && why.test(error.message))).toEqual([true, true]);
  });

  test('in-content §3: a 206 is a TypeError, at once or when the head would go out', async () => {
    const errors: unknown[] = [];
    const port = await listening(
      createServer((_req, res) => {
        try {
          respond(res, { framing: 'content', status: 206 });
        } catch (error) {
          errors.push(error);
        }
        res.statusCode = 206;
        respond(res, { framing: 'content' })
          .on('error', (error) => errors.push(error))
          .end('a');
      }),
    );
    const { status } = await fetch(`http://127.0.0.1:${port}/`);
    expect(status).toBe(500);
    expect(errors).toEqual([expect.any(TypeError), expect.any(TypeError)]);
  });

  test('any other framing is a TypeError', async () => {
    const errors: unknown[] = [];
    const port = await listening(
      createServer((_req, res) => {
        try {
          respond(res, { framing: 'chunked' as 'content' });
        } catch (error) {
          errors.push(error);
        }
        res.end();
      }),
    );
    await fetch(`http://127.0.0.1:${port}/`);
    expect(errors).toEqual([expect.any(TypeError)]);
  });

  test('Cache-Control keeps what was said, and no-store is not said twice', () => {
    const cacheControl = (headers: Record<string, string>) =>
      inContentFields(headers).find(([name]) => name === 'Cache-Control')![1];
    expect(cacheControl({})).toBe('no-store');
    expect(cacheControl({ 'cache-control': 'public, max-age=60' })).toBe('public, max-age=60, no-store');
    expect(cacheControl({ 'Cache-Control': 'private, No-Store' })).toBe('private, No-Store');
  });

  test('Connection: close is still heeded', async () => {
    const { port } = await answering(() => [HELLO], { headers: { Connection: 'close' } });
    const message = await exchange(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'); // ends, so it was closed
    expect((await judged(latin1(decodeChunked(octets(bodyOf(message))).body))).kind).toBe('complete');
  });
});

/** The verdict on a chunked body. */
async function judged(body: string): Promise<Verdict> {
  const decoder = new ChunkedDecoderStream({ require: 'always', createHasher });
  const reader = new Blob([octets(body)]).stream().pipeThrough(decoder).getReader();
  await reader
    .read()
    .then(function next({ done }): unknown {
      return done ? undefined : reader.read().then(next);
    })
    .catch(() => {});
  return decoder.verdict;
}
