/**
 * Strategy: what ends a body from outside: the signal, silence, and the clock. Each must destroy the socket, settle the verdict, and
 * come behind the data. Time passes when the test says so, once what comes before it is there.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { finished } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { receive } from '../../../src/node/receive/receive.ts';
import { stopClock } from '../../support/clock.ts';
import { closed, connection, until } from '../../support/sockets.ts';
import { CHUNKED, consume, received } from './receiving.ts';

/** One more octet of content, on its way until it has been read. */
async function give(server: Socket, client: Socket): Promise<void> {
  const { bytesRead } = client;
  server.write('1\r\na\r\n');
  await until(() => client.bytesRead === bytesRead + 6);
}

describe('the signal', () => {
  test('an abort is an AbortError with the reason as its cause; the socket is destroyed', async () => {
    const controller = new AbortController();
    const { client, body } = await received(`${CHUNKED}5\r\nhello\r\n`, { signal: controller.signal });
    const reason = new Error('enough');
    await once(body, 'data');
    controller.abort(reason);
    await expect(finished(body)).rejects.toMatchObject({ name: 'AbortError', cause: reason });
    await closed(client);
    expect(await body.verdict).toMatchObject({ kind: 'abandoned', bytes: 5 });
  });

  test('after the end it does nothing', async () => {
    const controller = new AbortController();
    const { client, body } = await received(`${CHUNKED}5\r\nhello\r\n0\r\n\r\n`, { signal: controller.signal });
    expect((await consume(body)).data).toBe('hello');
    controller.abort();
    await closed(body);
    expect(body.errored).toBeNull();
    expect(client.destroyed).toBe(false);
  });
});

describe('idleTimeout', () => {
  test('silence is ERR_BODY_TIMEOUT, truncated, and destroys the socket', async () => {
    const { client, body } = await received(`${CHUNKED}5\r\nhello\r\n`, { idleTimeout: 40 });
    const { data, error } = await consume(body);
    expect(data).toBe('hello');
    expect(error).toMatchObject({ code: 'ERR_BODY_TIMEOUT', bytes: 5, verdict: { kind: 'truncated' } });
    await closed(client);
  });

  test('a sender that gives something now and then is not silent', async () => {
    const pass = stopClock();
    const { client, server, body } = await received(CHUNKED, { idleTimeout: 1000 });
    const data = consume(body);
    for (let at = 1; at <= 8; at++) {
      pass(900);
      await give(server, client);
    }
    server.write('0\r\n\r\n');
    expect(await data).toEqual({ data: 'aaaaaaaa', error: undefined });
  });

  test('a reader that takes its time is not the sender’s fault', async () => {
    const pass = stopClock();
    const { client, server } = await connection();
    server.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n');
    server.write(Buffer.alloc(1_000_000));
    const { body } = await receive(client, { idleTimeout: 1000 });
    await until(() => client.isPaused());
    pass(5000);
    let bytes = 0;
    for await (const data of body) bytes += data.length;
    expect(bytes).toBe(1_000_000);
  });
});

describe('totalTimeout', () => {
  test('a sender that is never silent and never done: ERR_BODY_TIMEOUT, truncated, and the socket is destroyed', async () => {
    const pass = stopClock();
    const { client, server, body } = await received(CHUNKED, { idleTimeout: 500, totalTimeout: 1000 });
    const read = consume(body);
    for (let at = 1; at <= 3; at++) {
      pass(300);
      await give(server, client);
    }
    pass(300);
    const { data, error } = await read;
    expect(data).toBe('aaa');
    expect(error).toMatchObject({
      code: 'ERR_BODY_TIMEOUT',
      message: 'The body was not whole after 1000 ms',
      bytes: 3,
      verdict: { kind: 'truncated' },
    });
    await closed(client);
  });

  test('a reader that never comes: the socket is let go of, and what came is still his', async () => {
    const pass = stopClock();
    const octets = 'HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n';
    const { client, server, body } = await received(octets, { totalTimeout: 1000 });
    server.write(Buffer.alloc(1_000_000));
    await until(() => client.isPaused());
    pass(1000);
    await closed(client);
    expect((await body.verdict).kind).toBe('truncated');
    const { data, error } = await consume(body);
    expect(data.length).toBeGreaterThan(0);
    expect(error).toMatchObject({ code: 'ERR_BODY_TIMEOUT', bytes: data.length });
  });

  test('after the end it does nothing: the socket stays', async () => {
    const pass = stopClock();
    const { client, body } = await received(`${CHUNKED}5\r\nhello\r\n0\r\n\r\n`, { totalTimeout: 1000 });
    expect((await consume(body)).data).toBe('hello');
    pass(5000);
    expect(client.destroyed).toBe(false);
  });
});
