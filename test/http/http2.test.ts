/**
 * Strategy: the endings over HTTP/2 (x-stream-status 3), on the compatibility API and on bare streams, as an observer sees
 * them who reads streams by their events; and what `verify` concludes of the same.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import http2, { type ClientHttp2Stream, type Http2ServerResponse, type IncomingHttpHeaders } from 'node:http2';
import { pipeline, Readable, Writable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { requestHeaders } from '../../src/node/head/request-headers.ts';
import { verify } from '../../src/node/receive/verify.ts';
import { type RespondOptions, respond } from '../../src/node/send/respond.ts';
import { stopClock } from '../support/clock.ts';
import { HELLO_WORLD, HELLO_WORLD_SHA_256 } from '../support/hashing.ts';
import { ask, failing, listenHttp2, type Source, serve, stuck, until } from '../support/servers.ts';

const GONE = new Error('the disk is gone');
const OK = { 'x-stream-status': 'ok;bytes=19', 'content-digest': HELLO_WORLD_SHA_256 };
const FAILED = { ...OK, 'x-stream-status': 'error;bytes=19;type=source_error' };
const NO_ERROR = 0;
const INTERNAL_ERROR = 2;

interface Serving {
  port: number;
  /** What `pipeline` called back with. */
  outcomes: (Error | undefined)[];
}

type Start = (
  source: () => Source,
  options?: RespondOptions,
  prepare?: (res: Http2ServerResponse) => void,
) => Promise<Serving>;

const onResponses: Start = async (source, options, prepare = () => {}) => {
  const outcomes: (Error | undefined)[] = [];
  const server = http2.createServer((_, res) => {
    prepare(res);
    pipeline(source() as Readable, respond(res, options), (error) => outcomes.push(error ?? undefined));
  });
  return { port: await listenHttp2(server), outcomes };
};

const onStreams: Start = async (source, options) => {
  const outcomes: (Error | undefined)[] = [];
  const server = http2.createServer();
  server.on('stream', (stream, headers) => {
    const request = { method: headers[':method'], httpVersion: '2.0', headers };
    pipeline(source() as Readable, respond(stream, { request, ...options }), (error) =>
      outcomes.push(error ?? undefined),
    );
  });
  return { port: await listenHttp2(server), outcomes };
};

interface Seen {
  head: IncomingHttpHeaders;
  body: string;
  trailers: IncomingHttpHeaders | undefined;
  rstCode: number;
  error: unknown;
}

function connect(port: number) {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  session.on('error', () => {});
  onTestFinished(() => session.destroy());
  return session;
}

const WANT = { 'x-want-stream-status': '?1' };
const BOTH = { te: 'trailers', ...WANT };

async function observe(port: number, headers: object): Promise<Seen> {
  const stream = connect(port).request({ ':path': '/', ...headers });
  const seen: Seen = { head: {}, body: '', trailers: undefined, rstCode: -1, error: undefined };
  stream.on('response', (head) => (seen.head = head));
  stream.on('trailers', ({ 'x-stream-status': status, 'content-digest': digest }) => {
    seen.trailers = { 'x-stream-status': status, 'content-digest': digest };
  });
  stream.on('data', (data) => (seen.body += data));
  stream.on('error', (error) => (seen.error = error));
  stream.end();
  await new Promise((resolve) => stream.once('close', resolve));
  return { ...seen, rstCode: stream.rstCode };
}

async function verified(port: number, headers: object = requestHeaders({ connection: false })) {
  const stream = connect(port).request({ ':path': '/', ...headers });
  stream.on('error', () => {});
  const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  return judged(stream, head);
}

async function judged(stream: ClientHttp2Stream, head: IncomingHttpHeaders) {
  const body = verify(stream, { headers: head });
  let text = '';
  const error = await new Promise<Error | undefined>((resolve) => {
    const sink = new Writable({
      write(data, _encoding, callback) {
        text += data;
        callback();
      },
    });
    pipeline(body, sink, (cause) => resolve(cause ?? undefined));
  });
  const { kind, status, error: framing } = await body.verdict;
  return { kind, type: status?.kind === 'error' ? status.type : undefined, text, error, framing };
}

