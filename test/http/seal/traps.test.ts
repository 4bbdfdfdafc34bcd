/**
 * Strategy: what applications, frameworks and middleware do to a response, each as they do it, with `seal(res)` in its
 * place; on the wire, for a client that asks for everything.
 */
import { EventEmitter, once } from 'node:events';
import http, { type IncomingMessage, ServerResponse } from 'node:http';
import { finished, pipeline, Readable, Stream } from 'node:stream';
import { constants, createGzip, gunzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { responseEnd, responseFailed, responseStart } from '../../../src/node/diagnostics.ts';
import { drain } from '../../../src/node/drain.ts';
import { type SealingOptions, seal } from '../../../src/node/seal/seal.ts';
import { respond } from '../../../src/node/send/respond.ts';
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
  unchunk,
} from '../../support/dial.ts';
import { createHasher, HELLO_WORLD, HELLO_WORLD_SHA_256, HELLO_WORLD_SHA_512 } from '../../support/hashing.ts';
import { failing, listen, serve } from '../../support/servers.ts';
import { ANNOUNCED, CHUNK, FAILED_SEAL, SEAL } from '../endings-table.ts';

type Handler = (res: ServerResponse, req: IncomingMessage) => void;

const GONE = new Error('the disk is gone');

/** A server that seals, then does this. */
async function sealing(handler: Handler, options: SealingOptions = {}) {
  const server = http.createServer((req, res) => handler(seal(res, options), req));
  return { server, port: await listen(server) };
}

/** The whole answer of a server to this request, when its end has come. */
async function answerOf(port: number, end = '=:\r\n\r\n', request = AWARE) {
  return messageFrom(await dial(port, request).until(end));
}

/** Compresses as `compression` does. */
function compress(res: ServerResponse) {
  const { write, end } = res;
  const gzip = createGzip();
  res.setHeader('Content-Encoding', 'gzip');
  Object.assign(res, {
    write: (data: Buffer) => {
      if (!res.headersSent) res.writeHead(res.statusCode);
      return gzip.write(data);
    },
    end: () => {
      gzip.end();
      return res;
    },
    flush: () => gzip.flush(),
  });
  gzip.on('data', (data) => write.call(res, data, undefined as never));
  gzip.on('end', () => (end as () => void).call(res));
  return res;
}

const NO_RESPONSE =
  'seal takes the response of node:http or node:http2 (in Fastify reply.raw, in Koa ctx.res, in Hono c.env.outgoing), or a ClientRequest';

