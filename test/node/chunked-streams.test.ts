/**
 * Strategy: the two Transforms together: what goes in at one end comes out at the other, a slow reader holds the writer,
 * and what lies behind the message is kept.
 */
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { ChunkedDecoder } from '../../src/node/chunked-decoder.ts';
import { ChunkedEncoder } from '../../src/node/chunked-encoder.ts';
import { feed, outcome } from '../support/coding.ts';
import { concat, latin1, pattern } from '../support/octets.ts';
import { failing } from './send/answering.ts';

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

describe('round trips by pipeline', () => {
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
        code: 'ERR_BODY_FAILED',
        verdict: { kind: 'failed', bytes: 6, status: { kind: 'error', type: 'source_error', details: 'row 3' } },
      });
      expect(latin1(content())).toBe('onetwo');
    },
  );
});

describe('backpressure through both', () => {
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
    expect((await outcome(decoder)).error?.code).toBe('ERR_BODY_MALFORMED');
    expect(decoder.rest).toHaveLength(0);
  });
});
