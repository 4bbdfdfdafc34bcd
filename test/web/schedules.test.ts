/**
 * Invariants of the pairs under any order of events: how many writes, of what size, how they end, at what pace they are
 * read, how the octets are split and cut.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeChunked } from '../../src/core/encoder.ts';
import { ChunkedDecoderStream } from '../../src/web/chunked-decoder-stream.ts';
import { ChunkedEncoderStream } from '../../src/web/chunked-encoder-stream.ts';
import { createHasher } from '../support/hashing.ts';
import { concat, cutAt, latin1, pattern } from '../support/octets.ts';

const CAUSE = new Error('on purpose');

/** Waits for this many turns of the microtask queue. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await undefined;
}

/** Reads at this pace until the stream ends, or `limit` pieces have come and it is cancelled. */
async function readAt(
  paces: readonly number[],
  readable: ReadableStream<Uint8Array>,
  limit = Number.POSITIVE_INFINITY,
) {
  const reader = readable.getReader();
  const pieces: Uint8Array[] = [];
  let error: (Error & { code?: string }) | undefined;
  for (let index = 0; index < limit; index++) {
    await turns(paces[index % paces.length] ?? 0);
    try {
      const { done, value } = await reader.read();
      if (done) return { data: concat(pieces), error };
      pieces.push(value);
    } catch (failure) {
      error = failure as Error;
      return { data: concat(pieces), error };
    }
  }
  await reader.cancel(CAUSE);
  return { data: concat(pieces), error };
}

const paces = fc.array(fc.nat(12), { minLength: 1, maxLength: 5 });
const sizes = fc.array(fc.oneof(fc.nat(40), fc.constantFrom(1023, 1024, 1025, 20_000)), { maxLength: 12 });
const hashing = fc.constantFrom(undefined, createHasher);

describe('ChunkedEncoderStream', () => {
  test('its octets always say how it ended, and it never errors', async () => {
    const ends = fc.constantFrom('close', 'abort', 'fail');
    const property = fc.asyncProperty(
      ...([sizes, paces, paces, ends, fc.boolean(), fc.boolean(), hashing] as const),
      async (lengths, writing, reading, end, waits, cleanFailure, hasher) => {
        const encoder = new ChunkedEncoderStream({ cleanFailure, ...(hasher && { createHasher: hasher }) });
        const octets = readAt(reading, encoder.readable);
        const writer = encoder.writable.getWriter();
        writer.closed.catch(() => {});
        const written: Uint8Array[] = [];
        for (const [index, length] of lengths.entries()) {
          await turns(writing[index % writing.length]!);
          written.push(pattern(length, index));
          const write = writer.write(written.at(-1)!).catch(() => {});
          if (waits) await write;
        }
        if (end === 'close') await writer.close();
        else if (end === 'fail') encoder.fail(CAUSE);
        else await writer.abort(CAUSE);
        const { data: body, error } = await octets;
        expect(error).toBeUndefined();
        expect(encoder.fail(CAUSE)).toBe(false);

        const decoder = new ChunkedDecoderStream({ createHasher, require: 'always' });
        const { data } = await readAt([0], new Blob([new Uint8Array(body)]).stream().pipeThrough(decoder));
        expect((await decoder.verdict).kind).toBe(end === 'close' ? 'complete' : 'failed');
        const all = concat(written);
        // An abort drops what still waits to be taken in, as everywhere on the platform.
        const isAll = end !== 'abort' || waits;
        expect(latin1(data)).toBe(latin1(isAll ? all : all.subarray(0, data.length)));
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });

  test('when it is cancelled, every write settles and the writable side has the reason', async () => {
    const property = fc.asyncProperty(sizes, paces, fc.nat(4), async (lengths, reading, limit) => {
      const encoder = new ChunkedEncoderStream({ createHasher });
      const reader = readAt(reading, encoder.readable, limit);
      const writer = encoder.writable.getWriter();
      const closed = writer.closed.then(
        () => undefined,
        (error) => error,
      );
      const writes = lengths.map((length) => writer.write(pattern(length)).catch(() => {}));
      const close = writer.close().catch(() => {});
      await reader;
      await Promise.all([...writes, close]);
      const pieces = lengths.filter((length) => length > 0).length;
      // Behind the last data the end is put out without being asked for: then either may come first.
      if (limit !== pieces) expect(await closed).toBe(limit < pieces ? CAUSE : undefined);
    });
    await fc.assert(property, { numRuns: 200 });
  });
});

describe('ChunkedDecoderStream', () => {
  const body = fc.record({ length: fc.nat(3000), chunkSize: fc.integer({ min: 1, max: 700 }) });

  test('at any split and pace: complete if whole, truncated if cut, and all that came is read first', async () => {
    const property = fc.asyncProperty(
      ...([body, fc.array(fc.nat(4000), { maxLength: 8 }), fc.option(fc.nat()), paces, fc.boolean()] as const),
      async ({ length, chunkSize }, cuts, cut, reading, isLost) => {
        const content = pattern(length);
        const whole = encodeChunked(content, { chunkSize, trailers: [['X-Stream-Status', `ok;bytes=${length}`]] });
        const input = cut === null ? whole : whole.subarray(0, cut % whole.length);
        const pieces = cutAt(input, cuts);
        const source = new ReadableStream<Uint8Array>({
          pull(controller) {
            const piece = pieces.shift();
            if (piece !== undefined) controller.enqueue(piece);
            else if (isLost) controller.error(CAUSE);
            else controller.close();
          },
        });
        const decoder = new ChunkedDecoderStream({ createHasher, require: 'always' });
        const { data, error } = await readAt(reading, source.pipeThrough(decoder));
        const { kind, bytes } = await decoder.verdict;
        expect([kind, error?.code]).toEqual(
          cut === null ? ['complete', undefined] : ['truncated', 'ERR_BODY_TRUNCATED'],
        );
        expect(latin1(data)).toBe(latin1(content.subarray(0, bytes)));
        if (cut === null) expect(data.length).toBe(length);
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });

  test('when it is cancelled, the verdict settles, and so does every write', async () => {
    const property = fc.asyncProperty(body, paces, fc.nat(3), async ({ length, chunkSize }, reading, limit) => {
      const octets = encodeChunked(pattern(length), { chunkSize });
      const decoder = new ChunkedDecoderStream();
      const writer = decoder.writable.getWriter();
      writer.closed.catch(() => {});
      const reader = readAt(reading, decoder.readable, limit);
      const writes = cutAt(octets, [1, 50, 700]).map((piece) => writer.write(piece).catch(() => {}));
      const close = writer.close().catch(() => {});
      await reader;
      await Promise.all([...writes, close]);
      expect(['abandoned', 'unverified']).toContain((await decoder.verdict).kind);
    });
    await fc.assert(property, { numRuns: 200 });
  });
});