describe('the head', () => {
  test('a Content-Length that Node is about to add stays: adding Trailer would drop it', async () => {
    const { port } = await sealing((res) => res.end('short'));
    const { fields, body } = await answerOf(port, 'short');
    expect(fields['content-length']).toEqual(['5']);
    expect(fields).not.toHaveProperty('trailer');
    expect(fields).not.toHaveProperty('transfer-encoding');
    expect(body).toBe('short');
  });

  test('so does one that an adapter has made Node expect before it calls writeHead', async () => {
    const { port } = await sealing((res) => {
      Reflect.set(res, '_contentLength', 5); // as @hono/node-server does
      res.writeHead(200);
      res.end('short');
    });
    expect((await answerOf(port, 'short')).fields['content-length']).toEqual(['5']);
  });

  test('a response without content has a Content-Length of 0', async () => {
    const { port } = await sealing((res) => res.end());
    expect((await answerOf(port, '\r\n\r\n')).fields['content-length']).toEqual(['0']);
  });

  test('an end with content after an explicit head is sealed', async () => {
    const { port } = await sealing((res) => res.writeHead(200).end(HELLO_WORLD));
    expect((await answerOf(port)).body).toBe(CHUNK + SEAL);
  });

  test('an end with content that sends the head too is sealed, where a Trailer of the application is in it', async () => {
    const { port } = await sealing((res) => {
      res.setHeader('Trailer', 'X-Rows');
      res.addTrailers({ 'X-Rows': '1' });
      res.end(HELLO_WORLD);
    });
    const { fields, body } = await answerOf(port);
    expect(fields.trailer).toEqual(['X-Stream-Status, Content-Digest, X-Rows']);
    expect(body).toBe(`${CHUNK}0\r\nX-Rows: 1\r\n${SEAL.slice(3)}`);
  });

  const COOKIES = ['a=1', 'b=2'];
  test.each<[string, (res: ServerResponse) => void]>([
    ['a flat list', (res) => res.writeHead(200, ['Set-Cookie', 'a=1', 'set-cookie', 'b=2', 'VARY', 'Accept'] as never)],
    [
      'a list of pairs',
      (res) =>
        res.writeHead(200, [
          ['Set-Cookie', 'a=1'],
          ['set-cookie', 'b=2'],
          ['VARY', 'Accept'],
        ] as never),
    ],
    ['an object', (res) => res.writeHead(200, { 'Set-Cookie': COOKIES, VARY: 'Accept' })],
    ['a reason and an object', (res) => res.writeHead(200, 'Fine', { 'Set-Cookie': COOKIES, VARY: 'Accept' })],
    [
      'fields set before, and an object',
      (res) => res.setHeader('Vary', 'Accept').writeHead(200, { 'Set-Cookie': COOKIES }),
    ],
    [
      'fields set before alone',
      (res) => res.setHeader('Vary', 'Accept').setHeader('Set-Cookie', COOKIES).writeHead(200),
    ],
    ['fields set before, and no writeHead', (res) => res.setHeader('Vary', 'Accept').setHeader('Set-Cookie', COOKIES)],
  ])('%s: nothing that the application says in it is lost', async (_title, writeHead) => {
    const { port } = await sealing((res) => {
      writeHead(res);
      res.write(HELLO_WORLD);
      res.end();
    });
    const { statusLine, fields, body } = await answerOf(port);
    expect(statusLine).toMatch(/^HTTP\/1\.1 200 (OK|Fine)$/);
    expect(fields['set-cookie']).toEqual(COOKIES);
    expect(fields.vary).toEqual(['Accept, X-Want-Stream-Status']);
    expect(fields.trailer).toEqual(ANNOUNCED);
    expect(body).toBe(CHUNK + SEAL);
  });

  test.each<[string, (res: ServerResponse) => void]>([
    ['a flat list', (res) => res.writeHead(200, ['x-stream-status', 'ok', 'X-Rows', '3'] as never)],
    ['an object', (res) => res.writeHead(200, { 'X-Stream-Status': 'ok', 'X-Rows': '3' })],
    ['set before', (res) => res.setHeader('X-Stream-Status', 'ok').setHeader('X-Rows', '3')],
  ])('x-stream-status 2.1: a status of the application is taken out of it: %s', async (_title, writeHead) => {
    const { port } = await sealing((res) => {
      writeHead(res);
      res.write(HELLO_WORLD);
      res.end();
    });
    const { fields, body } = await answerOf(port);
    expect([fields['x-stream-status'], fields['x-rows']]).toEqual([undefined, ['3']]);
    expect(body).toBe(CHUNK + SEAL);
  });

  test('Vary: * says all there is to say', async () => {
    const { port } = await sealing((res) => res.writeHead(200, { Vary: '*' }).end(HELLO_WORLD));
    expect((await answerOf(port)).fields.vary).toEqual(['*']);
  });

  test.each<[string, (res: ServerResponse) => void]>([
    ['an object', (res) => res.writeHead(200, { 'X-Broken': 'a\nb' })],
    ['fields set before, and an object', (res) => res.setHeader('Vary', 'Accept').writeHead(200, { 'X-Broken': '\n' })],
    ['a status', (res) => res.writeHead(20_000)],
  ])('a writeHead that throws, with %s, leaves nothing of ours to the error page', async (_title, writeHead) => {
    const { port } = await sealing((res) => {
      expect(() => writeHead(res)).toThrow();
      res.removeHeader('X-Broken');
      res.writeHead(500, { 'Content-Length': 4 });
      res.end('oops');
    });
    const { statusLine, fields } = await answerOf(port, 'oops');
    expect(statusLine).toMatch(/^HTTP\/1\.1 500 /);
    expect(fields).not.toHaveProperty('trailer');
    expect(fields.vary).not.toEqual(expect.arrayContaining([expect.stringContaining('X-Want')]));
  });

  test.each<[string, string, Record<string, string>]>([
    [
      'the seal of somebody else',
      'upstream\r\n0\r\nX-Stream-Status: ok;bytes=9\r\n\r\n',
      { Trailer: 'x-stream-status' },
    ],
    ['a coding other than chunked', 'upstream\r\n0\r\n\r\n', { 'Transfer-Encoding': 'gzip, chunked' }],
  ])('%s is left alone', async (_title, end, headers) => {
    const { port } = await sealing((res) => {
      res.writeHead(200, headers);
      res.write('upstream\n'.trim());
      if (headers.Trailer) res.addTrailers({ 'X-Stream-Status': 'ok;bytes=9' });
      res.end();
    });
    const { fields, body } = await answerOf(port, end);
    expect(fields.trailer).toEqual(headers.Trailer ? [headers.Trailer] : undefined);
    expect(fields).not.toHaveProperty('vary');
    expect(body).not.toContain('Content-Digest');
  });

  test('a body that only the end of the connection delimits is left alone, and its failure is RST', async () => {
    const { port } = await sealing((res, { url }) => {
      res.removeHeader('Transfer-Encoding');
      res.write(HELLO_WORLD);
      if (url === '/fails') res.destroy(GONE);
      else res.end();
    });
    const whole = await dial(port, AWARE).closed();
    expect(messageFrom(whole.octets).fields).not.toHaveProperty('trailer');
    expect(whole.end).toBe('FIN');
    const failed = await dial(port, AWARE.replace('/', '/fails')).closed();
    expect(failed.octets).toContain(HELLO_WORLD);
    expect(failed.end).toBe('ECONNRESET');
  });

  test('interim responses, and an upgrade by hand, are left alone', async () => {
    const { port } = await sealing((res) => {
      res.writeProcessing();
      res.writeHead(101, { Connection: 'Upgrade', Upgrade: 'echo' });
      res.flushHeaders();
      res.socket!.write('raw');
      setImmediate(() => res.destroy(GONE));
    });
    const { octets } = await dial(port, AWARE).closed();
    expect(octets).toMatch(/^HTTP\/1\.1 102 Processing\r\n\r\nHTTP\/1\.1 101 .*\r\n\r\nraw$/s);
    expect(octets).not.toContain('Trailer');
  });

  test('hooks of others that come before the head is written are in it', async () => {
    const { port } = await sealing((res) => {
      const { writeHead } = res;
      res.writeHead = ((...args: Parameters<typeof writeHead>) => {
        res.setHeader('Content-Length', 19); // as on-headers lets a middleware do
        return writeHead.apply(res, args);
      }) as typeof writeHead;
      res.write(HELLO_WORLD);
      res.end();
    });
    const { fields } = await answerOf(port, HELLO_WORLD);
    expect(fields['content-length']).toEqual(['19']);
    expect(fields).not.toHaveProperty('trailer');
  });
});

