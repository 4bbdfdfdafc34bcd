/** Invariant: a message that is cut short anywhere never looks whole, and a reported failure never looks like success. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Decoder } from '../../src/core/decoder.ts';
import { Encoder } from '../../src/core/encoder.ts';
import { Seal } from '../../src/core/seal.ts';
import { parseStreamStatus, serializeStreamStatus } from '../../src/core/stream-status.ts';
import { Verifier } from '../../src/core/verifier.ts';
import { body, errorStatus, message, type Split, split } from '../support/arbitraries.ts';
import { decodePieces } from '../support/decoding.ts';
import { createHasher } from '../support/hashing.ts';
import { concat, latin1 } from '../support/octets.ts';

/** Decodes and verifies as a receiver does. */
function receive(pieces: Uint8Array[]) {
  const verifier = new Verifier({ digest: 'sha-256', createHasher });
  const decoder = new Decoder({ onData: (data) => verifier.update(data) });
  for (const piece of pieces) decoder.write(piece);
  decoder.end();
  return verifier.conclude(decoder).verdict;
}

/** The pieces of a sealed body, without its ending. */
function seal(content: Uint8Array, writes: Split) {
  const encoder = new Encoder();
  const sealing = new Seal({ algorithms: ['sha-256'], createHasher });
  const pieces = writes(content).flatMap((piece) => {
    sealing.update(piece);
    return encoder.write(piece);
  });
  return { encoder, sealing, pieces };
}

test('RFC 9112 §8: every proper prefix of a message is ERR_FRAMING_TRUNCATED, at its end', () => {
  fc.assert(
    fc.property(message, ({ wire, body: content, trailers }) => {
      for (let length = 0; length < wire.length; length++) {
        const prefix = decodePieces([wire.subarray(0, length)]);
        expect(prefix).toMatchObject({ code: 'ERR_FRAMING_TRUNCATED', offset: length, done: false });
        expect(latin1(content).startsWith(prefix.data)).toBe(true);
        expect(prefix.rawTrailers).toEqual(trailers.slice(0, prefix.rawTrailers.length));
      }
    }),
    { numRuns: 30 },
  );
});

test('x-stream-status 5.2: every proper prefix of a sealed message has the verdict truncated, the whole is complete', () => {
  fc.assert(
    fc.property(body, split, split, (content, writes, reads) => {
      const { encoder, sealing, pieces } = seal(content, writes);
      const ending = encoder.end(sealing.finish());
      const wire = concat([...pieces, ...ending]);
      expect(receive(reads(wire)).kind).toBe('complete');
      const endingLength = concat(ending).length;
      // Every octet of the ending is cut off, and as many of the body again.
      for (let missing = 1; missing <= Math.min(wire.length, 2 * endingLength); missing++) {
        expect(receive([wire.subarray(0, wire.length - missing)]).kind).toBe('truncated');
      }
    }),
    { numRuns: 20 },
  );
});

test('x-stream-status 4.3: an aborted body has the verdict failed with its reason; cut anywhere before, truncated', () => {
  fc.assert(
    fc.property(body, errorStatus, split, split, (content, status, writes, reads) => {
      const { encoder, pieces } = seal(content, writes);
      const header = concat(encoder.abort(status));
      const wire = concat([...pieces, header]);
      const verdict = receive(reads(wire));
      expect(verdict.kind).toBe('failed');
      expect(verdict.bytes).toBe(content.length);
      expect(verdict.status).toEqual(parseStreamStatus(serializeStreamStatus(status)));
      for (let missing = 1; missing <= header.length; missing++) {
        expect(receive([wire.subarray(0, wire.length - missing)]).kind).toBe('truncated');
      }
    }),
    { numRuns: 20 },
  );
});

test('x-stream-status 4.2: a failure in the trailers has the verdict failed', () => {
  fc.assert(
    fc.property(body, errorStatus, split, split, (content, reason, writes, reads) => {
      const { encoder, sealing, pieces } = seal(content, writes);
      const verdict = receive(reads(concat([...pieces, ...encoder.end(sealing.fail(reason))])));
      expect(verdict).toMatchObject({
        kind: 'failed',
        digest: 'match',
        status: { kind: 'error', bytes: content.length },
      });
    }),
    { numRuns: 150 },
  );
});
