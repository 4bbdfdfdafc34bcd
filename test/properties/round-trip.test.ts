/** Invariant: what an Encoder was given is what a Decoder gives, however either was fed. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeChunked } from '../../src/core/decoder.ts';
import { Encoder, encodeChunked } from '../../src/core/encoder.ts';
import { body, message, split, trailers } from '../support/arbitraries.ts';
import { decodePieces } from '../support/decoding.ts';
import { concat, latin1 } from '../support/octets.ts';

const whole = { done: true, code: undefined, offset: undefined, rest: '', abortReason: undefined };

test('RFC 9112 §7.1: any body and trailers, any split of writes and of reads', () => {
  fc.assert(
    fc.property(body, trailers, split, split, (content, fields, writes, reads) => {
      const encoder = new Encoder();
      const pieces = writes(content).flatMap((piece) => encoder.write(piece));
      const wire = concat([...pieces, ...encoder.end(fields)]);
      expect(decodePieces(reads(wire))).toEqual({
        ...whole,
        data: latin1(content),
        bytes: content.length,
        rawTrailers: fields,
        consumed: wire.length,
      });
    }),
    { numRuns: 300 },
  );
});

test('RFC 9112 §7.1: encodeChunked and decodeChunked, any size of chunks', () => {
  fc.assert(
    fc.property(body, trailers, fc.integer({ min: 1, max: 3000 }), (content, fields, chunkSize) => {
      const wire = encodeChunked(content, { trailers: fields, chunkSize });
      const decoded = decodeChunked(wire);
      expect(latin1(decoded.body)).toBe(latin1(content));
      expect(decoded.trailers).toEqual(fields);
      expect(decoded.consumed).toBe(wire.length);
    }),
    { numRuns: 300 },
  );
});

test('RFC 9112 §7.1.1: a message with all that the grammar allows decodes to what it was made from', () => {
  fc.assert(
    fc.property(message, split, (sent, reads) => {
      expect(decodePieces(reads(sent.wire))).toEqual({
        ...whole,
        data: latin1(sent.body),
        bytes: sent.body.length,
        rawTrailers: sent.trailers,
        consumed: sent.wire.length,
      });
    }),
    { numRuns: 1000 },
  );
});
