/**
 * Strategy: uploads of `http.request`, sealed by `seal`, as a server reads them that asks `verify(req)`, as one that knows
 * nothing of it does, and as octets on the wire.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http, { type ClientRequest } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { pipeline, Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../../src/core/verdict.ts';
import { verify } from '../../../src/node/receive/verify.ts';
import { type SealingOptions, seal } from '../../../src/node/seal/seal.ts';
import { HELLO_WORLD, HELLO_WORLD_SHA_256 } from '../../support/hashing.ts';
import { listen, serve } from '../../support/servers.ts';
import { Wire } from '../../support/wire.ts';
import { CHUNK, FAILED_SEAL, SEAL } from '../endings-table.ts';

const GONE = new Error('the disk is gone');

/** A server that verifies what it gets, and answers with the kind. */
async function verifying() {
  let settle!: (verdict: Verdict) => void;
  const verdict = new Promise<Verdict>((resolve) => {
    settle = resolve;
  });
  const { port, server } = await serve((req, res) => {
    const body = verify(req, { require: 'always' });
    body.on('error', () => {}).resume();
    body.verdict.then((one) => {
      settle(one);
      res.statusCode = one.kind === 'complete' ? 200 : 400;
      res.end(one.kind);
    });
  });
  return { port, verdict, arrived: once(server, 'request') };
}

function put(port: number, options: http.RequestOptions & { sealing?: SealingOptions } = {}): ClientRequest {
  const { sealing, ...more } = options;
  const request = http.request({ host: '127.0.0.1', port, method: 'PUT', agent: false, ...more });
  return seal(request, sealing);
}

async function answerOf(request: ClientRequest): Promise<string> {
  const [message] = (await once(request, 'response')) as [http.IncomingMessage];
  let text = '';
  for await (const data of message) text += data;
  return `${message.statusCode} ${text}`;
}

const outcomeOf = (source: AsyncIterable<unknown>, request: ClientRequest) =>
  new Promise<Error | undefined>((resolve) => {
    request.on('error', () => {});
    pipeline(source as Readable, request, (error) => resolve(error ?? undefined));
  });

/** Fails once its first piece has arrived. */
async function* failingAfter(arrived: Promise<unknown>) {
  yield HELLO_WORLD;
  await arrived;
  throw GONE;
}

/** A server that knows no HTTP: what it has read by the end. */
async function octetsOf(send: (port: number) => unknown): Promise<{ octets: string; end: string }> {
  const server = createServer();
  const port = await listen(server);
  send(port);
  const [socket] = (await once(server, 'connection')) as [Socket];
  const wire = new Wire(socket);
  socket.on('end', () => socket.destroy());
  return wire.closed();
}

describe('a server that verifies', () => {
  test.each<[string, (request: ClientRequest) => void]>([
    ['pipeline', (request) => void pipeline(Readable.from([HELLO_WORLD]), request, () => {})],
    [
      'write and end',
      (request) => {
        request.write(HELLO_WORLD.slice(0, 4));
        request.end(HELLO_WORLD.slice(4), 'latin1');
      },
    ],
    [
      'write and end, corked',
      (request) => {
        request.cork();
        request.write(HELLO_WORLD.slice(0, 4));
        request.end(HELLO_WORLD.slice(4));
      },
    ],
    [
      'flushHeaders, and nothing before',
      (request) => {
        request.flushHeaders();
        request.end(HELLO_WORLD);
      },
    ],
  ])('takes a whole upload for complete: %s', async (_how, send) => {
    const { port, verdict } = await verifying();
    const request = put(port);
    send(request);
    expect(await answerOf(request)).toBe('200 complete');
    expect(await verdict).toMatchObject({ kind: 'complete', bytes: 19, digest: 'match' });
  });

  test('sees one that its source failed cut, after all that was written; the sender has its own error', async () => {
    const { port, verdict, arrived } = await verifying();
    expect(await outcomeOf(failingAfter(arrived), put(port))).toBe(GONE);
    expect(await verdict).toMatchObject({ kind: 'truncated', bytes: 19 });
  });

  test('is told why, if it is known to read the status', async () => {
    const { port, verdict, arrived } = await verifying();
    const describeError = () => ({ type: 'disk', details: 'gone' });
    const request = put(port, { sealing: { serverReadsStatus: true, describeError } });
    expect(await outcomeOf(failingAfter(arrived), request)).toBe(GONE);
    expect(await verdict).toMatchObject({ kind: 'failed', status: { type: 'disk', details: 'gone' }, digest: 'match' });
  });

  test('sees a byte that was changed on the way', async () => {
    const { port, verdict } = await verifying();
    const proxy = createServer((socket) => {
      const up = connect(port, '127.0.0.1');
      socket.on('data', (data) => up.write(data.toString('latin1').replace('world', 'World'), 'latin1'));
      up.pipe(socket);
      socket.on('error', () => {}).on('close', () => up.destroy());
      up.on('error', () => {});
    });
    const request = put(await listen(proxy));
    request.write(HELLO_WORLD);
    request.end();
    expect(await answerOf(request)).toBe('400 mismatch');
    expect((await verdict).kind).toBe('mismatch');
  });

  test('refuses one that was not sealed', async () => {
    const { port, verdict } = await verifying();
    const request = http.request({ host: '127.0.0.1', port, method: 'PUT', agent: false });
    request.write(HELLO_WORLD);
    request.end();
    expect(await answerOf(request)).toBe('400 unverified');
    expect((await verdict).kind).toBe('unverified');
  });

  test('Expect: 100-continue makes the head at once: the fields are announced by the application', async () => {
    const { port, verdict } = await verifying();
    const headers = {
      Expect: '100-continue',
      Trailer: 'X-Stream-Status, Content-Digest',
      'Transfer-Encoding': 'chunked',
    };
    const request = put(port, { headers });
    await once(request, 'continue');
    request.write(HELLO_WORLD);
    request.end();
    expect(await answerOf(request)).toBe('200 complete');
    expect((await verdict).digest).toBe('match');
  });
});

