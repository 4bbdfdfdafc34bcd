/**
 * Strategy: what `verify` does to the connection and the stream around it: reuse by an Agent, cancelling, backpressure,
 * signals and silence. `node:http` on both sides where the wire does not matter.
 */
import { Agent, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { requestHeaders } from '../../src/node/head/request-headers.ts';
import type { ReceivedBody } from '../../src/node/receive/received-body.ts';
import { type VerifyOptions, verify } from '../../src/node/receive/verify.ts';
import { respond } from '../../src/node/send/respond.ts';
import { stopClock } from '../support/clock.ts';
import { HELLO_WORLD } from '../support/hashing.ts';
import {
  ask,
  begin,
  closed,
  connectionsOf,
  drain,
  failing,
  listenerCounts,
  origin,
  serve,
  until,
} from '../support/servers.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

function keepAlive(): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  return agent;
}

/** Waits until the agent has the socket back. */
async function isFree(agent: Agent): Promise<void> {
  await until(() => Object.values(agent.freeSockets).some((sockets) => (sockets?.length ?? 0) > 0));
}

describe('a keep-alive agent', () => {
  test('reuses the socket after success and after a clean failure; no listener is left on it', async () => {
    let count = 0;
    const { server, port } = await serve((_, res) => {
      const source = count++ % 2 === 0 ? Readable.from([HELLO_WORLD]) : failing([HELLO_WORLD]);
      begin(source, respond(res));
    });
    const agent = keepAlive();
    const sockets = new Set<Socket>();
    const counts: Record<string, number>[] = [];
    const outcomes: (string | undefined)[] = [];
    for (let i = 0; i < 40; i++) {
      const body = await ask({ port, agent, headers: requestHeaders() }, (message) => {
        sockets.add(message.socket);
        return verify(message);
      });
      const { data, code } = await drain(body);
      expect(data).toBe(HELLO_WORLD);
      outcomes.push(code);
      await isFree(agent);
      counts.push(listenerCounts([...sockets][0]!));
    }
    expect(sockets.size).toBe(1);
    expect(await connectionsOf(server)).toBe(1);
    expect(outcomes).toEqual(Array.from({ length: 20 }, () => [undefined, 'ERR_BODY_FAILED']).flat());
    expect(counts.at(-1)).toEqual(counts[0]);
  });

  test('does not reuse the socket of a mismatch: what came on it cannot be trusted to end where it said', async () => {
    const trailers = 'X-Stream-Status: ok;bytes=1\r\n';
    const port = await origin((socket) => socket.write(`${HEAD}2\r\nhi\r\n0\r\n${trailers}\r\n`));
    const agent = keepAlive();
    const sockets = new Set<Socket>();
    for (let i = 0; i < 3; i++) {
      const body = await ask({ port, agent }, (message) => {
        sockets.add(message.socket);
        return verify(message);
      });
      expect((await drain(body)).code).toBe('ERR_BODY_MISMATCH');
    }
    expect(sockets.size).toBe(3);
    for (const socket of sockets) expect(socket.destroyed).toBe(true);
  });

  test('does not reuse the socket of an abort', async () => {
    const { port } = await serve((_, res) => begin(failing([HELLO_WORLD]), respond(res)));
    const agent = keepAlive();
    const sockets = new Set<Socket>();
    for (let i = 0; i < 3; i++) {
      const headers = { 'X-Want-Stream-Status': '?1' };
      const body = await ask({ port, agent, headers }, (message) => {
        sockets.add(message.socket);
        return verify(message);
      });
      expect((await drain(body)).code).toBe('ERR_BODY_FAILED');
    }
    expect(sockets.size).toBe(3);
  });
});

/** A response that goes on for ever, or not at all behind its first chunk. */
async function open(options: VerifyOptions = {}, isEndless = false) {
  const sources: Readable[] = [];
  const { server, port } = await serve((_, res) => {
    const source = new Readable({
      read() {
        if (isEndless) this.push(Buffer.alloc(65536, 'x'));
      },
    });
    source.push('data');
    sources.push(source);
    begin(source, respond(res));
  });
  let message: IncomingMessage | undefined;
  const body = await ask({ port }, (one) => {
    message = one;
    return verify(one, options);
  });
  return { body, message: message!, server, sources };
}

async function cancelled(body: ReceivedBody) {
  expect(await body.verdict).toMatchObject({ kind: 'abandoned', error: undefined });
}

