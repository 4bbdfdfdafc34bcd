/**
 * Strategy: signal and idleTimeout. Each must end the response as a failure of its type, destroy the source, and tell
 * `pipeline` why. Time passes when the test says so, once what comes before it is there.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import type { RequestHead } from '../../../src/node/head/message-head.ts';
import { readRequest } from '../../../src/node/head/read-request.ts';
import { type RespondOptions, respond } from '../../../src/node/send/respond.ts';
import { stopClock, timedOut } from '../../support/clock.ts';
import { closed, connection, until } from '../../support/sockets.ts';
import { type Answer, ASKING, AWARE, answer, answerNext, LAST_CHUNK, messageFrom, OLD, PLAIN } from './answering.ts';

const endless = () => new Readable({ read() {} });

/** A request that has come, and has no response yet. */
async function requested(): Promise<{ server: Socket; request: RequestHead }> {
  const { client, server } = await connection();
  client.write(PLAIN);
  return { server, request: await readRequest(server) };
}

/** A response of which one chunk, or the same octets over HTTP/1.0, has come when this returns. */
async function begun(request: string, options: RespondOptions): Promise<Answer & { source: Readable }> {
  const source = endless();
  const begun = await answer(request, source, options);
  source.push('hello');
  await begun.wire.until('hello');
  return { ...begun, source };
}

describe('signal', () => {
  test('an abort is cancelled: abort chunk', async () => {
    const controller = new AbortController();
    const { wire, response, outcome, source } = await begun(ASKING, { signal: controller.signal });
    const reason = new Error('the user has logged out');
    controller.abort(reason);
    expect(await outcome).toMatchObject({ name: 'AbortError', cause: reason });
    expect(source.destroyed).toBe(true);
    expect((await wire.closed()).octets).toBe('\r\n1;x-stream-status="error;type=cancelled"\r\n');
    expect(response.ending).toBe('abort');
  });

  test('an abort is cancelled: clean failure', async () => {
    const controller = new AbortController();
    const { wire, response } = await begun(AWARE, { signal: controller.signal });
    controller.abort();
    expect(await wire.until('=:\r\n\r\n')).toMatch(/^\r\n0\r\nX-Stream-Status: error;bytes=5;type=cancelled\r\n/);
    await closed(response);
    expect(response.ending).toBe('clean-failure');
  });

  test('an abort is cancelled: HTTP/1.0', async () => {
    const controller = new AbortController();
    const { wire, response } = await begun(OLD, { signal: controller.signal });
    controller.abort();
    expect((await wire.closed()).end).toBe('ECONNRESET');
    expect(response.ending).toBe('reset');
  });

  test('that of AbortSignal.timeout is a timeout', async () => {
    const controller = new AbortController();
    const { wire, outcome } = await begun(ASKING, { signal: controller.signal });
    controller.abort(timedOut());
    expect(await outcome).toMatchObject({ name: 'AbortError', cause: { name: 'TimeoutError' } });
    expect((await wire.closed()).octets).toBe('\r\n1;x-stream-status="error;type=timeout"\r\n');
  });

  test('AbortSignal.timeout, before there is content: an error response', async () => {
    const { wire, outcome } = await answer(PLAIN, endless(), { signal: AbortSignal.timeout(20) });
    expect(await outcome).toMatchObject({ name: 'AbortError', cause: timedOut() });
    expect(await wire.until('\r\n\r\n')).toMatch(/^HTTP\/1.1 500 /);
  });

  test('aborted before: an error response', async () => {
    const { wire, response, outcome } = await answer(PLAIN, endless(), { signal: AbortSignal.abort() });
    expect(await outcome).toMatchObject({ name: 'AbortError' });
    expect(await wire.until('\r\n\r\n')).toMatch(/^HTTP\/1.1 500 /);
    expect(response.ending).toBe('error-response');
  });

  test('aborted after the end: nothing', async () => {
    const controller = new AbortController();
    const { wire, outcome, response } = await answer(PLAIN, Readable.from(['a']), { signal: controller.signal });
    expect(await outcome).toBeUndefined();
    controller.abort();
    await closed(response);
    expect(messageFrom(await wire.until(LAST_CHUNK)).body).toBe(`1\r\na\r\n${LAST_CHUNK}`);
    expect(response.errored).toBeNull();
  });
});

