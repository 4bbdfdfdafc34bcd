/**
 * Invariant: the Decoder takes exactly the language of RFC 9112 §7.1, no more and no less: the same messages as a second
 * reading of the grammar (reference.ts), with the same content, trailers and length.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Decoder } from '../../src/core/decoder.ts';
import { anyWire, message, mutatedWire } from '../support/arbitraries.ts';
import { concat, latin1, octets } from '../support/octets.ts';
import { type Reading, readChunked } from '../support/reference.ts';

function decode(wire: Uint8Array): Reading | undefined {
  const data: Uint8Array[] = [];
  const decoder = new Decoder({ onData: (piece) => data.push(piece) });
  decoder.write(wire);
  if (!decoder.done) return undefined;
  return { data: latin1(concat(data)), trailers: decoder.rawTrailers, consumed: decoder.consumed };
}

test('RFC 9112 §7.1: messages, almost messages and any octets', () => {
  const whole = message.map((sent) => sent.wire);
  fc.assert(
    fc.property(fc.oneof(whole, { weight: 4, arbitrary: mutatedWire }, anyWire), (wire) => {
      expect(decode(wire)).toEqual(readChunked(latin1(wire)));
    }),
    { numRuns: 2500 },
  );
});

test('RFC 9112 §7.1: the reading that this compares with takes every message', () => {
  fc.assert(
    fc.property(message, ({ wire, body, trailers }) => {
      expect(readChunked(latin1(wire))).toEqual({ data: latin1(body), trailers, consumed: wire.length });
    }),
    { numRuns: 500 },
  );
});

/** Every text of up to `length` of these characters. */
function* texts(alphabet: string, length: number): Generator<string> {
  yield '';
  if (length === 0) return;
  for (const first of alphabet) for (const rest of texts(alphabet, length - 1)) yield first + rest;
}

test.each([
  ['a chunk line', '', '\r\nx\r\n0\r\n\r\n', '1a; \r\n', 5],
  ['a chunk extension', '1;', '\r\nx\r\n0\r\n\r\n', 'a;=" \\\r\n', 5],
  ['a quoted-string', '1;a="', '"\r\nx\r\n0\r\n\r\n', 'a;" \\\n\0', 4],
  ['a last-chunk', '1\r\nx\r\n0', '\r\n\r\n', '0a;= \t\r\n', 4],
  ['what follows chunk-data', '1\r\nx', '0\r\n\r\n', '\r\n01 x', 5],
  ['a trailer section', '0\r\n', '\r\n\r\n', 'a: \r\n\0', 5],
])('RFC 9112 §7.1: every short text in the place of %s', (_, before, behind, alphabet, length) => {
  for (const text of texts(alphabet, length)) {
    const wire = before + text + behind;
    const decoded = decode(octets(wire));
    const read = readChunked(wire);
    if (JSON.stringify(decoded) !== JSON.stringify(read)) expect({ wire, ...decoded }).toEqual({ wire, ...read });
  }
});