describe('the content', () => {
  test('every way to write it is counted, and nothing else', async () => {
    const { port } = await sealing((res) => {
      res.write('{"he', () => {});
      res.write('6c6c', 'hex');
      res.write('', 'utf8');
      res.cork();
      res.write(Buffer.from('o": '));
      res.write('"world', 'latin1', () => {});
      res.uncork();
      expect(() => res.write(null as never)).toThrow(TypeError);
      expect(() => res.write(5 as never)).toThrow(TypeError);
      expect(() => res.end(5 as never)).toThrow(TypeError);
      res.end('"}\n', 'utf8', () => {});
      res.on('error', () => {}).write('late');
      res.end('late');
    });
    const { body } = await answerOf(port);
    const { data, rest } = unchunk(body);
    expect(data).toBe(HELLO_WORLD);
    expect(rest).toBe(SEAL);
  });

  test.each([
    ['asks for everything', AWARE],
    ['asks for nothing', PLAIN],
  ])('a write after the end is the error that it is without a seal, for a client that %s', async (_, request) => {
    let told!: Promise<unknown[]>;
    const { server, port } = await sealing((res) => {
      res.end();
      const emitted = once(res, 'error').then(([error]) => error);
      told = Promise.all([new Promise((resolve) => void res.write('late', resolve)), emitted]);
    });
    dial(port, request);
    await once(server, 'request');
    const late = expect.objectContaining({ code: 'ERR_STREAM_WRITE_AFTER_END' });
    expect(await told).toEqual([late, late]);
  });

  test('what is corked when it ends comes before the end', async () => {
    const { port } = await sealing((res) => {
      res.cork();
      res.write(HELLO_WORLD.slice(0, 4));
      res.end(HELLO_WORLD.slice(4));
    });
    const { body } = await answerOf(port);
    expect(unchunk(body)).toEqual({ data: HELLO_WORLD, rest: SEAL });
  });

  test('text beyond ASCII is counted in bytes', async () => {
    const { port } = await sealing((res) => {
      res.write('é€');
      res.end('é', 'latin1');
    });
    expect((await answerOf(port)).body).toContain('\r\nX-Stream-Status: ok;bytes=6\r\n');
  });

  test("trailers of the application's own are kept", async () => {
    const { port } = await sealing((res) => {
      res.setHeader('Trailer', 'X-Rows');
      res.write(HELLO_WORLD);
      res.addTrailers([
        ['X-Rows', '1'],
        ['Server-Timing', 'db'],
        ['X-Stream-Status', 'ok'],
        ['Set-Cookie', 'a=1'], // RFC 9110 §6.5.1: never in a trailer section
      ] as never);
      res.end();
    });
    expect((await answerOf(port)).body).toBe(`${CHUNK}0\r\nX-Rows: 1\r\nServer-Timing: db\r\n${SEAL.slice(3)}`);
  });

  test('options, and what the client wants to have hashed', async () => {
    const { port } = await sealing(
      (res, { url }) => {
        res.write(HELLO_WORLD);
        if (url === '/fails') res.destroy(GONE);
        else res.end();
      },
      { digest: 'sha-512', describeError: (error) => ({ type: 'disk', details: (error as Error).message }) },
    );
    expect((await answerOf(port)).body).toContain(HELLO_WORLD_SHA_512);
    const wanting = AWARE.replace('\r\n\r\n', '\r\nWant-Content-Digest: sha-256=9\r\n\r\n');
    expect((await answerOf(port, '=:\r\n\r\n', wanting)).body).toContain(HELLO_WORLD_SHA_256);
    const failed = await answerOf(port, '=:\r\n\r\n', AWARE.replace('/', '/fails'));
    expect(failed.body).toContain('error;bytes=19;type=disk;details="the disk is gone"');
    const written = { write() {} } as never;
    expect(() => seal(written, { digest: 'md5' as never })).toThrow(TypeError);
    expect(() => seal(written, { lingerTimeout: -1 })).toThrow(RangeError);
  });
});

