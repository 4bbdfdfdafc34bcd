/**
 * Strategy: what is closed is compared with the chunk written out, for every way to cut the data into writes; and a slab
 * that others read from in front and behind must not be touched outside.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FRAMING_BYTES, MAX_HEADER_BYTES, OpenChunk, writeHeaderBefore } from '../../src/core/chunk.ts';
import { Encoder } from '../../src/core/encoder.ts';
import { concat, cutAt, latin1, octets, pattern } from '../support/octets.ts';

const chunkOf = (data: Uint8Array) => `${data.length.toString(16)}\r\n${latin1(data)}\r\n`;

/** A chunk with room for so much data, in memory whose neighbours are all `~`. */
function open(room: number) {
  const memory = new Uint8Array(room + FRAMING_BYTES + 16).fill(0x7e);
  const slab = memory.subarray(8, memory.length - 8);
  const assertNeighbours = () => {
    expect(latin1(memory.slice(0, 8))).toBe('~~~~~~~~');
    expect(latin1(memory.slice(-8))).toBe('~~~~~~~~');
  };
  return { chunk: new OpenChunk(slab), assertNeighbours };
}

describe('RFC 9112 §7.1: a chunk that is gathered', () => {
  test('has one header for all of its data, and one CRLF', () => {
    const { chunk } = open(100);
    for (const token of ['to', 'ken', 's', '\r\n']) expect(chunk.append(octets(token))).toBe(true);
    expect(latin1(chunk.close())).toBe('8\r\ntokens\r\n\r\n');
  });

  test.each([1, 15, 16, 17, 31, 32, 33, 255, 256, 4095, 4096, 65535, 65536])(
    '%i octets, to the last of its room',
    (length) => {
      const data = pattern(length);
      const { chunk, assertNeighbours } = open(length);
      expect(chunk.room).toBe(length);
      expect(chunk.append(data)).toBe(true);
      expect([chunk.room, chunk.size]).toEqual([0, length]);
      expect(latin1(chunk.close())).toBe(chunkOf(data));
      assertNeighbours();
    },
  );

  test('property: it is the chunk of the data, however that was cut into writes', () => {
    fc.assert(
      fc.property(fc.nat(600), fc.array(fc.nat(600), { maxLength: 12 }), fc.nat(40), (length, cuts, spare) => {
        const data = pattern(length + 1);
        const { chunk, assertNeighbours } = open(data.length + spare);
        for (const piece of cutAt(data, cuts)) expect(chunk.append(piece)).toBe(true);
        expect(chunk.size).toBe(data.length);
        expect(chunk.room).toBe(spare);
        expect(latin1(chunk.data)).toBe(latin1(data));
        expect(latin1(chunk.close())).toBe(chunkOf(data));
        assertNeighbours();
      }),
    );
  });

  test.each([4, 33, 200])('refuses %i octets that have no room, and stays as it was', (length) => {
    const { chunk, assertNeighbours } = open(length + 2);
    expect(chunk.append(octets('abc'))).toBe(true);
    expect(chunk.append(pattern(length))).toBe(false);
    expect([chunk.size, chunk.room]).toEqual([3, length - 1]);
    expect(chunk.append(octets('de'))).toBe(true);
    expect(latin1(chunk.close())).toBe('5\r\nabcde\r\n');
    assertNeighbours();
  });

  test('empty data changes nothing', () => {
    const { chunk } = open(10);
    expect(chunk.append(octets(''))).toBe(true);
    expect([chunk.size, chunk.room, chunk.data.length]).toEqual([0, 10, 0]);
  });

  test('the data it was given may change afterwards, and is not written to', () => {
    const { chunk } = open(100);
    const short = octets('short');
    const long = pattern(64);
    chunk.append(short);
    chunk.append(long);
    const expected = chunkOf(concat([octets('short'), pattern(64)]));
    expect([latin1(short), latin1(long)]).toEqual(['short', latin1(pattern(64))]);
    short.fill(0);
    long.fill(0);
    expect(latin1(chunk.close())).toBe(expected);
  });

  test('data and the closed chunk are views of the slab: nothing is copied twice', () => {
    const { chunk } = open(10);
    chunk.append(octets('abc'));
    expect(chunk.data.buffer).toBe(chunk.slab.buffer);
    expect(chunk.close().buffer).toBe(chunk.slab.buffer);
  });
});