describe.each<[string, Start]>([
  ['the compatibility API', onResponses],
  ['a bare stream', onStreams],
])('%s', (_, start) => {
  test.each([
    ['both', BOTH, OK, FAILED],
    ['trailers', { te: 'trailers' }, OK, undefined],
    ['the status', WANT, undefined, undefined],
    ['nothing', {}, undefined, undefined],
  ])('a client that asks for %s', async (_title, asked, whole, failed) => {
    let isFirst = true;
    const { port, outcomes } = await start(() => {
      const source = isFirst ? Readable.from([HELLO_WORLD]) : failing([HELLO_WORLD], GONE);
      isFirst = false;
      return source as Source;
    });
    const good = await observe(port, asked);
    expect(good).toMatchObject({ body: HELLO_WORLD, trailers: whole, rstCode: NO_ERROR, error: undefined });
    expect(good.head.trailer).toBe(whole && 'X-Stream-Status, Content-Digest');
    expect(good.head.vary).toBe(failed && 'X-Want-Stream-Status');
    const bad = await observe(port, asked);
    const rstCode = failed === undefined ? INTERNAL_ERROR : NO_ERROR;
    expect(bad).toMatchObject({ body: HELLO_WORLD, trailers: failed, rstCode });
    expect(bad.error === undefined).toBe(failed !== undefined);
    expect(outcomes).toEqual([undefined, GONE]);
  });

  test('verify concludes: complete, failed and why, truncated', async () => {
    const sources = [Readable.from([HELLO_WORLD]), failing([HELLO_WORLD], GONE), failing([HELLO_WORLD], GONE)];
    const { port } = await start(() => sources.shift() as Source);
    expect(await verified(port)).toMatchObject({ kind: 'complete', text: HELLO_WORLD, error: undefined });
    expect(await verified(port)).toMatchObject({ kind: 'failed', type: 'source_error', text: HELLO_WORLD });
    expect(await verified(port, {})).toMatchObject({ kind: 'truncated', text: HELLO_WORLD });
  });

  test('nothing sent yet: 500 with problem+json, whoever asks', async () => {
    const { port } = await start(() => failing([], GONE), { headers: { ETag: '"a"' } });
    for (const asked of [BOTH, {}]) {
      const { head, body, rstCode } = await observe(port, asked);
      expect(head).toMatchObject({ ':status': 500, 'content-type': 'application/problem+json' });
      expect(head).not.toHaveProperty('etag');
      expect(body).toContain('"status":500');
      expect(rstCode).toBe(NO_ERROR);
    }
  });

  test.each([
    ['HEAD', { ':method': 'HEAD' }, 200],
    ['204', {}, 204],
    ['304', {}, 304],
  ])('%s: no content, no trailers, no Trailer', async (_title, headers, status) => {
    const { port } = await start(() => Readable.from([HELLO_WORLD]), { status });
    const { head, body, trailers, rstCode } = await observe(port, { ...BOTH, ...headers });
    expect(head).toMatchObject({ ':status': status });
    expect(head).not.toHaveProperty('trailer');
    expect({ body, trailers, rstCode }).toEqual({ body: '', trailers: undefined, rstCode: NO_ERROR });
  });

  test('a length that is known: a Content-Length for whoever did not ask, X-Stream-Length for who did', async () => {
    const { port } = await start(() => Readable.from([HELLO_WORLD]), { length: 19 });
    expect((await observe(port, {})).head['content-length']).toBe('19');
    expect((await observe(port, BOTH)).head['x-stream-length']).toBe('19');
  });

  test('all that was written before a failure arrives, at a slow reader, before the reset', async () => {
    const block = Buffer.alloc(65_536, 'x');
    const { port } = await start(() => failing(Array(64).fill(block), GONE) as Source);
    const stream = connect(port).request({ ':path': '/' });
    let length = 0;
    stream.on('error', () => {});
    await once(stream, 'response');
    await new Promise((resolve) => setTimeout(resolve, 50)); // its window is full
    stream.on('data', (data) => (length += data.length));
    await new Promise((resolve) => stream.once('close', resolve));
    expect(length).toBe(64 * 65_536);
    expect(stream.rstCode).toBe(INTERNAL_ERROR);
  });

  test('a reader that takes nothing more is reset when its time is over', async () => {
    const endless = () =>
      new Readable({
        read() {
          this.push(Buffer.alloc(65_536));
        },
      });
    const pass = stopClock();
    const { port, outcomes } = await start(endless, { idleTimeout: 1000, lingerTimeout: 50 });
    const stream = connect(port).request({ ':path': '/' });
    stream.on('error', () => {});
    await once(stream, 'response');
    pass(10_000);
    await new Promise((resolve) => stream.once('close', resolve));
    expect(stream.rstCode).not.toBe(NO_ERROR);
    expect(outcomes[0]).toMatchObject({ code: 'ETIMEDOUT' });
  });

  test('what waits to be taken is no progress', async () => {
    const pass = stopClock();
    const source = new Readable({ read() {} });
    const { port } = await start(() => source, { idleTimeout: 60_000 });
    const stream = connect(port).request({ ':path': '/' });
    stream.on('error', () => {});
    source.push(Buffer.alloc(131_072)); // twice its window
    await once(stream, 'response');
    pass(60_000);
    pass(5000); // the time to leave
    await until(() => source.destroyed);
    stream.close();
  });

  test('a client that leaves: the source is let go', async () => {
    const source = stuck();
    const { port } = await start(() => source);
    const stream = connect(port).request({ ':path': '/', ...BOTH });
    stream.on('error', () => {});
    await once(stream, 'data');
    stream.close(8);
    if (!source.closed) await new Promise((resolve) => source.once('close', resolve));
    expect(source.destroyed).toBe(true);
  });
});

