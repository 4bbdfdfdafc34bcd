/**
 * Strategy: the two Transforms together and on sockets: what goes in at one end comes out at the other, a slow reader
 * holds the writer, and a socket that was piped in is usable for the message behind.
 */
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { ChunkedDecoder } from '../../src/node/chunked-decoder.ts';
import { ChunkedEncoder } from '../../src/node/chunked-encoder.ts';
import { concat, latin1, pattern } from '../octets.ts';
import { failing } from './answering.ts';
import { feed, outcome } from './coding.ts';
import { closed, connection, listenerCounts, until, Wire } from './sockets.ts';

/** Takes everything, `highWaterMark` octets at a time, and each piece a round of the event loop later. */
function sink(highWaterMark = 16384) {
  const pieces: Uint8Array[] = [];
  const writable = new Writable({
    highWaterMark,
    write(data, _, callback) {
      pieces.push(data);
      setImmediate(callback);
    },
  });
  return { writable, content: () => concat(pieces) };
}

function* cut(data: Uint8Array, length: number) {
  for (let at = 0; at < data.length; at += length) yield data.subarray(at, at + length);
}

describe('round trips by pipeline', { timeout: 3000 }, () => {
  test.each([
    ['nothing', 0, 1, 1],
    ['an octet', 1, 1, 1],
    ['small writes', 5000, 7, 16384],
    ['large writes', 1_000_000, 100_000, 16384],
    ['a sink that takes an octet at a time', 2000, 100, 1],
    ['one write far over every buffer', 3_000_000, 3_000_000, 65536],
  ])('%s', async (_, length, writeLength, highWaterMark) => {
    const data = pattern(length);
    const { writable, content } = sink(highWaterMark);
    const decoder = new ChunkedDecoder({ require: 'always' });
    await pipeline(Readable.from(cut(data, writeLength)), new ChunkedEncoder(), decoder, writable);
    expect(Buffer.compare(content(), data)).toBe(0);
    expect(await decoder.verdict).toMatchObject({ kind: 'complete', bytes: length, digest: 'match' });
  });

  test.each([true, false])(
    'a failure of the body arrives as one, behind the data (clean: %s)',
    async (cleanFailure) => {
      const encoder = new ChunkedEncoder({ cleanFailure, describeError: () => ({ details: 'row 3' }) });
      const { writable, content } = sink(1);
      const source = Readable.from(failing(['one', 'two'])).on('error', (error) => encoder.fail(error));
      source.pipe(encoder);
      await expect(pipeline(encoder, new ChunkedDecoder(), writable)).rejects.toMatchObject({
        code: 'ERR_STREAM_FAILED',
        verdict: { kind: 'failed', bytes: 6, status: { kind: 'error', type: 'source_error', details: 'row 3' } },
      });
      expect(latin1(content())).toBe('onetwo');
    },
  );
});

describe('backpressure through both', { timeout: 5000 }, () => {
  test('a sink that takes nothing holds the source', async () => {
    let pulled = 0;
    const source = new Readable({
      read() {
        this.push(++pulled <= 1000 ? Buffer.alloc(4096) : null);
      },
    });
    let release = () => {};
    let bytes = 0;
    const writable = new Writable({ highWaterMark: 1 });
    writable._write = (data, _, callback) => {
      bytes += data.length;
      release = callback;
    };
    const done = pipeline(source, new ChunkedEncoder(), new ChunkedDecoder(), writable);
    for (let round = 0; round < 100; round++) await new Promise((resolve) => setImmediate(resolve));
    expect(pulled).toBeLessThan(150);
    writable._write = (data, _, callback) => {
      bytes += data.length;
      callback();
    };
    release();
    await done;
    expect(bytes).toBe(4_096_000);
  });
});

