/**
 * Strategy: peers that are never silent and never done, a day's attack scaled down to milliseconds: one octet every 20 ms is
 * well within each bound on silence (5 s here), so only a bound on the whole ends it. And peers that take nothing, or ask
 * for nothing. All over real sockets.
 */
import { once } from 'node:events';
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { readRequest } from '../../src/node/head/read-request.ts';
import { receive } from '../../src/node/receive/receive.ts';
import { verify } from '../../src/node/receive/verify.ts';
import { type RespondOptions, respond, type StreamResponse } from '../../src/node/send/respond.ts';
import { originOf, serve } from '../support/servers.ts';
import { closed, connection, until } from '../support/sockets.ts';
import { CHUNKED, drip, dripping, MIB, viaReceive, viaVerify } from './peers.ts';

const TICK = 20;
const BOUND = 400;

/** It came when its time was over, and not before. */
function expectInTime(milliseconds: number): void {
  expect(milliseconds).toBeGreaterThan(BOUND / 2); // a timer counts from when the loop last looked at the clock
}

describe.each([
  ['receive', viaReceive],
  ['verify', viaVerify],
])('%s: an octet a tick', (_, client) => {
  const options = { idleTimeout: 5000, totalTimeout: BOUND };

  test.each([
    ['of chunk-data', `${CHUNKED}ffffff\r\n`, 'x'],
    ['in chunks of its own', CHUNKED, '1\r\nx\r\n'],
    ['of a chunk extension', `${CHUNKED}1;`, 'a'],
    ['of a trailer field', `${CHUNKED}5\r\nhello\r\n0\r\nA: `, 'b'],
    ['of an announced length', 'HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n', 'x'],
    ['until close', 'HTTP/1.1 200 OK\r\n\r\n', 'x'],
  ])('%s: ERR_BODY_TIMEOUT, truncated', async (_, beginning, piece) => {
    const outcome = await client(await dripping(beginning, piece, TICK), options);
    expect(outcome).toMatchObject({ code: 'ERR_BODY_TIMEOUT', kind: 'truncated' });
    expectInTime(outcome.milliseconds);
    expect(outcome.peakBytes).toBeLessThan(32 * MIB);
  });

  test('and a peer that comes to an end in time is complete', async () => {
    const port = await originOf(`${CHUNKED}1\r\nx\r\n0\r\nX-Stream-Status: ok;bytes=1\r\n\r\n`);
    expect(await client(port, options)).toMatchObject({ code: undefined, kind: 'complete' });
  });
});

describe('a head of an octet a tick: headTimeout is for the whole of it', () => {
  test.each([
    ['a status line', 'HTTP/1.1 200 ', 'O'],
    ['fields', 'HTTP/1.1 200 OK\r\n', 'A: b\r\n'],
    ['RFC 9110 §15.2: interim responses, all of them together', '', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ])('receive: %s', async (_, beginning, piece) => {
    const outcome = await viaReceive(await dripping(beginning, piece, TICK), { headTimeout: BOUND });
    expect(outcome).toMatchObject({ code: 'ERR_HEAD_TIMEOUT', kind: undefined });
    expectInTime(outcome.milliseconds);
  });

  test('readRequest', async () => {
    const { client, server } = await connection();
    client.on('error', () => {});
    client.write('GET / HTTP/1.1\r\nA: ');
    drip(client, 'b', TICK);
    const began = performance.now();
    await expect(readRequest(server, { headTimeout: BOUND })).rejects.toMatchObject({ code: 'ERR_HEAD_TIMEOUT' });
    expectInTime(performance.now() - began);
  });
});

describe('a client that asks and never reads: the source is held back, and then let go of', () => {
  /** Octets that the source would give, and has given. */
  function endless(): { source: Readable; given: () => number } {
    let given = 0;
    const piece = Buffer.alloc(65536);
    const source = new Readable({
      read() {
        given += piece.length;
        this.push(piece);
      },
    });
    return { source, given: () => given };
  }

  async function unread(client: Socket, begin: (options: RespondOptions) => Promise<StreamResponse>) {
    client.pause();
    const { source, given } = endless();
    const response = await begin({ idleTimeout: BOUND, lingerTimeout: 50 });
    const began = performance.now();
    const error = await new Promise<NodeJS.ErrnoException | null | undefined>((resolve) => {
      pipeline(source, response, resolve);
    });
    expect(error).toMatchObject({ code: 'ETIMEDOUT' });
    expectInTime(performance.now() - began);
    expect(source.destroyed).toBe(true);
    // What the kernel took at both ends, and no more.
    expect(given()).toBeLessThan(32 * MIB);
  }

  test('respond(socket)', async () => {
    const { client, server } = await connection();
    client.on('error', () => {});
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await unread(client, async (options) => respond(server, { request: await readRequest(server), ...options }));
    await closed(server);
  });

  test('respond(res)', async () => {
    let answered!: (response: (options: RespondOptions) => StreamResponse) => void;
    const asked = new Promise<(options: RespondOptions) => StreamResponse>((resolve) => {
      answered = resolve;
    });
    let socket: Socket | undefined;
    const { port } = await serve((req, res) => {
      socket = req.socket;
      answered((options) => respond(res, options));
    });
    const client = connect(port, '127.0.0.1').on('error', () => {});
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const begin = await asked;
    await unread(client, async (options) => begin(options));
    await until(() => socket!.destroyed);
    client.destroy();
  });
});

describe('a peer that sends after its response', () => {
  const WHOLE = `${CHUNKED}5\r\nhello\r\n0\r\nX-Stream-Status: ok;bytes=5\r\n\r\n`;
  const EVIL = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil';

  test('receive: the response is complete, the octets are told, and not parsed', async () => {
    const socket = connect(await originOf(WHOLE + EVIL, 'open'), '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const { body } = await receive(socket);
    expect(String(await body.toArray())).toBe('hello');
    expect((await body.verdict).kind).toBe('complete');
    expect(body.leftoverBytes).toBe(EVIL.length);
    socket.destroy();
  });

  test('receive: a million octets more: what came in the same read is told, the others stay with the kernel', async () => {
    const socket = connect(await originOf(WHOLE + 'x'.repeat(1_000_000), 'open'), '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const { body } = await receive(socket);
    expect(String(await body.toArray())).toBe('hello');
    expect(body.leftoverBytes).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 50)); // what must not happen has no event
    expect(socket.readableLength).toBeGreaterThanOrEqual(body.leftoverBytes);
    expect(socket.readableLength).toBeLessThan(200_000);
    socket.destroy();
  });

  test('verify: the response is complete, and Node closes the connection rather than use it again', async () => {
    const port = await originOf(WHOLE + EVIL, 'open');
    const request = get({ port, host: '127.0.0.1' }); // the global agent keeps connections alive
    request.on('error', () => {});
    const [response] = await once(request, 'response');
    const { socket } = response;
    const body = verify(response);
    expect(String(await body.toArray())).toBe('hello');
    expect(await body.verdict).toMatchObject({ kind: 'complete', bytes: 5 });
    await until(() => socket.destroyed);
  });
});