describe('who else has the response', () => {
  test('a second seal adds options, and nothing else', async () => {
    const { port } = await sealing((res) => {
      expect(seal(res, { digest: false })).toBe(res);
      res.write(HELLO_WORLD);
      res.end();
    });
    expect((await answerOf(port, 'bytes=19\r\n\r\n')).body).toBe(`${CHUNK}0\r\nX-Stream-Status: ok;bytes=19\r\n\r\n`);
  });

  test.each([
    ['seal', 'a good body', false],
    ['seal', 'a failed one', true],
    ['respond', 'a good body', false],
    ['respond', 'a failed one', true],
  ])('%s of another copy of this module in the process finds it: %s', async (name, _title, fails) => {
    vi.resetModules();
    const another = {
      ...(await import('../../../src/node/seal/seal.ts')),
      ...(await import('../../../src/node/send/respond.ts')),
    };
    expect(another.seal).not.toBe(seal);
    const { port } = await sealing((res) => {
      const response = name === 'seal' ? another.seal(res) : another.respond(res);
      pipeline(fails ? failing([HELLO_WORLD], GONE) : Readable.from([HELLO_WORLD]), response, () => {});
    });
    expect((await answerOf(port)).body).toBe(CHUNK + (fails ? FAILED_SEAL : SEAL));
  });

  test('Express swaps the prototype of the response', async () => {
    const { port } = await sealing((res) => {
      Object.setPrototypeOf(res, Object.create(ServerResponse.prototype));
      res.write(HELLO_WORLD);
      res.end();
    });
    expect((await answerOf(port)).body).toBe(CHUNK + SEAL);
  });

  test.each<[string, string, string]>([
    ['asks for everything', AWARE, CHUNK + SEAL],
    ['asks for nothing', PLAIN, CHUNK + LAST_CHUNK],
  ])('respond(seal(res)) takes it off, for a client that %s', async (_, request, whole) => {
    const { port } = await sealing((res) => {
      const response = respond(res, { headers: { 'X-By': 'respond' } });
      expect(res.writeHead).toBe(ServerResponse.prototype.writeHead);
      seal(res); // too late
      pipeline(Readable.from([HELLO_WORLD]), response, () => {});
    });
    const { fields, body } = await answerOf(port, whole.slice(-8), request);
    expect(fields['x-by']).toEqual(['respond']);
    expect(body).toBe(whole);
  });

  test('respond takes it off below a middleware that has come above it', async () => {
    const { port } = await sealing((res) => {
      const { write } = res;
      res.write = ((...args: Parameters<typeof write>) => write.apply(res, args)) as typeof write;
      pipeline(Readable.from([HELLO_WORLD]), respond(res), () => {});
    });
    expect((await answerOf(port, 'ok\r\n\r\n')).body).toBe(`${CHUNK}0\r\nX-Stream-Status: ok\r\n\r\n`);
  });

  test('nothing is done to what is no response on a connection', () => {
    const mock = { writeHead() {}, write() {}, end() {}, destroy() {} };
    const before = { ...mock };
    expect(seal(mock as never)).toBe(mock);
    expect(mock).toEqual(before);
    const detached = new ServerResponse({ method: 'GET', headers: {}, socket: new EventEmitter() } as never);
    seal(detached);
    expect(Object.hasOwn(detached, 'destroy')).toBe(false);
  });

  test.each([
    ["Fastify's reply", { raw: {}, send() {}, header() {} }],
    ["Koa's ctx", { req: {}, res: {}, set() {} }],
    ['a Response', new Response('')],
    ["Hono's c.env.outgoing on another runtime", undefined],
    ['nothing', null],
  ])('what cannot be a response is a TypeError that says what can: %s', (_name, thing) => {
    expect(() => seal(thing as never)).toThrow(new TypeError(NO_RESPONSE));
  });

  test('a head that is out cannot be sealed any more, but its failure still comes after all that was written', async () => {
    const { port } = await serve((_, res) => {
      res.write(HELLO_WORLD);
      seal(res).destroy(GONE);
    });
    const { octets, end } = await dial(port, AWARE).closed();
    expect(messageFrom(octets).body).toBe(CHUNK + ABORT_CHUNK);
    expect(end).toBe('FIN');
  });

  test('below a middleware that came first, nothing is promised of the content, and no failure ends cleanly', async () => {
    const { port } = await serve((req, res) => {
      const { write } = res;
      res.write = ((...args: Parameters<typeof write>) => write.apply(res, args)) as typeof write;
      seal(res);
      res.write(HELLO_WORLD);
      if (req.url === '/fails') res.destroy(GONE);
      else res.end();
    });
    expect((await answerOf(port, 'ok\r\n\r\n')).body).toBe(`${CHUNK}0\r\nX-Stream-Status: ok\r\n\r\n`);
    const { octets, end } = await dial(port, AWARE.replace('/', '/fails')).closed();
    expect(messageFrom(octets).body).toBe(CHUNK);
    expect(end).toBe('FIN');
  });

  test.each([
    ['a whole body', false],
    ['a failed body, after what the compressor held', true],
  ])('below a compressor, count and digest are of what leaves: %s', async (_title, fails) => {
    const { port } = await sealing((res) => {
      compress(res).write(HELLO_WORLD.repeat(100));
      if (!fails) return void res.end();
      res.destroy(GONE);
      res.write('an error text'); // too late
      res.end();
    });
    const { body } = await answerOf(port);
    const { data, rest } = unchunk(body);
    const octets = Buffer.from(data, 'latin1');
    const hasher = createHasher('sha-256');
    hasher.update(octets);
    const digest = Buffer.from(hasher.digest() as Uint8Array).toString('base64');
    const status = fails ? `error;bytes=${octets.length};type=source_error` : `ok;bytes=${octets.length}`;
    expect(rest).toBe(`0\r\nX-Stream-Status: ${status}\r\nContent-Digest: sha-256=:${digest}:\r\n\r\n`);
    expect(gunzipSync(octets, { finishFlush: constants.Z_SYNC_FLUSH }).toString()).toBe(HELLO_WORLD.repeat(100));
  });
});