test('trailers of the application’s own, fields set on the response, and what must not be set', async () => {
  const extraTrailers = { names: ['X-Rows'], fields: () => [['X-Rows', '1']] as [string, string][] };
  const { port } = await onResponses(
    () => Readable.from([HELLO_WORLD]),
    { extraTrailers },
    (res) => {
      res.setHeader('Vary', 'Accept');
      res.statusCode = 203;
    },
  );
  const stream = connect(port).request({ ':path': '/', ...BOTH });
  const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  expect(head).toMatchObject({ ':status': 203, vary: 'Accept, X-Want-Stream-Status' });
  stream.resume();
  const [trailers] = (await once(stream, 'trailers')) as [IncomingHttpHeaders];
  expect(trailers).toMatchObject({ ...OK, 'x-rows': '1' });
});

test.each<[string, (res: Http2ServerResponse) => void]>([
  ['ends', (res) => void res.end()],
  ['ends with a text', (res) => void res.end('Something broke!')],
  ['writes', (res) => void res.write('Something broke!')],
  ['destroys', (res) => void (res as unknown as { destroy(): void }).destroy()],
])('an error handler that %s the response reaches nothing of the ending', async (_title, handle) => {
  const server = http2.createServer((_, res) => {
    pipeline(Readable.from(failing([HELLO_WORLD], GONE)), respond(res), () => handle(res));
  });
  const port = await listenHttp2(server);
  expect(await verified(port)).toMatchObject({ kind: 'failed', type: 'source_error', text: HELLO_WORLD });
  expect(await observe(port, {})).toMatchObject({ body: HELLO_WORLD, rstCode: INTERNAL_ERROR });
});

test('an answer of somebody else in the tick in which content was written ends it as a failure', async () => {
  const errors: Error[] = [];
  const server = http2.createServer((_, res) => {
    respond(res)
      .on('error', (error) => errors.push(error))
      .write(HELLO_WORLD);
    res.end('Something broke!');
  });
  const port = await listenHttp2(server);
  expect(await verified(port)).toMatchObject({ kind: 'failed', type: 'source_error', text: HELLO_WORLD });
  expect(await observe(port, {})).toMatchObject({ body: HELLO_WORLD, rstCode: INTERNAL_ERROR });
  expect(errors).toHaveLength(2);
});

test.each([
  ['stream.close()', (res: Http2ServerResponse) => res.stream.close()],
  ['stream.destroy()', (res: Http2ServerResponse) => res.stream.destroy()],
])('%s of an open body by somebody else, which would send NO_ERROR, is no end', async (_name, close) => {
  const { port } = await onResponses(
    () => stuck(),
    {},
    (res) => void until(() => res.headersSent).then(() => close(res)),
  );
  expect(await observe(port, {})).toMatchObject({ body: 'data', rstCode: INTERNAL_ERROR });
  expect((await observe(port, BOTH)).trailers).toMatchObject({
    'x-stream-status': expect.stringMatching(/^error;bytes=4;/),
  });
});

test('one handler, without a branch, for HTTP/1.1 and HTTP/2, as under allowHTTP1', async () => {
  const handler = (_: unknown, res: ServerResponse | Http2ServerResponse) => {
    pipeline(Readable.from([HELLO_WORLD]), respond(res), () => {});
  };
  expect(await verified(await listenHttp2(http2.createServer(handler)))).toMatchObject({ kind: 'complete' });
  const { port } = await serve(handler);
  const kind = await ask({ port, headers: requestHeaders() }, async (message) => {
    const body = verify(message);
    body.resume();
    return (await body.verdict).kind;
  });
  expect(kind).toBe('complete');
});

