/**
 * Strategy: readers fast, slow and unwilling. Each must see the data that came before a failure, then the failure; and
 * whatever the reader does, the verdict settles and the socket is not forgotten.
 */
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { receive } from '../../../src/node/receive/receive.ts';
import type { ReceivedBody } from '../../../src/node/receive/received-body.ts';
import { closed, connection, until } from '../../support/sockets.ts';
import { CHUNKED, consume, received, SEALED } from './receiving.ts';

const ABORT = '1;x-stream-status="error;type=source_error"\r\n';
const FAILURE = { name: 'BodyError', code: 'ERR_BODY_FAILED', verdict: { kind: 'failed' } };

/** Takes one piece at a time, each a round of the event loop later than the one before. */
function slowSink() {
  const taken: string[] = [];
  const sink = new Writable({
    highWaterMark: 1,
    write(data, _, callback) {
      taken.push(String(data));
      setImmediate(callback);
    },
  });
  return { sink, taken };
}

async function failedBody(): Promise<ReceivedBody> {
  const { server, body } = await received(`${CHUNKED}5\r\nhello\r\n${ABORT}`);
  server.end();
  await body.verdict; // the failure is known before anything has been read
  return body;
}

describe('every way of reading sees the data, then the failure', () => {
  test('for await', async () => {
    const { data, error } = await consume(await failedBody());
    expect(data).toBe('hello');
    expect(error).toMatchObject(FAILURE);
  });

  test('pipeline', async () => {
    const { sink, taken } = slowSink();
    await expect(pipeline(await failedBody(), sink)).rejects.toMatchObject(FAILURE);
    expect(taken.join('')).toBe('hello');
    expect(sink.destroyed).toBe(true);
  });

  test('pipe and finished: the destination is not ended', async () => {
    const { sink, taken } = slowSink();
    const body = await failedBody();
    body.pipe(sink);
    await expect(finished(body)).rejects.toMatchObject(FAILURE);
    await until(() => taken.length > 0);
    expect(taken.join('')).toBe('hello');
    expect(sink.writableEnded).toBe(false);
  });

  test("'data', 'error' and 'close', and never 'end'", async () => {
    const body = await failedBody();
    const events: string[] = [];
    for (const name of ['data', 'end', 'error', 'close']) body.on(name, () => events.push(name));
    await closed(body);
    expect(events).toEqual(['data', 'error', 'close']);
  });

  test("'readable' and read()", async () => {
    const body = await failedBody();
    let data = '';
    body.on('readable', () => {
      for (let piece = body.read(2); piece !== null; piece = body.read(2)) data += piece;
      data += body.read() ?? '';
    });
    await expect(finished(body)).rejects.toMatchObject(FAILURE);
    expect(data).toBe('hello');
  });

  test('a body in several pieces that waits for a slow reader', async () => {
    const words = Array.from({ length: 200 }, (_, at) => String(1000 + at));
    const { server, body } = await received(CHUNKED);
    for (const word of words) {
      server.write(`4\r\n${word}\r\n`);
      await until(() => server.writableLength === 0);
    }
    server.end(ABORT);
    await body.verdict;
    const { sink, taken } = slowSink();
    await expect(pipeline(body, sink)).rejects.toMatchObject(FAILURE);
    expect(taken.join('')).toBe(words.join(''));
  });
});

describe('backpressure', () => {
  test('a reader that stops holds the sender, and gets everything when it goes on', async () => {
    const { client, server, body } = await received('HTTP/1.1 200 OK\r\n\r\n');
    const block = Buffer.alloc(1 << 20, 'x');
    let isFull = false;
    for (let sent = 0; sent < 64 && !isFull; sent++) isFull = !server.write(block) && server.writableLength > 4 << 20;
    expect(isFull).toBe(true);
    const total = server.bytesWritten - 'HTTP/1.1 200 OK\r\n\r\n'.length;
    await until(() => client.isPaused());
    expect(body.readableLength).toBeLessThan(body.readableHighWaterMark + 65536 + 1);
    await new Promise((resolve) => setTimeout(resolve, 60)); // what must not happen has no event
    expect(server.writableLength).toBeGreaterThan(0);
    server.end();
    let bytes = 0;
    for await (const data of body) bytes += data.length;
    expect(bytes).toBe(total);
  });
});

