/** Invariant: octets appended to a message change nothing about it and come back, all of them, as `rest`. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeChunked } from '../../src/core/decoder.ts';
import { anyWire, message, split } from '../support/arbitraries.ts';
import { decodePieces, decodeWhole } from '../support/decoding.ts';
import { concat, latin1 } from '../support/octets.ts';

test('RFC 9112 §6.3: appended octets are the rest, whatever they are', () => {
  fc.assert(
    fc.property(message, anyWire, split, ({ wire }, appended, reads) => {
      expect(decodePieces(reads(concat([wire, appended])))).toEqual({ ...decodeWhole(wire), rest: latin1(appended) });
      expect(decodeChunked(concat([wire, appended])).consumed).toBe(wire.length);
    }),
    { numRuns: 500 },
  );
});

test('RFC 9112 §9.3: messages one after the other come out one after the other', () => {
  fc.assert(
    fc.property(fc.array(message, { minLength: 2, maxLength: 4 }), (messages) => {
      let octets = concat(messages.map(({ wire }) => wire));
      for (const sent of messages) {
        const decoded = decodeChunked(octets);
        expect(latin1(decoded.body)).toBe(latin1(sent.body));
        expect(decoded.rawTrailers).toEqual(sent.trailers);
        octets = octets.subarray(decoded.consumed);
      }
      expect(octets).toHaveLength(0);
    }),
    { numRuns: 200 },
  );
});