test.each([
  ['asks for everything', AWARE],
  ['asks for nothing', PLAIN],
])(
  'a body that fails while a compressor above still holds its end has failed, for a client that %s',
  async (_, request) => {
    const { port } = await sealing((res) => {
      compress(res).write(HELLO_WORLD.repeat(100));
      res.end();
      res.destroy(GONE);
    });
    const wire = dial(port, request);
    if (request === AWARE) return void expect(await wire.until('=:\r\n\r\n')).toContain('X-Stream-Status: error;');
    const { octets, end } = await wire.closed();
    expect(octets.endsWith(LAST_CHUNK)).toBe(false);
    expect(end).toBe('FIN');
  },
);

test.each([
  ['asks for everything', AWARE],
  ['asks for nothing', PLAIN],
])('a body whose end Node threw for can still fail, for a client that %s', async (_, request) => {
  const { port } = await sealing((res) => {
    res.strictContentLength = true;
    res.setHeader('Content-Length', 5).write('four');
    expect(() => res.end()).toThrow();
    res.destroy(GONE);
  });
  const { octets, end } = await dial(port, request).closed();
  expect({ body: messageFrom(octets).body, end }).toEqual({ body: 'four', end: 'FIN' });
});

describe('who else ends it', () => {
  test('an open body whose connection was taken off the response leaves it to who has taken it', async () => {
    const { port } = await sealing((res, { socket }) => {
      res.write(HELLO_WORLD);
      setImmediate(() => {
        res.detachSocket(socket);
        socket.destroy();
      });
    });
    const { octets, end } = await dial(port, AWARE).closed();
    expect({ body: messageFrom(octets).body, end }).toEqual({ body: CHUNK, end: 'FIN' });
  });

  test.each<[string, (res: ServerResponse, req: IncomingMessage) => void]>([
    ['its socket is destroyed, as Express does after a throw', (_, req) => void req.socket.destroy()],
    ['its socket is ended', (_, req) => void req.socket.end()],
    ['its request is destroyed', (_, req) => void req.destroy()],
  ])('an open body of which %s has failed, and its connection is closed', async (_title, close) => {
    const { server, port } = await sealing((res, req) => {
      res.write(HELLO_WORLD);
      close(res, req);
    });
    server.keepAliveTimeout = 0; // for ever
    const { octets, end } = await dial(port, AWARE).closed();
    expect({ body: messageFrom(octets).body, end }).toEqual({ body: CHUNK + FAILED_SEAL, end: 'FIN' });
    const asking = await dial(port, ASKING).closed();
    expect(messageFrom(asking.octets).body).toBe(CHUNK + ABORT_CHUNK);
    expect((await dial(port, OLD).closed()).end).toBe('ECONNRESET');
  });

  test.each<[string, (res: ServerResponse, req: IncomingMessage) => void]>([
    ['destroys its socket', (_, req) => void req.socket.destroy()],
    ['ends the response with a text', (res) => void res.end('Something broke!')],
    ['writes a text', (res) => void res.write('Something broke!')],
    ['destroys the response again', (res) => void res.destroy()],
  ])('an error handler that %s reaches nothing of the ending', async (_title, handle) => {
    const { port } = await sealing((res, req) => {
      const source = Readable.from(failing([HELLO_WORLD], GONE));
      source.on('error', () => setImmediate(handle, res, req));
      pipeline(source, res, () => handle(res, req));
    });
    expect((await answerOf(port)).body).toBe(CHUNK + FAILED_SEAL);
    const { octets, end } = await dial(port, PLAIN).closed();
    expect(messageFrom(octets).body).toBe(CHUNK);
    expect(end).toBe('FIN');
    const old = await dial(port, OLD).closed();
    expect(messageFrom(old.octets).body).toBe(HELLO_WORLD);
  });

  test('the socket is destroyed in the tick of the failure: all that was written arrives', async () => {
    const block = Buffer.alloc(8 * 1024 * 1024, 'x');
    const { port } = await sealing((res, req) => {
      res.write(block);
      res.destroy(GONE);
      req.socket.destroy();
    });
    const failed = (await dial(port, AWARE).closed()).octets;
    expect(failed).toContain('type=source_error');
    expect(failed.split('x').length - 1).toBeGreaterThanOrEqual(block.length);
    const { octets } = await dial(port, PLAIN).closed();
    expect(octets.split('x').length - 1).toBeGreaterThanOrEqual(block.length);
  });

  test.each([
    ['an open body', false, AWARE],
    ['a failure that is leaving, for a client that asked', true, AWARE],
    ['a failure that is leaving, for one that did not', true, PLAIN],
  ])('closeAllConnections goes through: %s', async (_title, fails, request) => {
    let started!: () => void;
    const isStarted = new Promise<void>((resolve) => {
      started = resolve;
    });
    const { server, port } = await sealing(
      (res) => {
        res.write(Buffer.alloc(32 * 1024 * 1024)); // more than the kernels take
        if (fails) res.destroy(GONE);
        started();
      },
      { lingerTimeout: Number.POSITIVE_INFINITY },
    );
    const wire = dial(port, request);
    wire.socket.pause();
    await isStarted;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
    wire.socket.resume();
    expect((await wire.closed()).octets.length).toBeLessThan(32 * 1024 * 1024);
  });

  test('drain ends an open body as a failure that says why', async () => {
    let onOpen!: () => void;
    const isOpen = new Promise<void>((resolve) => {
      onOpen = resolve;
    });
    const { server, port } = await sealing((res) => {
      res.write(HELLO_WORLD, () => onOpen());
    });
    const wire = dial(port, AWARE);
    await isOpen;
    const drained = drain(server, { signal: AbortSignal.abort() });
    expect((await wire.closed()).octets).toContain('X-Stream-Status: error;bytes=19;type=server_shutdown\r\n');
    await drained;
  });

  test('a client that leaves is no failure that anybody would be told of by us', async () => {
    let outcome!: Promise<Error | undefined>;
    const { port } = await sealing((res) => {
      outcome = new Promise((resolve) => finished(res, (error) => resolve(error ?? undefined)));
      res.write(HELLO_WORLD);
    });
    const wire = dial(port, AWARE);
    await wire.until(HELLO_WORLD);
    wire.socket.destroy();
    expect((await outcome) as NodeJS.ErrnoException).toHaveProperty('code', 'ERR_STREAM_PREMATURE_CLOSE');
  });
});

