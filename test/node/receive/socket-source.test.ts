/**
 * Strategy: a SocketSource between a real socket and a body, as `receive` sets it up; what it owes to both when it ends. The
 * outcomes as a whole are in receive*.test.ts; here are the states in which it may be started and stopped.
 */
import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../../src/core/limits.ts';
import { Verifier } from '../../../src/core/verifier.ts';
import type { BodyFraming } from '../../../src/node/head/message-head.ts';
import { bodyReaderFor } from '../../../src/node/receive/body-reader.ts';
import { ReceivedBody } from '../../../src/node/receive/received-body.ts';
import { SocketSource } from '../../../src/node/receive/socket-source.ts';
import { stopClock } from '../../support/clock.ts';
import { closed, connection, listenerCounts } from '../../support/sockets.ts';
import { Wire } from '../../support/wire.ts';
import { consume } from './receiving.ts';

async function transfer(framing: BodyFraming, { isPersistent = true, idleTimeout = 0, ends = connection() } = {}) {
  const { client, server } = await ends;
  for (const socket of [client, server]) socket.on('error', () => {}); // as receive does
  let released = 0;
  const release = () => {
    released++;
  };
  let source!: SocketSource;
  const body = new ReceivedBody(
    new Verifier({ headers: {} }),
    (sink) => {
      const reader = bodyReaderFor(framing, DEFAULT_LIMITS, (data) => sink.deliver(data));
      source = new SocketSource(client, reader, sink, {
        timeouts: { idle: idleTimeout, total: 0 },
        isPersistent,
        release,
      });
      return source;
    },
    () => ({ receiver: 'receive' }),
  );
  return { client, server, body, transfer: source, start: () => source.start(), released: () => released };
}

describe('started', () => {
  test('on a body that is over: the socket is not touched', async () => {
    const { client, body, start } = await transfer({ kind: 'none' });
    const before = listenerCounts(client);
    start();
    expect(await consume(body)).toEqual({ data: '', error: undefined });
    expect(listenerCounts(client)).toEqual(before);
    expect(client.destroyed).toBe(false);
  });

  test('on a body that is over, with a connection that does not go on: it is destroyed', async () => {
    const { client, body, start, released } = await transfer({ kind: 'none' }, { isPersistent: false });
    start();
    expect(await consume(body)).toEqual({ data: '', error: undefined });
    await closed(client);
    expect(released()).toBe(1);
  });

  test('on a socket that is gone: truncated', async () => {
    const { client, body, start } = await transfer({ kind: 'length', bytes: 5 });
    await closed(client.destroy());
    start();
    expect((await consume(body)).error).toMatchObject({ code: 'ERR_BODY_TRUNCATED' });
  });

  test.each([
    ['RFC 9112 §6.3 rule 8: until close: the body is whole', 'until-close', undefined],
    ['RFC 9112 §8: chunked: truncated', 'chunked', 'ERR_BODY_TRUNCATED'],
  ] as const)('on a socket that has had its FIN: %s', async (_, kind, code) => {
    const ends = connection({ clientAllowsHalfOpen: true });
    const { client, server, body, start } = await transfer({ kind }, { ends });
    const wire = new Wire(client);
    server.end();
    await new Promise((resolve) => client.once('end', resolve));
    start();
    expect((await consume(body)).error?.code).toBe(code);
    expect((await wire.closed()).end).toBe('FIN');
  });
});

describe('while it runs', () => {
  test('pause stops the socket and the clock, resume starts both', async () => {
    const pass = stopClock();
    const running = await transfer({ kind: 'length', bytes: 5 }, { idleTimeout: 1000 });
    const { client, server, body, start } = running;
    start();
    running.transfer.pause();
    expect(client.isPaused()).toBe(true);
    pass(5000);
    expect(client.destroyed).toBe(false);
    running.transfer.resume();
    server.write('hello');
    expect(await consume(body)).toEqual({ data: 'hello', error: undefined });
  });

  test('cancel destroys the socket, lets it go, and leaves no listener', async () => {
    const { client, transfer: running, start, released } = await transfer({ kind: 'until-close' });
    const before = listenerCounts(client);
    start();
    running.cancel();
    await closed(client);
    expect(listenerCounts(client)).toEqual(before);
    expect(released()).toBe(1);
  });

  test('resume after the end does nothing', async () => {
    const { client, server, body, transfer: running, start } = await transfer({ kind: 'length', bytes: 5 });
    start();
    server.write('hellonext');
    expect((await consume(body)).data).toBe('hello');
    running.resume();
    expect(client.isPaused()).toBe(true);
    expect(String(client.read())).toBe('next');
  });
});
