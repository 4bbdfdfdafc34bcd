/**
 * Strategy: signal and idleTimeout. Each must end the response as a failure of its type, destroy the source, and tell
 * `pipeline` why. The times are options of the tests, and short.
 */
import { Readable } from 'node:stream';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { RespondOptions } from '../../../src/node/send/respond.ts';
import { closed, connection } from '../../support/sockets.ts';
import { type Answer, ASKING, AWARE, answer, answerNext, LAST_CHUNK, messageFrom, OLD, PLAIN } from './answering.ts';

const endless = () => new Readable({ read() {} });

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
    const { wire, response } = await begun(OLD, { signal: controller.signal, lingerTimeout: 50 });
    controller.abort();
    expect((await wire.closed()).end).toBe('ECONNRESET');
    expect(response.ending).toBe('reset');
  });

  test('AbortSignal.timeout is a timeout', async () => {
    const { wire, outcome } = await begun(ASKING, { signal: AbortSignal.timeout(150) });
    expect(await outcome).toMatchObject({ name: 'AbortError', cause: { name: 'TimeoutError' } });
    expect((await wire.closed()).octets).toBe('\r\n1;x-stream-status="error;type=timeout"\r\n');
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
    const { wire, response, outcome, source } = await begun(ASKING, { idleTimeout: 40 });
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
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const source = async function* () {
      for (let at = 0; at < 8; at++) {
        vi.advanceTimersByTime(900);
        yield 'a';
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const { wire, outcome } = await answer(PLAIN, source, { idleTimeout: 1000 });
    expect(await outcome).toBeUndefined();
    expect(messageFrom(await wire.until(LAST_CHUNK)).body).toBe(`${'1\r\na\r\n'.repeat(8)}${LAST_CHUNK}`);
  });

  test('a client that takes nothing is a timeout, and holds the socket no longer than that again', async () => {
    const { client, server } = await connection();
    const source = new Readable({
      read() {
        this.push(Buffer.alloc(65536));
      },
    });
    client.write(PLAIN); // and reads nothing
    const { outcome } = await answerNext(server, source, { idleTimeout: 60 });
    expect(await outcome).toMatchObject({ code: 'ETIMEDOUT' });
    await closed(server);
  });

  test('0 is no bound', async () => {
    const { wire, outcome, source } = await begun(PLAIN, { idleTimeout: 0 });
    source.push('b');
    source.push(null);
    expect(await outcome).toBeUndefined();
    expect(await wire.until(LAST_CHUNK)).toBe(`\r\n1\r\nb\r\n${LAST_CHUNK}`);
  });

  test('no timer is left when the response has ended', async () => {
    const { outcome, response } = await answer(PLAIN, Readable.from(['a']), { idleTimeout: 30 });
    expect(await outcome).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 60)); // what must not happen has no event
    expect(response.errored).toBeNull();
  });
});
