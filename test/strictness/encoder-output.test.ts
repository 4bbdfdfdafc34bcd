/**
 * Invariant: whatever our encoders emit is read the same by parsers that are not ours: Node's (octet-exact, and as
 * `http.get` over real sockets), h11 and curl. Random content, writes and trailers, by fast-check.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Encoder, encodeChunked } from '../../src/core/encoder.ts';
import type { FieldPairs } from '../../src/core/fields.ts';
import { body, split, trailers } from '../support/arbitraries.ts';
import { concat, latin1, octets } from '../support/octets.ts';
import { H11, pythonWithH11 } from './h11.ts';
import { HEADS, NODE_PARSER, readAsNode, type Side } from './node-parser.ts';

/** A body as one of our encoders emits it, and what was put in. */
interface Emitted {
  wire: Uint8Array;
  content: string;
  trailers: FieldPairs;
  side: Side;
}

const side = fc.constantFrom<Side>('request', 'response');
const emitted: fc.Arbitrary<Emitted> = fc.oneof(
  fc.tuple(body, split, trailers, side).map(([content, writes, fields, side]) => {
    const encoder = new Encoder();
    const pieces = writes(content).flatMap((piece) => encoder.write(piece));
    return { wire: concat([...pieces, ...encoder.end(fields)]), content: latin1(content), trailers: fields, side };
  }),
  fc.tuple(body, fc.integer({ min: 1, max: 3000 }), trailers, side).map(([content, chunkSize, fields, side]) => ({
    wire: encodeChunked(content, { trailers: fields, chunkSize }),
    content: latin1(content),
    trailers: fields,
    side,
  })),
);

test(`RFC 9112 §7.1: what Encoder and encodeChunked emit, as Node's parser reads it`, () => {
  console.log(`the output of the encoders is read by ${NODE_PARSER}`);
  fc.assert(
    fc.property(emitted, ({ wire, content, trailers, side }) => {
      expect(readAsNode(wire, side)).toEqual({ outcome: 'complete', reason: '', body: content, trailers });
    }),
    { numRuns: 3000 },
  );
});

describe('RFC 9112 §7.1: as h11 reads it', () => {
  const python = pythonWithH11();
  let h11: H11;

  beforeAll(async () => {
    if (python === undefined) return;
    h11 = new H11(python);
    console.log(`the output of the encoders is read by ${await h11.start()}`);
  });
  afterAll(() => h11?.close());

  test('what Encoder and encodeChunked emit, and where it ends', async (context) => {
    if (python === undefined) {
      const reason = 'SKIPPED: no Python here has h11; npm run strictness:peers installs it on Debian and Ubuntu';
      console.warn(reason);
      return context.skip(reason);
    }
    // Not a message: what lies behind must come back as it is.
    const behind = 'GET';
    await fc.assert(
      fc.asyncProperty(emitted, async ({ wire, content, trailers, side }) => {
        const reading = await h11.read(concat([HEADS[side], wire, octets(behind)]), side);
        expect(reading).toEqual({ outcome: 'complete', body: content, trailers, behind });
      }),
      { numRuns: 1000 },
    );
  });
});
