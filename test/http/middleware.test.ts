/**
 * Strategy: middleware that replaces `res.write`, as `compression` and recorders do. It may change or keep the content, so
 * Node frames, the seal vouches for the end alone, and no failure ends cleanly. Two small ones: one that only counts, one that compresses
 * the way `compression` does (zlib is asynchronous: what it holds comes out later).
 */
import { pbkdf2 } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { constants, createGzip, gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { respond } from '../../src/node/send/respond.ts';
import {
  ABORT_CHUNK,
  ASKING,
  AWARE,
  dial,
  get,
  LAST_CHUNK,
  messageFrom,
  OLD,
  PLAIN,
  TRAILERS,
  unchunk,
} from '../support/dial.ts';
import { latin1, octets as octetsOf } from '../support/octets.ts';
import { type Answer, begin, failing, type Source, serve } from '../support/servers.ts';

const pbkdf2Async = promisify(pbkdf2);

type Middleware = (res: ServerResponse) => void;

/** Passes everything on as it came. */
const recorder: Middleware = (res) => {
  const { write } = res;
  res.write = ((...args: Parameters<typeof write>) => write.apply(res, args)) as typeof write;
};

/** Compresses what is written, on the pattern of `compression` 1.8. */
const compressor: Middleware = (res) => {
  const { write, end, writeHead } = res;
  const gzip = createGzip();
  let isEncoding = false;
  res.writeHead = ((...args: Parameters<typeof writeHead>) => {
    if (!res.hasHeader('Content-Length')) {
      isEncoding = true;
      res.setHeader('Content-Encoding', 'gzip');
    }
    return writeHead.apply(res, args);
  }) as typeof writeHead;
  res.write = ((data: Buffer, callback?: () => void) => {
    if (!res.headersSent) res.writeHead(res.statusCode);
    return isEncoding ? gzip.write(data, callback) : write.call(res, data, callback as never);
  }) as typeof write;
  res.end = ((...args: unknown[]) => {
    if (!res.headersSent) res.writeHead(res.statusCode);
    if (!isEncoding) return end.apply(res, args as never);
    const callback = args.find((one) => typeof one === 'function');
    if (callback !== undefined) res.once('finish', callback as () => void);
    gzip.end();
    return res;
  }) as typeof end;
  (res as { flush?: () => void }).flush = () => gzip.flush();
  gzip.on('drain', () => res.emit('drain'));
  gzip.on('data', (data) => {
    if (!write.call(res, data, undefined as never)) gzip.pause();
  });
  gzip.on('end', () => (end as () => void).call(res));
  res.on('drain', () => gzip.resume());
};

/** One answer behind the middleware. */
async function behind(middleware: Middleware, source: Source) {
  const answers: Answer[] = [];
  const { port } = await serve((_: IncomingMessage, res) => {
    middleware(res);
    answers.push(begin(answers.length === 0 ? source : Readable.from(['again']), respond(res)));
  });
  return { port, answers };
}

const TEXT = 'a line of the export\n'.repeat(10_000);

/** What a prefix of a gzip stream holds. */
function gunzipPrefix(coded: string): string {
  return latin1(gunzipSync(octetsOf(coded), { finishFlush: constants.Z_SYNC_FLUSH }));
}

describe.each([
  ['a recorder', recorder, (coded: string) => coded, (coded: string) => coded],
  ['a compressor', compressor, (coded: string) => latin1(gunzipSync(octetsOf(coded))), gunzipPrefix],
])('behind %s', (_name, middleware, decode, decodePrefix) => {
  test.each([
    ['asks for everything', AWARE],
    ['asks for trailers', TRAILERS],
  ])(
    'a good body for a client that %s: a status without bytes, no digest; the connection is kept',
    async (_, request) => {
      const { port, answers } = await behind(middleware, Readable.from([TEXT]));
      const wire = dial(port, request);
      const { fields, body } = messageFrom(await wire.until('X-Stream-Status: ok\r\n\r\n'));
      expect(fields.trailer).toEqual(['X-Stream-Status']);
      const { data, rest } = unchunk(body);
      expect(decode(data) === TEXT).toBe(true);
      expect(rest).toBe('0\r\nX-Stream-Status: ok\r\n\r\n');
      expect(await answers[0]!.outcome).toBeUndefined();
      expect(answers[0]!.response.ending).toBe('trailers');
      wire.send(PLAIN);
      expect(decode(unchunk(messageFrom(await wire.until(LAST_CHUNK)).body).data)).toBe('again');
    },
  );

  test('a good body for a client that asks for nothing', async () => {
    const { port } = await behind(middleware, Readable.from([TEXT]));
    const { fields, body } = messageFrom(await dial(port, PLAIN).until(LAST_CHUNK));
    expect(fields).not.toHaveProperty('trailer');
    const { data, rest } = unchunk(body);
    expect(decode(data) === TEXT).toBe(true);
    expect(rest).toBe(LAST_CHUNK);
  });

  test('HTTP/1.0: a body up to FIN', async () => {
    const { port } = await behind(middleware, Readable.from([TEXT]));
    const { octets, end } = await dial(port, OLD).closed();
    expect(decode(messageFrom(octets).body) === TEXT).toBe(true);
    expect(end).toBe('FIN');
  });

  // A clean end could be recorded, and given to others as a whole body.
  test.each([
    ['asks for everything', AWARE, '', 'cut'],
    ['asks for trailers', TRAILERS, '', 'cut'],
    ['reads the status', ASKING, ABORT_CHUNK, 'abort'],
    ['asks for nothing', PLAIN, '', 'cut'],
    ['asks for nothing and says close', get('Connection: close\r\n'), '', 'cut'],
  ])('a failure for a client that %s: all that was written, then FIN', async (_, request, line, ending) => {
    const { port, answers } = await behind(middleware, failing([TEXT]));
    const { octets, end } = await dial(port, request).closed();
    const { fields, body } = messageFrom(octets);
    expect(fields.connection).not.toEqual(['close']);
    const { data, rest } = unchunk(body);
    expect(rest).toBe(line);
    expect(decodePrefix(data) === TEXT).toBe(true);
    expect(end).toBe('FIN');
    expect(answers[0]!.response.ending).toBe(ending);
  });

  test('a failure while the threads that compress are busy: all that was written, then FIN', async () => {
    const { port } = await behind(middleware, failing(['a line']));
    const wire = dial(port, ASKING);
    const threads = Array.from({ length: 4 }, () => pbkdf2Async('secret', 'salt', 150_000, 32, 'sha256'));
    const { octets, end } = await wire.closed();
    await Promise.all(threads);
    expect(decodePrefix(unchunk(messageFrom(octets).body).data)).toBe('a line');
    expect(end).toBe('FIN');
  });

  test('HTTP/1.0: a failure is RST', async () => {
    const { port } = await behind(middleware, failing([TEXT]));
    const { octets, end } = await dial(port, OLD).closed();
    expect(decodePrefix(messageFrom(octets).body) === TEXT).toBe(true);
    expect(end).toBe('ECONNRESET');
  });

  test('a failure before the first octet is an ordinary 500', async () => {
    const { port } = await behind(middleware, failing([]));
    const wire = dial(port, PLAIN);
    // A middleware may change this content, too: no Content-Length would be true of it.
    const { statusLine, fields, body } = messageFrom(await wire.until(LAST_CHUNK));
    expect(statusLine).toBe('HTTP/1.1 500 Internal Server Error');
    expect(fields).not.toHaveProperty('content-length');
    expect(decode(unchunk(body).data)).toBe('{"type":"about:blank","title":"Internal Server Error","status":500}\n');
    wire.send(PLAIN);
    expect(messageFrom(await wire.until(LAST_CHUNK)).statusLine).toBe('HTTP/1.1 200 OK');
  });
});

test('a recorder and a pipelined request: the abort of the second stands behind its own content', async () => {
  let hasFailed = () => {};
  const failed = new Promise<void>((resolve) => {
    hasFailed = resolve;
  });
  async function* first() {
    yield 'on';
    await failed;
    yield 'e';
  }
  async function* second() {
    yield 'two';
    setImmediate(hasFailed);
    throw new Error('the disk is gone');
  }
  const { port } = await serve((req, res) => {
    recorder(res);
    begin(req.url === '/1' ? first() : second(), respond(res));
  });
  const wire = dial(port, get('', '/1') + ASKING.replace('GET /', 'GET /2'));
  expect(unchunk(messageFrom(await wire.until(LAST_CHUNK)).body).data).toBe('one');
  const { octets } = await wire.closed();
  expect(messageFrom(octets).body).toBe(`3\r\ntwo\r\n${ABORT_CHUNK}`);
});

test('a compressor that is put over an open response: all of the content is compressed', async () => {
  const { port } = await serve((_, res) => {
    const response = respond(res);
    compressor(res);
    begin(Readable.from([TEXT]), response);
  });
  const { fields, body } = messageFrom(await dial(port, PLAIN).until(LAST_CHUNK));
  expect(fields['content-encoding']).toEqual(['gzip']);
  expect(latin1(gunzipSync(octetsOf(unchunk(body).data))) === TEXT).toBe(true);
});

/** Adds a footer, as plugins for HTML do, now or when it has been fetched. */
const footer =
  (delay: number): Middleware =>
  (res) => {
    const { end } = res;
    res.end = (() => {
      const addAndEnd = () => {
        res.write('<footer>');
        (end as () => void).call(res);
      };
      if (delay === 0) addAndEnd();
      else setTimeout(addAndEnd, delay);
      return res;
    }) as typeof end;
  };

test.each([
  ['at once', 0],
  ['later', 5],
])('what a replaced `end` adds %s is part of the body, and the connection is kept', async (_, delay) => {
  const { port, answers } = await behind(footer(delay), Readable.from([TEXT]));
  const wire = dial(port, AWARE);
  const { body } = messageFrom(await wire.until('X-Stream-Status: ok\r\n\r\n'));
  expect(unchunk(body).data).toBe(`${TEXT}<footer>`);
  expect(await answers[0]!.outcome).toBeUndefined();
  wire.send(PLAIN);
  expect(unchunk(messageFrom(await wire.until(LAST_CHUNK)).body).data).toBe('again<footer>');
});

test('a middleware that takes the second argument of write for an encoding', async () => {
  const inserter: Middleware = (res) => {
    const { write } = res;
    res.write = ((data: Buffer, encoding?: BufferEncoding) =>
      write.call(res, data.toString(encoding), 'utf8')) as typeof write;
  };
  const { port } = await behind(inserter, Readable.from([TEXT]));
  const { body } = messageFrom(await dial(port, PLAIN).until(LAST_CHUNK));
  expect(unchunk(body).data === TEXT).toBe(true);
});

test.each([
  ['an error response', failing([]), 'HTTP/1.1 500 Internal Server Error'],
  ['a good body', Readable.from([TEXT]), 'HTTP/1.1 200 OK'],
])(
  '%s that a compressor still has: who destroys the connection meanwhile does not cut it off',
  async (_, source, head) => {
    const { port } = await serve((req, res) => {
      compressor(res);
      const { end } = res;
      // Below ours: the body has been handed over, and nothing has come out yet.
      res.end = ((...args: never) => {
        Reflect.apply(end, res, args);
        req.socket.destroy();
        return res;
      }) as typeof end;
      begin(source, respond(res));
    });
    const { statusLine, body } = messageFrom((await dial(port, get('Connection: close\r\n')).closed()).octets);
    expect(statusLine).toBe(head);
    const { data, rest } = unchunk(body);
    expect(rest).toBe(LAST_CHUNK);
    expect(latin1(gunzipSync(octetsOf(data))).length).toBe(head.includes('200') ? TEXT.length : 68);
  },
);

test('what a replaced `end` adds to a 500 does not stand before the next response', async () => {
  const { port } = await behind(footer(0), failing([]));
  const wire = dial(port, PLAIN);
  const { statusLine, body } = messageFrom(await wire.until(LAST_CHUNK));
  expect(statusLine).toBe('HTTP/1.1 500 Internal Server Error');
  expect(unchunk(body).data).toContain('"status":500}\n<footer>');
  wire.send(PLAIN);
  expect(unchunk(messageFrom(await wire.until(LAST_CHUNK)).body).data).toBe('again<footer>');
});

test('res.end() of an error handler before the first byte is no answer: 500', async () => {
  const { port } = await serve((_, res) => {
    const source = new Readable({ read() {} });
    source.on('error', () => res.end());
    source.pipe(respond(res));
    setImmediate(() => source.destroy(new Error('the disk is gone')));
  });
  expect(messageFrom(await dial(port, PLAIN).until('}\n')).statusLine).toBe('HTTP/1.1 500 Internal Server Error');
});
