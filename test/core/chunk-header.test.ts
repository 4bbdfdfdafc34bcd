/** Strategy: the header of every kind of size, read back with Node's own hexadecimal; and what stands around it stays. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_HEADER_BYTES, writeHeaderBefore } from '../../src/core/chunk-header.ts';
import { latin1 } from '../support/octets.ts';

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