describe('idleTimeout', () => {
  test('a source that gives nothing more is a timeout', async () => {
    const pass = stopClock();
    const { wire, response, outcome, source } = await begun(ASKING, { idleTimeout: 1000 });
    pass(3000);
    expect(await outcome).toMatchObject({ code: 'ETIMEDOUT' });
    expect(source.destroyed).toBe(true);
    expect((await wire.closed()).octets).toBe('\r\n1;x-stream-status="error;type=timeout"\r\n');
    expect(response.ending).toBe('abort');
  });

  test('one that never gives anything gets an error response', async () => {
    const { wire, response, outcome } = await answer(PLAIN, endless(), { idleTimeout: 40 });
    expect(await outcome).toMatchObject({ code: 'ETIMEDOUT' });
    expect(await wire.until('\r\n\r\n')).toMatch(/^HTTP\/1.1 500 /);
    expect(response.ending).toBe('error-response');
  });

  test('one that gives something now and then is none', async () => {
    const pass = stopClock();
    const source = async function* () {
      for (let at = 0; at < 8; at++) {
        pass(900);
        yield 'a';
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const { wire, outcome } = await answer(PLAIN, source, { idleTimeout: 1000 });
    expect(await outcome).toBeUndefined();
    expect(messageFrom(await wire.until(LAST_CHUNK)).body).toBe(`${'1\r\na\r\n'.repeat(8)}${LAST_CHUNK}`);
  });

  test('a client that takes nothing is a timeout, and does not hold the socket', async () => {
    const { client, server } = await connection();
    const source = new Readable({
      read() {
        this.push(Buffer.alloc(65536));
      },
    });
    client.write(PLAIN); // and reads nothing
    const pass = stopClock();
    const { outcome, response } = await answerNext(server, source, { idleTimeout: 1000 });
    await until(() => server.writableLength > 0 && response.writableNeedDrain);
    pass(10_000); // a second of silence, and five for the failure to leave
    expect(await outcome).toMatchObject({ code: 'ETIMEDOUT' });
    await closed(server);
  });

  test('runs in the context in which its response was opened, beside others of the same turn', async () => {
    const context = new AsyncLocalStorage<string>();
    const names = ['first', 'second'];
    const heads = await Promise.all(names.map(() => requested()));
    const seen = names.map((name, i) =>
      context.run(name, () => {
        const { server, request } = heads[i]!;
        const response = respond(server, { request, idleTimeout: 20 });
        return new Promise((resolve) => response.on('error', () => resolve(context.getStore())));
      }),
    );
    expect(await Promise.all(seen)).toEqual(names);
  });

  test('holds for a response though the turn of another one never ended', async () => {
    const [stuck, other] = [await requested(), await requested()];
    vi.useFakeTimers({ toFake: ['setImmediate'] });
    respond(stuck.server, { request: stuck.request, idleTimeout: 20 }).on('error', () => {});
    vi.useRealTimers();
    const response = respond(other.server, { request: other.request, idleTimeout: 20 });
    expect(await new Promise((resolve) => response.on('error', resolve))).toMatchObject({ code: 'ETIMEDOUT' });
  });

  test('0 is no bound', async () => {
    const { wire, outcome, source } = await begun(PLAIN, { idleTimeout: 0 });
    source.push('b');
    source.push(null);
    expect(await outcome).toBeUndefined();
    expect(await wire.until(LAST_CHUNK)).toBe(`\r\n1\r\nb\r\n${LAST_CHUNK}`);
  });

  test('no timer is left when the response has ended', async () => {
    const pass = stopClock();
    const { outcome, response } = await answer(PLAIN, Readable.from(['a']), { idleTimeout: 1000 });
    expect(await outcome).toBeUndefined();
    pass(5000);
    expect(response.errored).toBeNull();
  });
});