describe('giving up', () => {
  test.each([
    ['at rest', false],
    ['in the middle of data', true],
  ])('destroying the body %s destroys the message, and the server notices', async (_, isEndless) => {
    const { body, message, server, sources } = await open({}, isEndless);
    await new Promise((resolve) => body.once('data', resolve));
    body.destroy();
    await closed(message);
    await cancelled(body);
    await closed(sources[0]!);
    await until(async () => (await connectionsOf(server)) === 0);
  });

  test('leaving a loop destroys it', async () => {
    const { body, message } = await open({}, true);
    for await (const _ of body) break;
    await closed(message);
    await cancelled(body);
  });

  test('a body that nobody reads: the verdict settles when it is destroyed', async () => {
    const { body, message } = await open({}, true);
    body.destroy(new Error('no time'));
    body.on('error', () => {});
    await cancelled(body);
    await closed(message);
  });

  test('signal: an AbortError, and the message is destroyed', async () => {
    const controller = new AbortController();
    const { body, message } = await open({ signal: controller.signal });
    body.once('data', () => controller.abort());
    expect(await drain(body)).toEqual({ data: 'data', code: 'ABORT_ERR' });
    await closed(message);
    await cancelled(body);
  });

  test('a signal that has been aborted already', async () => {
    const port = await origin((socket) => socket.write(`${HEAD}4\r\ndata\r\n`));
    const { body, message, outcome } = await ask({ port }, (one) => {
      const begun = verify(one, { signal: AbortSignal.abort() });
      return { body: begun, message: one, outcome: drain(begun) };
    });
    expect((await outcome).code).toBe('ABORT_ERR');
    await closed(message);
    await cancelled(body);
  });

  test('idleTimeout: ERR_BODY_TIMEOUT, behind the data that came', async () => {
    const pass = stopClock();
    const { body, message } = await open({ idleTimeout: 1000 });
    const drained = drain(body);
    await until(() => message.readableDidRead);
    pass(1000);
    expect(await drained).toEqual({ data: 'data', code: 'ERR_BODY_TIMEOUT' });
    expect(await body.verdict).toMatchObject({ kind: 'truncated', error: { code: 'ERR_FRAMING_TIMEOUT' } });
    await closed(message);
  });

  test('a reader that takes its time is no silence of the sender', async () => {
    const pass = stopClock();
    const { body, message } = await open({ idleTimeout: 1000 }, true);
    let pieces = 0;
    for await (const _ of body) {
      if (++pieces === 4) break;
      await until(() => message.isPaused());
      pass(5000);
    }
    expect(pieces).toBe(4);
  });
});

test('backpressure: without a reader little is taken from the socket; with one, everything', async () => {
  const TOTAL = 64 * 1024 * 1024;
  let given = 0;
  const { port } = await serve((_, res) => {
    const source = new Readable({
      read() {
        this.push(given === TOTAL ? null : Buffer.alloc(65536, 'x'));
        given = Math.min(TOTAL, given + 65536);
      },
    });
    begin(source, respond(res));
  });
  let message: IncomingMessage | undefined;
  const body = await ask({ port, headers: requestHeaders() }, (one) => {
    message = one;
    return verify(one);
  });
  await until(() => message!.isPaused());
  await new Promise((resolve) => setTimeout(resolve, 100)); // for what must not happen there is no event
  expect(message!.socket.bytesRead).toBeLessThan(1024 * 1024);
  expect(body.readableLength).toBeLessThan(512 * 1024);
  expect(given).toBeLessThan(TOTAL);
  let bytes = 0;
  for await (const piece of body) bytes += piece.length;
  expect(bytes).toBe(TOTAL);
  expect((await body.verdict).kind).toBe('complete');
});

test('data before a failure is delivered first, as it comes', async () => {
  let goOn = () => {};
  const port = await origin((socket) => {
    socket.write(`${HEAD}3\r\none\r\n`);
    goOn = () => socket.end('3\r\ntwo\r\n');
  });
  const body = await ask({ port }, (message) => verify(message));
  const events: string[] = [];
  body.on('data', (data) => {
    events.push(String(data));
    goOn();
  });
  body.on('error', (error) => events.push(`error ${(error as NodeJS.ErrnoException).code}`));
  body.on('end', () => events.push('end'));
  await closed(body);
  expect(events).toEqual(['one', 'two', 'error ERR_BODY_TRUNCATED']);
});
