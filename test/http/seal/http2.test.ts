/**
 * Strategy: the endings over HTTP/2 as in test/http/http2.test.ts, with `seal(res)` and handlers that know nothing of it; by
 * an observer who reads streams by their events, and by `verify`.
 */
import { once } from 'node:events';
import http2, { type Http2ServerRequest, type Http2ServerResponse, type IncomingHttpHeaders } from 'node:http2';
import { pipeline, Readable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { verify } from '../../../src/node/receive/verify.ts';
import { type SealingOptions, seal } from '../../../src/node/seal/seal.ts';
import { respond } from '../../../src/node/send/respond.ts';
import { HELLO_WORLD, HELLO_WORLD_SHA_256 } from '../../support/hashing.ts';
import { failing, listenHttp2 } from '../../support/servers.ts';

const GONE = new Error('the disk is gone');
const OK = { 'x-stream-status': 'ok;bytes=19', 'content-digest': HELLO_WORLD_SHA_256 };
const FAILED = { ...OK, 'x-stream-status': 'error;bytes=19;type=source_error' };
const NO_ERROR = 0;
const INTERNAL_ERROR = 2;
const BOTH = { te: 'trailers', 'x-want-stream-status': '?1' };

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

describe.each([
  ['both', BOTH, OK, FAILED],
  ['trailers', { te: 'trailers' }, OK, undefined],
  ['the status', { 'x-want-stream-status': '?1' }, undefined, undefined],
  ['nothing', {}, undefined, undefined],
])('a client that asks for %s', (_title, asked, whole, failed) => {
  test('a good body', async () => {
    const port = await sealing(pipe(() => Readable.from([HELLO_WORLD])));
    const { head, body, trailers, rstCode } = await observe(port, asked);
    expect({ body, trailers, rstCode }).toEqual({ body: HELLO_WORLD, trailers: whole, rstCode: NO_ERROR });
    expect(head.trailer).toBe(whole && 'X-Stream-Status, Content-Digest');
    expect(head.vary).toBe(failed && 'X-Want-Stream-Status');
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
    const block = Buffer.alloc(4 * 1024 * 1024, 'x');
    const port = await sealing((res) => {
      res.write(block);
      res.destroy(GONE);
    });
    expect((await observe(port, asked)).body.length).toBe(block.length);
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
    res.addTrailers({ 'X-Rows': '1' });
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
    setTimeout(close, 20, res);
  });
  expect(await observe(port, {})).toMatchObject({ body: 'hello', rstCode: INTERNAL_ERROR });
  expect((await observe(port, BOTH)).trailers).toMatchObject({ 'x-stream-status': 'error;bytes=5;type=cancelled' });
});