describe('sources that are piped in', () => {
  /** Gives a piece, then fails as a stream does to which nobody listens but its `pipe`. */
  const pipeAndFail = (res: ServerResponse, error?: Error) => {
    const source = new Readable({ read() {} });
    source.on('error', () => {}).pipe(res);
    source.push(HELLO_WORLD);
    setImmediate(() => source.destroy(error));
  };

  test.each([
    ['asks for everything', AWARE, CHUNK + FAILED_SEAL],
    ['asks for nothing', PLAIN, CHUNK],
  ])('one that closes before its end fails the response, for a client that %s', async (_, request, expected) => {
    const { port } = await sealing((res) => pipeAndFail(res, GONE));
    const wire = dial(port, request);
    const octets = request === PLAIN ? (await wire.closed()).octets : await wire.until('=:\r\n\r\n');
    expect(messageFrom(octets).body).toBe(expected);
  });

  test('one that has ended, and one that was taken off again, do not', async () => {
    const { port } = await sealing((res) => {
      const dropped = new Readable({ read() {} });
      dropped.pipe(res);
      dropped.unpipe(res);
      dropped.destroy();
      Readable.from([HELLO_WORLD]).pipe(res);
    });
    expect((await answerOf(port)).body).toBe(CHUNK + SEAL);
  });

  test('one of the old kind, which does not know that it has ended, may close after its end', async () => {
    const { port } = await sealing((res) => {
      const source = Object.assign(new Stream(), { readable: true });
      source.pipe(res, { end: false });
      source.emit('data', HELLO_WORLD);
      source.emit('end');
      source.emit('close');
      setImmediate(() => res.end());
    });
    expect((await answerOf(port)).body).toBe(CHUNK + SEAL);
  });

  test('one that had closed before its end when it was piped in fails the response as well', async () => {
    const { port } = await sealing((res) => {
      const source = new Readable({ read() {} });
      source.on('error', () => {}).once('close', () => source.pipe(res));
      source.destroy(GONE);
    });
    expect((await answerOf(port, '}')).statusLine).toBe('HTTP/1.1 500 Internal Server Error');
  });

  test('what a source has failed with is the reason of a destroy() that gives none, as Fastify does', async () => {
    const timeout = Object.assign(new Error('slow'), { code: 'ETIMEDOUT' });
    const { port } = await sealing((res) => {
      const source = new Readable({ read() {} });
      source.on('error', () => res.destroy()).pipe(res);
      source.push(HELLO_WORLD);
      setImmediate(() => source.destroy(timeout));
    });
    expect((await answerOf(port)).body).toContain('error;bytes=19;type=timeout');
  });

  test('watchSources: false leaves them alone', async () => {
    const { port } = await sealing(
      (res) => {
        pipeAndFail(res, GONE);
        setTimeout(() => res.end(), 20);
      },
      { watchSources: false },
    );
    expect((await answerOf(port)).body).toBe(CHUNK + SEAL);
  });
});

