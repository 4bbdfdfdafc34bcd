/** Invariant: a sealed message in which an octet was changed on the way is never taken for a whole body with other content. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Decoder } from '../../src/core/decoder.ts';
import { Encoder } from '../../src/core/encoder.ts';
import { Seal } from '../../src/core/seal.ts';
import { Verifier } from '../../src/core/verifier.ts';
import { body, type Split, split } from '../support/arbitraries.ts';
import { createHasher } from '../support/hashing.ts';
import { concat, latin1 } from '../support/octets.ts';

const algorithms = fc.constantFrom(['sha-256'] as const, ['sha-512'] as const, ['sha-256', 'sha-512'] as const);
type Algorithms = readonly ('sha-256' | 'sha-512')[];

/** A sealed message, and the places of its content in it. */
function send(content: Uint8Array, writes: Split, algorithms: Algorithms) {
  const encoder = new Encoder();
  const seal = new Seal({ algorithms, createHasher });
  const pieces: Uint8Array[] = [];
  const places: number[] = [];
  let length = 0;
  for (const piece of writes(content)) {
    seal.update(piece);
    const chunk = concat(encoder.write(piece));
    const dataStart = length + chunk.length - 2 - piece.length;
    for (let at = 0; at < piece.length; at++) places.push(dataStart + at);
    pieces.push(chunk);
    length += chunk.length;
  }
  return { wire: concat([...pieces, ...encoder.end(seal.finish())]), places };
}

function receive(pieces: Uint8Array[], algorithms: Algorithms) {
  const data: Uint8Array[] = [];
  const verifier = new Verifier({ digest: algorithms, createHasher });
  const decoder = new Decoder({
    onData(piece) {
      data.push(piece);
      verifier.update(piece);
    },
  });
  for (const piece of pieces) decoder.write(piece);
  decoder.end();
  return { ...verifier.conclude(decoder).verdict, data: latin1(concat(data)) };
}

const change = (wire: Uint8Array, at: number, by: number) => {
  const changed = wire.slice();
  changed[at]! ^= by;
  return changed;
};

const anyChange = fc.integer({ min: 1, max: 255 });

test('RFC 9530 §2: one changed octet of the content is a mismatch', () => {
  fc.assert(
    fc.property(body, split, split, algorithms, fc.nat(), anyChange, (content, writes, reads, used, where, by) => {
      fc.pre(content.length > 0);
      const { wire, places } = send(content, writes, used);
      expect(receive(reads(wire), used)).toMatchObject({ kind: 'complete', digest: 'match', data: latin1(content) });
      const verdict = receive(reads(change(wire, places[where % places.length]!, by)), used);
      expect(verdict).toMatchObject({ kind: 'mismatch', digest: 'mismatch', bytes: content.length });
    }),
    { numRuns: 200 },
  );
});

test('one changed octet anywhere is never complete with other content', () => {
  fc.assert(
    fc.property(body, split, algorithms, fc.nat(), anyChange, (content, writes, used, where, by) => {
      const { wire } = send(content, writes, used);
      const { kind, data } = receive([change(wire, where % wire.length, by)], used);
      if (kind === 'complete') expect(data).toBe(latin1(content));
    }),
    { numRuns: 200 },
  );
});

test('one octet lost or doubled anywhere is never complete with other content', () => {
  fc.assert(
    fc.property(body, split, fc.nat(), fc.boolean(), (content, writes, where, isLost) => {
      const { wire } = send(content, writes, ['sha-256']);
      const at = where % wire.length;
      const head = wire.subarray(0, isLost ? at : at + 1);
      const { kind, data } = receive([head, wire.subarray(isLost ? at + 1 : at)], ['sha-256']);
      if (kind === 'complete') expect(data).toBe(latin1(content));
    }),
    { numRuns: 200 },
  );
});
