/**
 * Strategy: the two Transforms on real sockets. One that was piped in is usable for the message behind; a slow reader
 * holds the sender; a lost connection is a truncation.
 */
import { describe, expect, test } from 'vitest';
import { ChunkedDecoder } from '../../src/node/chunked-decoder.ts';
import { ChunkedEncoder } from '../../src/node/chunked-encoder.ts';
import { outcome } from '../support/coding.ts';
import { closed, connection, listenerCounts, until } from '../support/sockets.ts';
import { Wire } from '../support/wire.ts';

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
    expect((await outcome(failed)).error?.code).toBe('ERR_BODY_FAILED');
    server.write('0\r\n\r\n');
    const good = new ChunkedDecoder();
    client.pipe(good);
    expect((await outcome(good)).hasEnded).toBe(true);
    expect(client.destroyed).toBe(false);
  });

  test.each(['resetAndDestroy', 'destroy'] as const)(
    'RFC 9112 §8: one that is lost is a truncation: %s',
    async (lose) => {
      const { client, server } = await connection();
      client.on('error', () => {});
      server.write('5\r\nhel');
      const decoder = new ChunkedDecoder();
      client.pipe(decoder);
      const result = outcome(decoder);
      await until(() => client.bytesRead === 6);
      if (lose === 'destroy') client.destroy();
      else server.resetAndDestroy();
      expect(await result).toMatchObject({ data: 'hel', hasEnded: false, error: { code: 'ERR_BODY_TRUNCATED' } });
    },
  );

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