describe('what lies behind the message', () => {
  const MESSAGE = '5\r\nhello\r\n0\r\n\r\n';

  test('in the same write, and in several that were waiting', async () => {
    const decoder = new ChunkedDecoder();
    for (const piece of [MESSAGE.slice(0, 3), `${MESSAGE.slice(3)}one `, 'two ', 'three']) decoder.write(piece);
    expect(await outcome(decoder)).toMatchObject({ data: 'hello', hasEnded: true });
    expect(latin1(decoder.rest)).toBe('one two three');
  });

  test('in writes that wait behind content that waits for its reader', async () => {
    const decoder = new ChunkedDecoder();
    const content = 'x'.repeat(100_000);
    for (const piece of [`186a0\r\n${content}`, '\r\n0\r\n\r\n', 'one ', 'two ', 'three']) decoder.write(piece);
    let restAtEnd = '';
    decoder.on('end', () => {
      restAtEnd = latin1(decoder.rest);
    });
    expect((await outcome(decoder)).data).toHaveLength(100_000);
    expect(restAtEnd).toBe('one two three');
  });

  test('with the input ended', async () => {
    const decoder = new ChunkedDecoder();
    const result = outcome(decoder);
    await feed(decoder, [MESSAGE, 'one ', 'two']);
    expect(await result).toMatchObject({ data: 'hello', hasEnded: true });
    expect(latin1(decoder.rest)).toBe('one two');
  });

  test('is not looked at: it may be anything', async () => {
    const decoder = new ChunkedDecoder();
    decoder.write(`${MESSAGE}X\0\n`);
    expect((await outcome(decoder)).error).toBeUndefined();
    expect(latin1(decoder.rest)).toBe('X\0\n');
  });

  test('an error has no rest: nobody knows where the next message starts', async () => {
    const decoder = new ChunkedDecoder();
    decoder.write('5\r\nhelloX\r\nHTTP/1.1');
    expect((await outcome(decoder)).error?.code).toBe('ERR_STREAM_MALFORMED');
    expect(decoder.rest).toHaveLength(0);
  });
});

describe('RFC 9112 §9.3: a kept connection, its socket piped in', () => {
  test('is unpiped behind the message and has another one after it', async () => {
    const { client, server } = await connection();
    const before = listenerCounts(client);
    for (const word of ['one', 'two', 'three']) {
      const encoder = new ChunkedEncoder();
      encoder.pipe(server, { end: false });
      encoder.end(word);
      const decoder = new ChunkedDecoder({ require: 'always' });
      client.pipe(decoder);
      expect(await outcome(decoder)).toMatchObject({ data: word, hasEnded: true });
      expect(decoder.rest).toHaveLength(0);
      expect(client.destroyed).toBe(false);
      await closed(encoder);
    }
    expect(listenerCounts(client)).toEqual(before);
    const wire = new Wire(client);
    client.resume();
    server.write('and more');
    expect(await wire.until('and more')).toBe('and more');
  });

  test('two messages in one segment: the rest goes back by unshift', async () => {
    const { client, server } = await connection();
    server.write('3\r\none\r\n0\r\n\r\n3\r\ntwo\r\n0\r\nA: b\r\n\r\n');
    const first = new ChunkedDecoder();
    client.pipe(first);
    expect((await outcome(first)).data).toBe('one');
    client.unshift(first.rest);
    const second = new ChunkedDecoder();
    client.pipe(second);
    expect((await outcome(second)).data).toBe('two');
    expect(second.trailers).toEqual([['A', 'b']]);
  });

  test('a clean failure leaves it usable, too', async () => {
    const { client, server } = await connection();
    server.write('0\r\nX-Stream-Status: error\r\n\r\n');
    const failed = new ChunkedDecoder();
    client.pipe(failed);
    expect((await outcome(failed)).error?.code).toBe('ERR_STREAM_FAILED');
    server.write('0\r\n\r\n');
    const good = new ChunkedDecoder();
    client.pipe(good);
    expect((await outcome(good)).hasEnded).toBe(true);
    expect(client.destroyed).toBe(false);
  });

  test('a slow reader of the decoder holds the sender', async () => {
    const { client, server } = await connection();
    const encoder = new ChunkedEncoder();
    encoder.pipe(server, { end: false });
    const decoder = new ChunkedDecoder({ require: 'always' });
    client.pipe(decoder);
    const block = Buffer.alloc(1 << 20);
    let written = 0;
    for (; written < 64 && server.writableLength < 4 << 20; written++) encoder.write(block);
    await until(() => client.isPaused());
    expect(decoder.readableLength).toBeLessThan(1 << 20);
    encoder.end();
    let bytes = 0;
    for await (const data of decoder) bytes += data.length;
    expect(bytes).toBe(written << 20);
    expect(await decoder.verdict).toMatchObject({ kind: 'complete', bytes });
  });
});
