/**
 * Strategy: the endings over HTTP/2 as in test/http/http2.test.ts, with `seal(res)` and handlers that know nothing of it; by
 * an observer who reads streams by their events, and by `verify`.
 */
import { once } from 'node:events';
import http2, {
  type Http2ServerRequest,
  type Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { pipeline, Readable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { verify } from '../../../src/node/receive/verify.ts';
import { type SealingOptions, seal } from '../../../src/node/seal/seal.ts';
import { respond } from '../../../src/node/send/respond.ts';
import { HELLO_WORLD, HELLO_WORLD_SHA_256 } from '../../support/hashing.ts';
import { failing, listenHttp2, until } from '../../support/servers.ts';

const GONE = new Error('the disk is gone');
const OK = { 'x-stream-status': 'ok;bytes=19', 'content-digest': HELLO_WORLD_SHA_256 };
const FAILED = { ...OK, 'x-stream-status': 'error;bytes=19;type=source_error' };
const NO_ERROR = 0;
const INTERNAL_ERROR = 2;
const BOTH = { te: 'trailers', 'x-want-stream-status': '?1' };
/** What each asks for, and the trailers of a whole and of a failed body that it gets. */
const CLIENTS: [what: string, asked: object, whole: typeof OK | undefined, failed: typeof OK | undefined][] = [
  ['both', BOTH, OK, FAILED],
  ['trailers', { te: 'trailers' }, OK, undefined],
  ['the status', { 'x-want-stream-status': '?1' }, undefined, undefined],
  ['nothing', {}, undefined, undefined],
];

type Destroyable = { destroy(error?: Error): void };
type Handler = (res: Http2ServerResponse & Destroyable, req: Http2ServerRequest) => void;

async function sealing(handler: Handler, options: SealingOptions = {}): Promise<number> {
  const server = http2.createServer((req, res) => handler(seal(res, options) as never, req));
  return listenHttp2(server);
}

function request(port: number, headers: object) {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  onTestFinished(() => session.destroy());
  const stream = session.request({ ':path': '/', ...headers });
  return stream.on('error', () => {});
}

async function observe(port: number, headers: object) {
  const stream = request(port, headers);
  const seen = { head: {} as IncomingHttpHeaders, body: '', trailers: undefined as object | undefined };
  stream.on('response', (head) => {
    seen.head = Object.fromEntries(Object.entries(head));
  });
  stream.on('trailers', (trailers) => {
    seen.trailers = Object.fromEntries(Object.entries(trailers)); // without the symbols of Node
  });
  stream.on('data', (data) => {
    seen.body += data;
  });
  await new Promise((resolve) => stream.once('close', resolve));
  return { ...seen, rstCode: stream.rstCode };
}

const pipe =
  (source: () => AsyncIterable<unknown>): Handler =>
  (res) =>
    void pipeline(source() as Readable, res as never, () => {});

const BLOCK = Buffer.alloc(4 * 1024 * 1024, 'x');

function failsAfterBlock(target: Destroyable & { write(data: Buffer): unknown }): void {
  target.write(BLOCK);
  target.destroy(GONE);
}

describe.each(CLIENTS)('a client that asks for %s', (_title, asked, whole, failed) => {
  test('a good body', async () => {
    const port = await sealing(pipe(() => Readable.from([HELLO_WORLD])));
    const { head, body, trailers, rstCode } = await observe(port, asked);
    expect({ body, trailers, rstCode }).toEqual({ body: HELLO_WORLD, trailers: whole, rstCode: NO_ERROR });
    expect(head.trailer).toBe(whole && 'X-Stream-Status, Content-Digest');
    expect(head.vary).toBe(failed && 'X-Want-Stream-Status');
  });

  test.each<[string, (res: Http2ServerResponse) => unknown]>([
    ['write', (res) => res.write('') && res.end()],
    ['end', (res) => res.end('')],
  ])('a good body, with an empty %s after texts that wait for one another', async (_method, finish) => {
    const port = await sealing((res) => {
      for (const text of HELLO_WORLD) res.write(text);
      finish(res);
    });
    const { body, trailers, rstCode } = await observe(port, asked);
    expect({ body, trailers, rstCode }).toEqual({ body: HELLO_WORLD, trailers: whole, rstCode: NO_ERROR });
  });

  test.each<[string, Handler]>([
    ['pipeline', pipe(() => failing([HELLO_WORLD], GONE))],
    [
      'a destroy() without an error, as Fastify does',
      (res) => {
        const source = Readable.from(failing([HELLO_WORLD], GONE));
        source.on('error', () => res.destroy()).pipe(res as never);
      },
    ],
    [
      '.pipe, and nobody listens',
      (res) => {
        Readable.from(failing([HELLO_WORLD], GONE))
          .on('error', () => {})
          .pipe(res as never);
      },
    ],
    [
      'several texts that wait for one another',
      (res) => {
        for (const text of HELLO_WORLD) res.write(text);
        res.destroy(GONE);
      },
    ],
    [
      'a stream that somebody has corked',
      (res) => {
        res.stream.cork();
        res.write(HELLO_WORLD);
        res.destroy(GONE);
      },
    ],
    [
      'a handler that goes on after it',
      (res) => {
        res.write(HELLO_WORLD);
        res.destroy(GONE);
        res.write('Something broke!');
        res.end('Something broke!');
        res.destroy();
      },
    ],
  ])('a failed body: %s', async (_how, handler) => {
    const { body, trailers, rstCode } = await observe(await sealing(handler), asked);
    const code = failed === undefined ? INTERNAL_ERROR : NO_ERROR;
    expect({ body, trailers, rstCode }).toEqual({ body: HELLO_WORLD, trailers: failed, rstCode: code });
  });

  test('all that was written before a failure arrives', async () => {
    expect((await observe(await sealing(failsAfterBlock), asked)).body.length).toBe(BLOCK.length);
  });

  test('nothing sent yet: 500 with problem+json', async () => {
    const port = await sealing((res) => {
      res.setHeader('ETag', '"a"');
      pipeline(failing([], GONE) as never, res as never, () => {});
    });
    const { head, body, rstCode } = await observe(port, asked);
    expect(head).toMatchObject({ ':status': 500, 'content-type': 'application/problem+json' });
    expect(head).not.toHaveProperty('etag');
    expect(body).toContain('"status":500');
    expect(rstCode).toBe(NO_ERROR);
  });

  test('a destroy without an error before the head is no end', async () => {
    const { head, rstCode } = await observe(await sealing((res) => res.destroy()), asked);
    expect({ head, rstCode }).toEqual({ head: {}, rstCode: INTERNAL_ERROR });
  });
});

test('every way to write, to end and to say the head', async () => {
  const port = await sealing((res, { url }) => {
    if (url === '/end') return void res.end(HELLO_WORLD);
    if (url === '/callback') {
      res.write(HELLO_WORLD);
      return void res.end(() => {});
    }
    res.writeHead(200, { Vary: 'Accept', 'X-A': ['1', '2'], Trailer: 'X-Rows' });
    res.addTrailers({ 'X-Rows': '1', 'Set-Cookie': 'a=1' }); // which never trails (RFC 9110 §6.5.1)
    res.write(HELLO_WORLD.slice(0, 5), 'latin1');
    res.write(Buffer.from(HELLO_WORLD.slice(5)), () => {});
    res.end('', 'utf8', () => {});
  });
  expect((await observe(port, { ...BOTH, ':path': '/end' })).trailers).toEqual(OK);
  expect((await observe(port, { ...BOTH, ':path': '/callback' })).trailers).toEqual(OK);
  const { head, trailers } = await observe(port, BOTH);
  expect(head).toMatchObject({
    vary: 'Accept, X-Want-Stream-Status',
    trailer: 'X-Stream-Status, Content-Digest, X-Rows',
  });
  expect(trailers).toEqual({ ...OK, 'x-rows': '1' });
});

test.each<[string, Handler, object]>([
  ['no content', (res) => void res.end(), {}],
  ['HEAD', (res) => void res.end(HELLO_WORLD), { ':method': 'HEAD' }],
  ['204', (res) => void res.writeHead(204).end(), {}],
  ['a Content-Length', (res) => void res.writeHead(200, { 'Content-Length': '19' }).end(HELLO_WORLD), {}],
  ['the seal of somebody else', (res) => void res.writeHead(200, { Trailer: 'x-stream-status' }).end(HELLO_WORLD), {}],
])('left alone: %s', async (_title, handler, headers) => {
  const { head, trailers, rstCode } = await observe(await sealing(handler), { ...BOTH, ...headers });
  expect(head.trailer).not.toBe('X-Stream-Status, Content-Digest');
  expect({ trailers, rstCode }).toEqual({ trailers: undefined, rstCode: NO_ERROR });
});

test('respond(seal(res)) takes it off, and verify agrees', async () => {
  const port = await sealing((res) => {
    const response = respond(res, { headers: { 'X-By': 'respond' } });
    seal(res); // too late
    pipeline(Readable.from([HELLO_WORLD]), response, () => {});
  });
  const stream = request(port, BOTH);
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  expect(headers).toMatchObject({ 'x-by': 'respond', trailer: 'X-Stream-Status, Content-Digest' });
  const body = verify(stream, { headers });
  body.resume();
  expect((await body.verdict).kind).toBe('complete');
});

test.each([
  ['stream.close()', (res: Http2ServerResponse) => res.stream.close()],
  ['stream.destroy()', (res: Http2ServerResponse) => res.stream.destroy()],
])('%s of an open body, which would send NO_ERROR, is no end', async (_name, close) => {
  const port = await sealing((res) => {
    res.write('hello');
    void until(() => res.headersSent).then(() => close(res));
  });
  expect(await observe(port, {})).toMatchObject({ body: 'hello', rstCode: INTERNAL_ERROR });
  expect((await observe(port, BOTH)).trailers).toMatchObject({ 'x-stream-status': 'error;bytes=5;type=cancelled' });
});

describe('a bare stream', () => {
  type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

  async function sealingStreams(onStream: OnStream, options: SealingOptions = {}): Promise<number> {
    const server = http2.createServer();
    server.on('stream', (stream, headers) => {
      const request = { method: headers[':method'], httpVersion: '2.0', headers };
      onStream(seal(stream, { request, ...options }), headers);
    });
    return listenHttp2(server);
  }

  describe.each(CLIENTS)('a client that asks for %s', (_title, asked, whole, failed) => {
    test.each<[string, OnStream]>([
      ['respond without waitForTrailers', (stream) => stream.respond({ ':status': 200 })],
      ['with it, and nobody listens', (stream) => stream.respond({ ':status': 200 }, { waitForTrailers: true })],
      ['no respond at all', () => {}],
    ])('a good body: %s', async (_how, begin) => {
      const port = await sealingStreams((stream, headers) => {
        begin(stream, headers);
        stream.write(HELLO_WORLD.slice(0, 5));
        stream.end(HELLO_WORLD.slice(5));
      });
      const { body, trailers, rstCode, head } = await observe(port, asked);
      expect({ body, trailers, rstCode }).toEqual({ body: HELLO_WORLD, trailers: whole, rstCode: NO_ERROR });
      expect(head.trailer).toBe(whole && 'X-Stream-Status, Content-Digest');
    });

    test.each<[string, OnStream]>([
      ['pipeline', (stream) => pipeline(failing([HELLO_WORLD], GONE) as never, stream, () => {})],
      [
        'destroy(error), and the handler goes on',
        (stream) => {
          stream.write(HELLO_WORLD);
          stream.destroy(GONE);
          stream.write('Something broke!');
          stream.end('Something broke!');
          stream.destroy();
          stream.close();
        },
      ],
      [
        '.pipe, and nobody listens',
        (stream) => {
          Readable.from(failing([HELLO_WORLD], GONE))
            .on('error', () => {})
            .pipe(stream);
        },
      ],
    ])('a failed body: %s', async (_how, handler) => {
      const seen: unknown[] = [];
      const port = await sealingStreams((stream, headers) => {
        stream.on('error', (error) => seen.push(error)).on('close', () => seen.push('close'));
        handler(stream, headers);
      });
      const { body, trailers, rstCode } = await observe(port, asked);
      const code = failed === undefined ? INTERNAL_ERROR : NO_ERROR;
      expect({ body, trailers, rstCode }).toEqual({ body: HELLO_WORLD, trailers: failed, rstCode: code });
      await until(() => seen.includes('close'));
      expect(seen).toEqual([GONE, 'close']);
    });

    test('all that was written before a failure arrives', async () => {
      expect((await observe(await sealingStreams(failsAfterBlock), asked)).body.length).toBe(BLOCK.length);
    });

    test('nothing sent yet: 500 with problem+json', async () => {
      const port = await sealingStreams((stream) => pipeline(failing([], GONE) as never, stream, () => {}));
      const { head, body } = await observe(port, asked);
      expect(head).toMatchObject({ ':status': 500, 'content-type': 'application/problem+json' });
      expect(body).toContain('"status":500');
    });

    test('another code of the application is its own', async () => {
      const port = await sealingStreams((stream) => {
        stream.on('error', () => {}).write(HELLO_WORLD, () => stream.close(11));
      });
      expect(await observe(port, asked)).toMatchObject({ body: HELLO_WORLD, trailers: undefined, rstCode: 11 });
    });
  });

  test.each<[string, OnStream]>([
    ['sendTrailers', (stream) => void stream.on('wantTrailers', () => stream.sendTrailers({ 'X-Rows': '1' }))],
    [
      'sendTrailers, later',
      (stream) => void stream.on('wantTrailers', () => setTimeout(() => stream.sendTrailers({ 'x-rows': '1' }), 20)),
    ],
  ])("the application's own trailers: %s", async (_how, listen) => {
    const port = await sealingStreams((stream, headers) => {
      listen(stream, headers);
      stream.respond({ ':status': 200, Trailer: 'X-Rows' }, { waitForTrailers: true });
      stream.end(HELLO_WORLD);
    });
    const { head, trailers } = await observe(port, BOTH);
    expect(head.trailer).toBe('X-Stream-Status, Content-Digest, X-Rows');
    expect(trailers).toEqual({ ...OK, 'x-rows': '1' });
    expect((await observe(port, {})).trailers).toEqual({ 'x-rows': '1' });
  });

  test("close() in 'wantTrailers', which says that there are none, leaves the seal", async () => {
    const port = await sealingStreams((stream) => {
      stream.on('wantTrailers', () => stream.close());
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.end(HELLO_WORLD);
    });
    expect(await observe(port, BOTH)).toMatchObject({ body: HELLO_WORLD, trailers: OK, rstCode: NO_ERROR });
    expect(await observe(port, {})).toMatchObject({ body: HELLO_WORLD, trailers: undefined, rstCode: NO_ERROR });
  });

  test('a file that Node sends is left alone', async () => {
    const port = await sealingStreams((stream) => stream.respondWithFile(import.meta.filename));
    const { head, trailers, body } = await observe(port, BOTH);
    expect(body).toContain('a file that Node sends');
    expect({ trailer: head.trailer, trailers }).toEqual({ trailer: undefined, trailers: undefined });
  });

  test('a client that resets, and a session that is destroyed, end no process', async () => {
    const closed: number[] = [];
    const port = await sealingStreams((stream) => {
      stream.write(HELLO_WORLD);
      stream.on('close', () => closed.push(stream.rstCode));
    });
    const stream = request(port, BOTH);
    await once(stream, 'data');
    stream.close(8);
    await until(() => closed.length === 1);
    const other = request(port, BOTH);
    await once(other, 'data');
    other.session!.destroy();
    await until(() => closed.length === 2);
  });

  test('without the request that is answered', async () => {
    const server = http2.createServer();
    const thrown = new Promise((resolve) => {
      server.on('stream', (stream) => {
        try {
          seal(stream);
        } catch (error) {
          resolve(error);
        }
        stream.respond();
        stream.end();
      });
    });
    await observe(await listenHttp2(server), {});
    expect(await thrown).toBeInstanceOf(TypeError);
  });

  test('respond(seal(stream)) takes it off', async () => {
    const server = http2.createServer();
    server.on('stream', (stream, headers) => {
      const request = { method: headers[':method'], httpVersion: '2.0', headers };
      pipeline(Readable.from([HELLO_WORLD]), respond(seal(stream, { request }), { request }), () => {});
    });
    expect(await observe(await listenHttp2(server), BOTH)).toMatchObject({ body: HELLO_WORLD, trailers: OK });
  });
});

test('a session that the server destroys is no end of an open body', async () => {
  const port = await sealing((res) => {
    res.write('hello');
    void until(() => res.headersSent).then(() => res.stream.session!.destroy());
  });
  expect((await observe(port, {})).rstCode).not.toBe(NO_ERROR);
});

test('a body that was ended and then destroyed leaves first', async () => {
  const block = Buffer.alloc(3_000_000, 'x');
  const port = await sealing((res) => {
    res.end(block);
    res.destroy();
  });
  for (const asked of [BOTH, {}]) {
    const { body, rstCode } = await observe(port, asked);
    expect({ length: body.length, rstCode }).toEqual({ length: block.length, rstCode: NO_ERROR });
  }
});

test('a thousand streams of one session', async () => {
  const server = http2.createServer({ settings: { maxConcurrentStreams: 1000 } }, (_req, res) => {
    pipeline(Readable.from([HELLO_WORLD]), seal(res), () => {});
  });
  const session = http2.connect(`http://127.0.0.1:${await listenHttp2(server)}`).setMaxListeners(0);
  onTestFinished(() => session.destroy());
  await once(session, 'remoteSettings');
  const statuses = Array.from({ length: 1000 }, async () => {
    const [trailers] = await once(session.request({ ':path': '/', ...BOTH }).resume(), 'trailers');
    return trailers['x-stream-status'];
  });
  expect(new Set(await Promise.all(statuses))).toEqual(new Set([OK['x-stream-status']]));
});
