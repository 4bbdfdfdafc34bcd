/**
 * Strategy: what ends a body from outside: the signal, silence, and the clock. Each must destroy the socket, settle the verdict, and
 * come behind the data. The times are options of the tests, and short.
 */
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { receive } from '../../../src/node/receive/receive.ts';
import { closed, connection, until } from '../../support/sockets.ts';
import { CHUNKED, consume, received } from './receiving.ts';

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
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { client, server, body } = await received(CHUNKED, { idleTimeout: 1000 });
    const data = consume(body);
    const before = client.bytesRead;
    for (let at = 1; at <= 8; at++) {
      vi.advanceTimersByTime(900);
      server.write('1\r\na\r\n');
      await until(() => client.bytesRead === before + at * 6);
    }
    server.write('0\r\n\r\n');
    expect(await data).toEqual({ data: 'aaaaaaaa', error: undefined });
  });

  test('a reader that takes its time is not the sender’s fault', async () => {
    const { client, server } = await connection();
    server.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n');
    server.write(Buffer.alloc(1_000_000));
    const { body } = await receive(client, { idleTimeout: 40 });
    await until(() => client.isPaused());
    await new Promise((resolve) => setTimeout(resolve, 100)); // what must not happen has no event
    let bytes = 0;
    for await (const data of body) bytes += data.length;
    expect(bytes).toBe(1_000_000);
  });
});

describe('totalTimeout', () => {
  test('a sender that is never silent and never done: ERR_BODY_TIMEOUT, truncated, and the socket is destroyed', async () => {
    const { client, server, body } = await received(CHUNKED, { idleTimeout: 5_000, totalTimeout: 1_000 });
    const drip = setInterval(() => server.write('1\r\na\r\n'), 10);
    const { data, error } = await consume(body);
    clearInterval(drip);
    expect(data).toMatch(/^a+$/);
    expect(error).toMatchObject({
      code: 'ERR_BODY_TIMEOUT',
      message: 'The body was not whole after 1000 ms',
      bytes: data.length,
      verdict: { kind: 'truncated' },
    });
    await closed(client);
  });

  test('a reader that never comes: the socket is let go of, and what came is still his', async () => {
    const octets = 'HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n';
    const { client, server, body } = await received(octets, { totalTimeout: 100 });
    server.write(Buffer.alloc(1_000_000));
    await closed(client);
    expect((await body.verdict).kind).toBe('truncated');
    const { data, error } = await consume(body);
    expect(data.length).toBeGreaterThan(0);
    expect(error).toMatchObject({ code: 'ERR_BODY_TIMEOUT', bytes: data.length });
  });

  test('after the end it does nothing: the socket stays', async () => {
    const { client, body } = await received(`${CHUNKED}5\r\nhello\r\n0\r\n\r\n`, { totalTimeout: 50 });
    expect((await consume(body)).data).toBe('hello');
    await new Promise((resolve) => setTimeout(resolve, 100)); // what must not happen has no event
    expect(client.destroyed).toBe(false);
  });
});
