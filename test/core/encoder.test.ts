/** Strategy: the octets of RFC 9112 §7.1 written out; the pieces they come in are checked only where a promise is made. */
import { describe, expect, test } from 'vitest';
import { Encoder, encodeChunked } from '../../src/core/encoder.ts';
import type { FieldPairs } from '../../src/core/fields.ts';
import { concat, latin1, octets, pattern } from '../support/octets.ts';

const sent = (pieces: Uint8Array[]) => latin1(concat(pieces));

describe('chunks', () => {
  test('RFC 9112 §7.1: chunk-size CRLF chunk-data CRLF', () => {
    const encoder = new Encoder();
    expect(sent(encoder.write(octets('hello')))).toBe('5\r\nhello\r\n');
    expect(sent(encoder.write(octets('\r\n')))).toBe('2\r\n\r\n\r\n');
  });

  test('RFC 9112 §7.1: empty data makes no chunk, which would end the body', () => {
    const encoder = new Encoder();
    expect(encoder.write(octets(''))).toEqual([]);
    expect(encoder.ended).toBe(false);
  });

  test.each([
    [1, '1'],
    [9, '9'],
    [10, 'a'],
    [15, 'f'],
    [16, '10'],
    [255, 'ff'],
    [256, '100'],
    [1023, '3ff'],
    [1024, '400'],
    [1025, '401'],
    [4096, '1000'],
    [65535, 'ffff'],
    [65536, '10000'],
    [1_048_576, '100000'],
  ])('RFC 9112 §7.1: %i octets of data have the size %s', (length, size) => {
    const data = pattern(length);
    const wire = sent(new Encoder().write(data));
    expect(wire.slice(0, size.length + 2).toLowerCase()).toBe(`${size}\r\n`);
    expect(wire.slice(size.length + 2)).toBe(`${latin1(data)}\r\n`);
  });

  test('small data is one piece of its own; large data is handed on uncopied', () => {
    const small = pattern(1024);
    const pieces = new Encoder().write(small);
    expect(pieces).toHaveLength(1);
    expect(pieces[0]!.buffer).not.toBe(small.buffer);
    const large = pattern(1025);
    expect(new Encoder().write(large)[1]).toBe(large);
  });

  test('pieces stay as they are while others are made, by any encoder', () => {
    const encoders = [new Encoder(), new Encoder()];
    const lengths = Array.from({ length: 400 }, (_, at) => (at * 37) % 1100);
    const pieces = lengths.map((length, at) => encoders[at % 2]!.write(pattern(length, at)));
    for (const [at, length] of lengths.entries()) {
      const data = latin1(pattern(length, at));
      expect(sent(pieces[at]!)).toBe(length === 0 ? '' : `${length.toString(16)}\r\n${data}\r\n`);
    }
  });

  test('a chunk is made from a Uint8Array', () => {
    for (const data of ['text', [1], new ArrayBuffer(1), undefined, null]) {
      expect(() => new Encoder().write(data as never)).toThrow(TypeError);
    }
    expect(sent(new Encoder().write(Buffer.from('a')))).toBe('1\r\na\r\n');
  });
});

describe('endings', () => {
  test('RFC 9112 §7.1: last-chunk, no trailers, CRLF', () => {
    const encoder = new Encoder();
    expect(sent(encoder.end())).toBe('0\r\n\r\n');
    expect(encoder.ended).toBe(true);
  });

  test('RFC 9112 §7.1.2: the trailer section between them', () => {
    const trailers: FieldPairs = [
      ['X-Stream-Status', 'ok;bytes=0'],
      ['B', ''],
      ['B', '\xe9'],
    ];
    expect(sent(new Encoder().end(trailers))).toBe('0\r\nX-Stream-Status: ok;bytes=0\r\nB: \r\nB: \xe9\r\n\r\n');
  });

  test('RFC 9112 §7.1.1: the abort chunk, and nothing behind it', () => {
    const encoder = new Encoder();
    const header = '1;x-stream-status="error;type=source_error"\r\n';
    expect(sent(encoder.abort({ kind: 'error', type: 'source_error' }))).toBe(header);
    expect(encoder.ended).toBe(true);
  });

  test.each<[string, FieldPairs]>([
    ['RFC 9110 §6.5.1: a name that may not trail', [['Content-Length', '5']]],
    ['RFC 9110 §5.1: a name that is no token', [['a b', 'c']]],
    ['RFC 9110 §5.5: a value with CRLF', [['X', 'a\r\nb: c']]],
  ])('%s is a TypeError, and the body can still be ended', (_, trailers) => {
    const encoder = new Encoder();
    expect(() => encoder.end([['X-A', '1'], ...trailers])).toThrow(TypeError);
    expect(encoder.ended).toBe(false);
    expect(sent(encoder.end())).toBe('0\r\n\r\n');
  });

  test('a status that cannot be sent is an error, and the body can still be aborted', () => {
    const encoder = new Encoder();
    expect(() => encoder.abort({ kind: 'error', type: 'a b' })).toThrow(TypeError);
    expect(() => encoder.abort({ kind: 'error', bytes: -1 })).toThrow(RangeError);
    expect(sent(encoder.abort({ kind: 'error' }))).toBe('1;x-stream-status="error"\r\n');
  });

  test('RFC 9112 §7.1: nothing can follow an ending', () => {
    const ended = new Encoder();
    ended.end();
    const aborted = new Encoder();
    aborted.abort({ kind: 'error' });
    for (const encoder of [ended, aborted]) {
      expect(() => encoder.write(octets('a'))).toThrow(/ended/);
      expect(() => encoder.write(octets(''))).toThrow(/ended/);
      expect(() => encoder.end()).toThrow(/ended/);
      expect(() => encoder.abort({ kind: 'error' })).toThrow(/ended/);
    }
  });
});

describe('encodeChunked', () => {
  const encode = (body: string, options?: Parameters<typeof encodeChunked>[1]) =>
    latin1(encodeChunked(octets(body), options));

  test('RFC 9112 §7.1: a whole body', () => {
    expect(encode('hello')).toBe('5\r\nhello\r\n0\r\n\r\n');
    expect(encode('')).toBe('0\r\n\r\n');
    expect(encode('', { trailers: [['X', '1']] })).toBe('0\r\nX: 1\r\n\r\n');
  });

  test('RFC 9112 §7.1: in chunks of chunkSize, the last one of what is left', () => {
    expect(encode('hello', { chunkSize: 2, trailers: [['X', '1']] })).toBe(
      '2\r\nhe\r\n2\r\nll\r\n1\r\no\r\n0\r\nX: 1\r\n\r\n',
    );
    expect(encode('hello', { chunkSize: 5 })).toBe('5\r\nhello\r\n0\r\n\r\n');
  });

  test('65536 octets by default', () => {
    const wire = encodeChunked(pattern(65537));
    expect(latin1(wire.subarray(0, 7))).toBe('10000\r\n');
    expect(latin1(wire.subarray(7 + 65536))).toBe(`\r\n1\r\n${latin1(pattern(65537).subarray(65536))}\r\n0\r\n\r\n`);
  });

  test.each([[0], [-1], [1.5], [Number.NaN], [Number.POSITIVE_INFINITY], [2 ** 53]])(
    'a chunkSize of %d is a RangeError',
    (chunkSize) => {
      expect(() => encode('a', { chunkSize })).toThrow(RangeError);
    },
  );

  test('RFC 9110 §6.5.1: trailers that may not trail are a TypeError', () => {
    expect(() => encode('a', { trailers: [['Host', 'a']] })).toThrow(TypeError);
  });
});
