/**
 * Invariant: data, trailers, error code and offset, rest and abort reason are a function of the octets alone, not of how
 * they were cut into writes.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Encoder } from '../../src/core/encoder.ts';
import type { Limits } from '../../src/core/limits.ts';
import { anyWire, body, errorStatus, message, mutatedWire, split } from '../support/arbitraries.ts';
import { decodePieces, decodeWhole, expectAnySplit } from '../support/decoding.ts';
import { concat } from '../support/octets.ts';

const sentWire = message.map(({ wire }) => wire);
const abortedWire = fc.tuple(body, errorStatus).map(([content, status]) => {
  const encoder = new Encoder();
  return concat([...encoder.write(content), ...encoder.abort(status)]);
});
const wires = { 'whole messages': sentWire, 'almost messages': mutatedWire, 'any octets': anyWire };

for (const [name, wire] of Object.entries(wires)) {
  test(`${name}: byte by byte and at every split into two`, () => {
    fc.assert(
      fc.property(wire, (octets) => expectAnySplit(octets, decodeWhole(octets))),
      { numRuns: 70 },
    );
  });

  test(`${name}: any split`, () => {
    fc.assert(
      fc.property(wire, split, (octets, cut) => {
        expect(decodePieces(cut(octets))).toEqual(decodeWhole(octets));
      }),
      { numRuns: 400 },
    );
  });
}

test('x-stream-status 4.3: aborted bodies, cut anywhere', () => {
  fc.assert(
    fc.property(abortedWire, fc.nat(40), split, (octets, missing, cut) => {
      const wire = octets.subarray(0, Math.max(0, octets.length - missing));
      expect(decodePieces(cut(wire))).toEqual(decodeWhole(wire));
    }),
    { numRuns: 300 },
  );
});

test('limits are passed at the same octet', () => {
  const limits: fc.Arbitrary<Partial<Limits>> = fc.record({
    maxChunkLineBytes: fc.nat(30),
    maxChunkOverheadBytes: fc.nat(20),
    maxTrailerBytes: fc.nat(40),
    maxTrailerFields: fc.nat(2),
    maxBodyBytes: fc.nat(60),
  });
  fc.assert(
    fc.property(fc.oneof(sentWire, mutatedWire), split, limits, (octets, cut, bounds) => {
      expect(decodePieces(cut(octets), bounds)).toEqual(decodeWhole(octets, bounds));
    }),
    { numRuns: 600 },
  );
});