describe('what observers are told', () => {
  test('of a failure that ends cleanly: close without finish; errored; end, which on-finished takes', async () => {
    const told: string[] = [];
    let res!: ServerResponse;
    const { port } = await sealing((response) => {
      res = response;
      for (const event of ['finish', 'close', 'end', 'error']) res.on(event, () => told.push(event));
      pipeline(Readable.from(failing([HELLO_WORLD], GONE)), res, () => {});
    });
    const wire = dial(port, AWARE);
    await wire.until('=:\r\n\r\n');
    wire.send(get('', '/'));
    await wire.until(HELLO_WORLD); // the connection goes on
    expect(told.slice(0, 2)).toEqual(['close', 'end']);
    expect(told).not.toContain('finish');
    expect(res.errored).toBe(GONE);
    expect(res.destroyed).toBe(true);
    expect(res.writableFinished).toBe(false);
  });

  test('diagnostics_channel is told of each', async () => {
    const told: unknown[] = [];
    const channels = { start: responseStart, end: responseEnd, failed: responseFailed };
    for (const [name, channel] of Object.entries(channels)) {
      const listener = (message: unknown) => told.push([name, message]);
      channel.subscribe(listener);
      onTestFinished(() => void channel.unsubscribe(listener));
    }
    const { port } = await sealing((res, { url }) => {
      res.write(HELLO_WORLD);
      if (url === '/fails') res.destroy(GONE);
      else res.end();
    });
    await answerOf(port);
    await answerOf(port, '=:\r\n\r\n', AWARE.replace('/', '/fails'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual([
      ['start', expect.objectContaining({ status: 200 })],
      ['end', expect.objectContaining({ ending: 'trailers', bytes: 19 })],
      ['start', expect.objectContaining({ status: 200 })],
      ['failed', expect.objectContaining({ ending: 'clean-failure', bytes: 19, error: GONE })],
    ]);
  });
});

test.each([
  ['HTTP/1.0', OLD],
  ['Connection: close', AWARE.replace('\r\n', '\r\nConnection: close\r\n')],
])('an end that somebody kept from Node ends the exchange as well: %s', async (_name, request) => {
  const { port } = await sealing((res) => {
    res.write('hello ');
    Reflect.apply(ServerResponse.prototype.end, res, ['world']);
  });
  const { octets, end } = await dial(port, request).closed();
  expect(octets).toContain('world');
  expect(end).toBe('FIN');
});