describe('verify, of streams as nobody should end them', () => {
  async function against(onStream: (stream: http2.ServerHttp2Stream) => void) {
    const server = http2.createServer();
    server.on('stream', (stream) => {
      stream.on('error', () => {});
      onStream(stream);
    });
    return verified(await listenHttp2(server));
  }
  const HEAD = { ':status': 200, trailer: 'X-Stream-Status' };

  test('reset with NO_ERROR, which Node reports as an end', async () => {
    const { kind } = await against((stream) => {
      stream.respond({ ':status': 200 });
      stream.write(HELLO_WORLD, () => stream.destroy());
    });
    expect(kind).toBe('truncated');
  });

  test('reset with CANCEL', async () => {
    const { kind, text } = await against((stream) => {
      stream.respond(HEAD, { waitForTrailers: true });
      stream.write(HELLO_WORLD, () => stream.close(8));
    });
    expect({ kind, text }).toEqual({ kind: 'truncated', text: HELLO_WORLD });
  });

  test('the connection is lost', async () => {
    const { kind } = await against((stream) => {
      stream.respond(HEAD, { waitForTrailers: true });
      stream.write(HELLO_WORLD, () => stream.session!.destroy());
    });
    expect(kind).toBe('truncated');
  });

  test('ended, without what was announced', async () => {
    const { kind, error } = await against((stream) => {
      stream.respond(HEAD);
      stream.end(HELLO_WORLD);
    });
    expect({ kind, code: (error as NodeJS.ErrnoException).code }).toEqual({
      kind: 'unverified',
      code: 'ERR_BODY_UNVERIFIED',
    });
  });

  test('ended, and nothing was announced: unverified, which ends', async () => {
    const { kind, error } = await against((stream) => {
      stream.respond({ ':status': 200 });
      stream.write(HELLO_WORLD, () => stream.end());
    });
    expect({ kind, error }).toEqual({ kind: 'unverified', error: undefined });
  });

  test('another count', async () => {
    const { kind } = await against((stream) => {
      stream.respond(HEAD, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-stream-status': 'ok;bytes=20' }));
      stream.end(HELLO_WORLD);
    });
    expect(kind).toBe('mismatch');
  });

  test('cancelled by the reader: abandoned, and the peer hears of it', async () => {
    let onAborted!: () => void;
    const aborted = new Promise<void>((resolve) => {
      onAborted = resolve;
    });
    const server = http2.createServer();
    server.on('stream', (stream) => {
      stream.on('error', () => {}).on('close', onAborted);
      stream.respond(HEAD, { waitForTrailers: true });
      stream.write(HELLO_WORLD);
    });
    const stream = connect(await listenHttp2(server)).request({ ':path': '/' });
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    const body = verify(stream, { headers });
    await once(body, 'data');
    body.destroy();
    expect((await body.verdict).kind).toBe('abandoned');
    await aborted;
  });

  test('without the head: a TypeError', async () => {
    const server = http2.createServer((_, res) => void res.end());
    const stream = connect(await listenHttp2(server)).request({ ':path': '/' });
    stream.on('error', () => {});
    expect(() => verify(stream)).toThrow(TypeError);
  });
});

test('a hook that throws once: the error response has no field of the response that was meant', async () => {
  const prepare = (res: Http2ServerResponse) => {
    const { writeHead } = res;
    let isFirst = true;
    res.writeHead = ((...args: Parameters<typeof writeHead>) => {
      if (!isFirst) return writeHead.apply(res, args);
      isFirst = false;
      throw new Error('the hook is broken');
    }) as typeof writeHead;
  };
  const options = { headers: { 'X-Rows': '7' } };
  const { port } = await onResponses(() => Readable.from([HELLO_WORLD]), options, prepare);
  const { head } = await observe(port, BOTH);
  expect(head).toMatchObject({ ':status': 500 });
  expect(Object.keys(head)).not.toEqual(expect.arrayContaining(['x-rows']));
  expect(head).not.toHaveProperty('trailer');
});

const curl = spawnSync('curl', ['--version'], { encoding: 'utf8' });
const hasHttp2 = curl.status === 0 && /^Features:.*\bHTTP2\b/m.test(curl.stdout);
if (!hasHttp2) console.warn('SKIPPED: what curl concludes over HTTP/2: there is no curl with HTTP/2 on this machine');

test.runIf(hasHttp2)('curl takes a whole body for whole, and a failed one for failed', async () => {
  const sources = [Readable.from([HELLO_WORLD]), failing([HELLO_WORLD], GONE)];
  const { port } = await onResponses(() => sources.shift() as Source);
  const run = async () => {
    const { spawn } = await import('node:child_process');
    const child = spawn('curl', ['-s', '--http2-prior-knowledge', `http://127.0.0.1:${port}/`]);
    let text = '';
    child.stdout.on('data', (data) => (text += data));
    const [code] = (await once(child, 'close')) as [number];
    return { code, text };
  };
  expect(await run()).toEqual({ code: 0, text: HELLO_WORLD });
  expect(await run()).toMatchObject({ code: 92 }); // CURLE_HTTP2_STREAM
});