describe('a reader that gives up', () => {
  test.each([
    ['destroy', (body: ReceivedBody) => body.destroy()],
    ['destroy with an error', (body: ReceivedBody) => body.on('error', () => {}).destroy(new Error('enough'))],
  ])('%s: the socket is destroyed, the verdict settles', async (_, giveUp) => {
    const { client, body } = await received(`${CHUNKED}5\r\nhello\r\n`);
    await once(body, 'data');
    giveUp(body);
    await closed(client);
    expect(await body.verdict).toMatchObject({ kind: 'abandoned', bytes: 5 });
  });

  test('leaving for await', async () => {
    const { client, body } = await received(`${CHUNKED}5\r\nhello\r\n`);
    for await (const data of body) {
      expect(String(data)).toBe('hello');
      break;
    }
    await closed(client);
    expect(await body.verdict).toMatchObject({ kind: 'abandoned' });
  });

  test('in the middle of what came in one piece', async () => {
    const chunk = `2000\r\n${'x'.repeat(8192)}\r\n`; // too large to be gathered
    const { client, server, body } = await received(SEALED);
    body.once('data', () => body.destroy());
    server.write(chunk.repeat(4));
    await closed(client);
    expect(await body.verdict).toMatchObject({ kind: 'abandoned', bytes: 8192 });
  });

  test('a destination that fails', async () => {
    const { client, body } = await received(`${CHUNKED}5\r\nhello\r\n`);
    const error = new Error('the disk is full');
    const sink = new Writable({ write: (_, __, callback) => callback(error) });
    await expect(pipeline(body, sink)).rejects.toBe(error);
    await closed(client);
    expect(await body.verdict).toMatchObject({ kind: 'abandoned' });
  });

  test('behind the end of a good body the socket is not harmed', async () => {
    const { client, body } = await received(`${CHUNKED}5\r\nhello\r\n0\r\n\r\n`);
    expect(await body.verdict).toMatchObject({ kind: 'unverified', bytes: 5 });
    body.destroy();
    await closed(body);
    expect(client.destroyed).toBe(false);
  });

  test('a reader that never reads: the verdict of a small body settles, and nothing is thrown at nobody', async () => {
    const { server, body } = await received(`${CHUNKED}5\r\nhello\r\n${ABORT}`);
    server.end();
    expect(await body.verdict).toMatchObject({ kind: 'failed', bytes: 5 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(body.destroyed).toBe(false);
  });
});

describe('a buffer that somebody else has', () => {
  const CHUNKS = `${CHUNKED}${'1\r\nx\r\n2\r\nyz\r\n'.repeat(500)}0\r\n\r\n`;

  test.each(['before the head', 'with the body'])(
    'a listener that was there %s, and left: it is not changed',
    async (when) => {
      const { client, server } = await connection();
      const kept: { data: Buffer; copy: string }[] = [];
      const keep = (data: Buffer) => kept.push({ data, copy: data.toString('latin1') });
      client.on('data', keep);
      client.pause();
      const receiving = receive(client);
      if (when === 'before the head') client.off('data', keep);
      server.write(CHUNKS, 'latin1');
      const { body } = await receiving;
      body.once('data', () => client.off('data', keep));
      expect((await consume(body)).data).toBe('xyz'.repeat(500));
      for (const { data, copy } of kept) expect(data.toString('latin1')).toBe(copy);
      if (when === 'with the body') expect(kept.length).toBeGreaterThan(0);
    },
  );
});