test('a server that knows nothing of it sees a failed upload aborted', async () => {
  const { port, server } = await serve((req) => {
    req.on('error', () => {}).resume();
    req.once('close', () => server.emit('seen', req.complete, req.errored !== null));
  });
  const seen = once(server, 'seen');
  await outcomeOf(failingAfter(once(server, 'request')), put(port));
  expect(await seen).toEqual([false, true]);
});

describe('on the wire', () => {
  const bodyOf = (octets: string) => octets.slice(octets.indexOf('\r\n\r\n') + 4);

  test('a whole one', async () => {
    const { octets } = await octetsOf((port) => {
      const request = put(port, { headers: { Trailer: 'X-Rows' } }).on('error', () => {});
      request.write(HELLO_WORLD);
      request.addTrailers({ 'X-Rows': '1' });
      request.end(() => setTimeout(() => request.destroy(), 50));
    });
    expect(octets).toContain('\r\nTrailer: X-Stream-Status, Content-Digest, X-Rows\r\n');
    expect(bodyOf(octets)).toBe(`${CHUNK}0\r\nX-Rows: 1\r\n${SEAL.slice(3)}`);
  });

  test.each([
    ['cut', {}, CHUNK],
    ['told', { serverReadsStatus: true }, CHUNK + FAILED_SEAL],
  ])('a failed one: %s, then FIN; what comes late reaches nobody', async (_how, sealing, body) => {
    const { octets, end } = await octetsOf((port) => {
      const request = put(port, { sealing }).on('error', () => {});
      request.write(HELLO_WORLD, () => {
        request.destroy(GONE);
        request.write('late');
        request.end('late');
        request.destroy();
      });
    });
    expect(bodyOf(octets)).toBe(body);
    expect(end).toBe('FIN');
  });

  test('a large one that fails arrives before it', async () => {
    const block = Buffer.alloc(8 * 1024 * 1024, 'x');
    const { octets } = await octetsOf((port) => {
      const request = put(port).on('error', () => {});
      request.on('socket', (socket) => socket.once('connect', () => request.destroy(GONE)));
      request.write(block);
    });
    expect(octets.split('x').length - 1).toBeGreaterThanOrEqual(block.length);
  });

  test.each<[string, http.RequestOptions, (request: ClientRequest) => void]>([
    ['end(data) alone, which has a length', {}, (request) => void request.end(HELLO_WORLD)],
    ['a Content-Length', { headers: { 'Content-Length': 19 } }, (request) => void request.end(HELLO_WORLD)],
    ['a GET', { method: 'GET' }, (request) => void request.end()],
  ])('left alone: %s', async (_what, options, send) => {
    const { octets } = await octetsOf((port) => {
      const request = put(port, options).on('error', () => {});
      send(request);
      request.on('finish', () => setTimeout(() => request.destroy(), 50));
    });
    expect(octets).not.toContain('Trailer');
    expect(octets).not.toContain('Stream-Status');
    expect(octets).not.toContain(HELLO_WORLD_SHA_256);
  });
});

describe('a server that answers while the upload goes on', () => {
  function* much() {
    for (let i = 0; i < 1000; i++) yield Buffer.alloc(16384, 'x');
  }

  test.each<[string, http.RequestListener]>([
    ['unread', (_req, res) => void res.writeHead(413).end('too large')],
    [
      'a verify that is given up',
      (req, res) => {
        const body = verify(req);
        body
          .on('error', () => {})
          .once('data', () => {
            body.destroy();
            res.writeHead(413).end('too large');
          });
      },
    ],
    [
      'a verify whose destination fails',
      (req, res) => {
        const destination = new Writable({ write: (_data, _encoding, callback) => callback(GONE) });
        pipeline(verify(req), destination, () => res.writeHead(413).end('too large'));
      },
    ],
  ])('its response is read: %s', async (_, listener) => {
    const { port } = await serve(listener);
    const request = put(port);
    const answer = answerOf(request);
    void outcomeOf(Readable.from(much()), request);
    expect(await answer).toBe('413 too large');
    const curl = spawn('curl', ['-s', '-m', '20', '-T', '-', `http://127.0.0.1:${port}/`]);
    pipeline(Readable.from(much()), curl.stdin, () => {});
    expect(await text(curl.stdout)).toBe('too large');
  });

  test('one that nobody answers is cut', async () => {
    const { port } = await serve((req) => {
      const body = verify(req);
      body.on('error', () => {}).once('data', () => body.destroy());
    });
    const request = put(port);
    const error = once(request, 'error').catch((cause) => [cause]);
    request.write(HELLO_WORLD);
    expect(await error).toMatchObject([{ code: 'ECONNRESET' }]);
  });
});