describe('the encoder', () => {
  test('closes it, behind and before other chunks', () => {
    const encoder = new Encoder();
    const { chunk } = open(10);
    chunk.append(octets('two'));
    const pieces = [
      ...encoder.write(octets('one')),
      ...encoder.close(chunk),
      ...encoder.write(octets('three')),
      ...encoder.end(),
    ];
    expect(latin1(concat(pieces))).toBe('3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n');
  });

  test('makes one chunk of many pieces, and copies none of them', () => {
    const pieces = [octets('one'), octets(''), pattern(5000), octets('three')];
    const sent = new Encoder().writeAll(pieces);
    expect(latin1(concat(sent))).toBe(chunkOf(concat(pieces)));
    for (const piece of pieces) expect(sent).toContain(piece);
  });

  test('RFC 9112 §7.1: without data it makes no chunk, which would end the body', () => {
    const encoder = new Encoder();
    expect(encoder.close(open(10).chunk)).toEqual([]);
    expect(encoder.writeAll([])).toEqual([]);
    expect(encoder.writeAll([octets(''), octets('')])).toEqual([]);
    expect(encoder.ended).toBe(false);
  });

  test('makes none after the end of the body', () => {
    for (const end of ['end', 'abort'] as const) {
      const encoder = new Encoder();
      const { chunk } = open(10);
      chunk.append(octets('late'));
      if (end === 'end') encoder.end();
      else encoder.abort({ kind: 'error', type: 'source_error' });
      expect(() => encoder.close(chunk)).toThrow(/ended/);
      expect(() => encoder.writeAll([octets('late')])).toThrow(/ended/);
    }
  });

  test('many headers do not overwrite one another while they wait to be sent', () => {
    const encoder = new Encoder();
    const data = Array.from({ length: 3000 }, (_, at) => pattern((at % 40) + 1, at));
    const sent = data.map((piece) => encoder.writeAll([piece]));
    expect(latin1(concat(sent.flat()))).toBe(data.map(chunkOf).join(''));
  });
});

const FILL = 0x7e;

/** The header of a chunk whose data starts at `dataStart`, in octets that are all `~`. */
function written(size: number, dataStart: number) {
  const octets = new Uint8Array(dataStart + 4).fill(FILL);
  const start = writeHeaderBefore(octets, dataStart, size);
  return { start, text: latin1(octets) };
}

describe('RFC 9112 §7.1: chunk-size CRLF', () => {
  test.each([
    [0, '0'],
    [1, '1'],
    [9, '9'],
    [10, 'a'],
    [15, 'f'],
    [16, '10'],
    [255, 'ff'],
    [256, '100'],
    [65535, 'ffff'],
    [65536, '10000'],
    [2 ** 31 - 1, '7fffffff'],
    [2 ** 31, '80000000'],
    [2 ** 32, '100000000'],
    [Number.MAX_SAFE_INTEGER, '1fffffffffffff'],
  ])('%i is %s', (size, digits) => {
    const { start, text } = written(size, 20);
    expect(start).toBe(20 - digits.length - 2);
    expect(text.toLowerCase()).toBe(`${'~'.repeat(start)}${digits}\r\n~~~~`);
  });

  test('property: it ends where the data starts, nothing before or behind it is touched, and it reads as the size', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.nat(), fc.maxSafeNat()),
        fc.integer({ min: MAX_HEADER_BYTES, max: 64 }),
        (size, dataStart) => {
          const { start, text } = written(size, dataStart);
          expect(dataStart - start).toBeLessThanOrEqual(MAX_HEADER_BYTES);
          expect(text.slice(0, start)).toBe('~'.repeat(start));
          expect(text.slice(dataStart - 2)).toBe('\r\n~~~~');
          const digits = text.slice(start, dataStart - 2);
          expect(digits).toMatch(/^[0-9a-f]+$/i);
          expect(digits).not.toMatch(/^0./);
          expect(Number.parseInt(digits, 16)).toBe(size);
        },
      ),
    );
  });

  test('the longest fits in front of data at MAX_HEADER_BYTES', () => {
    expect(written(Number.MAX_SAFE_INTEGER, MAX_HEADER_BYTES).start).toBe(0);
  });
});
