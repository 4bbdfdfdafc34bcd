/**
 * Strategy: the test vectors of 24 HTTP implementations (vectors.ts says where they are), and the digests of RFC 9530. Here
 * their chunked bodies; whole messages and heads are in test/strictness/corpus-messages.test.ts.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { parseContentDigest, preferredDigest, serializeContentDigest } from '../../src/core/content-digest.ts';
import { parseDictionary } from '../../src/core/structured-fields.ts';
import {
  corpusFile,
  fromBase64,
  isDecidedByHead,
  missing,
  type Outcome,
  octetsOf,
  readVectors,
  skip,
} from '../strictness/vectors.ts';
import { type Decoding, decodeWhole, expectAnySplit } from '../support/decoding.ts';
import { latin1 } from '../support/octets.ts';

interface DigestVector {
  source: string;
  what: string;
  input_b64: string;
  algorithm: string;
  published: string;
  computed: string;
}

interface WantExample {
  source: string;
  value: string;
  parsed: Record<string, number>;
}

function outcomeOf({ done, code }: Decoding): Outcome {
  if (done) return 'accept';
  return code === 'ERR_FRAMING_TRUNCATED' ? 'incomplete' : 'reject';
}

function testVectors(): void {
  const vectors = readVectors();
  const bodies = vectors.filter((vector) => !isDecidedByHead(vector));
  let agreeing = 0;

  afterAll(() => {
    console.log(
      `corpus: ${agreeing} of ${bodies.length} chunked bodies agree; ${vectors.length - bodies.length} records are decided by their head`,
    );
  });

  test('the vectors are all there', () => {
    expect(vectors).toHaveLength(355);
    expect(vectors.filter(isDecidedByHead)).toHaveLength(24);
  });

  test.each(bodies)('$id: $why', (vector) => {
    const bodyOffset = vector.body_offset ?? 0;
    const wire = octetsOf(vector).subarray(bodyOffset);
    const decoding = decodeWhole(wire);
    const outcome = outcomeOf(decoding);
    expect(vector.acceptable).toContain(outcome);
    if (outcome === 'accept') {
      expect(decoding.data).toBe(latin1(fromBase64(vector.body_b64!)));
      expect(decoding.rawTrailers).toEqual(vector.trailers ?? []);
      expect(decoding.consumed).toBe(vector.consumed! - bodyOffset);
      expect(decoding.rest).toBe(latin1(wire.subarray(vector.consumed! - bodyOffset)));
    } else if (vector.body_before_error_b64 !== undefined && decoding.code !== 'ERR_FRAMING_LIMIT') {
      // A limit may be passed before the octet that the grammar refuses.
      expect(decoding.data).toBe(latin1(fromBase64(vector.body_before_error_b64)));
    }
    expectAnySplit(wire, decoding);
    agreeing++;
  });
}

/** The names that node:crypto has for the algorithms; it has no adler-32. */
const CRYPTO_NAMES: Record<string, string> = { 'sha-256': 'sha256', 'sha-512': 'sha512', sha: 'sha1', md5: 'md5' };

function testDigests(): void {
  const file: { vectors: DigestVector[]; want_examples: WantExample[] } = JSON.parse(
    readFileSync(corpusFile('rfc9530-vectors.json'), 'utf8'),
  );

  test.each(file.vectors)('$source: $what, $algorithm', ({ input_b64, algorithm, published, computed }) => {
    const digest = parseContentDigest(computed)?.get(algorithm);
    expect(digest).toBeDefined();
    const name = CRYPTO_NAMES[algorithm];
    if (name !== undefined) {
      expect(digest).toEqual(Uint8Array.from(createHash(name).update(fromBase64(input_b64)).digest()));
    }
    expect(serializeContentDigest([[algorithm, digest!]])).toBe(computed);

    // As published: sometimes with a surplus "=", and twice of other octets than the RFC prints.
    const base64 = published.slice(algorithm.length + 2, -1);
    expect(parseContentDigest(published)).toEqual(new Map([[algorithm, fromBase64(base64)]]));
  });

  const PREFERRED: Record<string, string | undefined> = {
    'sha-256=1': 'sha-256',
    'sha-512=3, sha-256=10, unixsum=0': 'sha-256',
    'sha-256=3, sha=10': 'sha-256',
    'sha=10': undefined,
  };

  test.each(file.want_examples)('$source: $value', ({ value, parsed }) => {
    const members = [...parseDictionary(value)!].map(([key, member]) => [key, member.value]);
    expect(members).toEqual(Object.entries(parsed).map(([key, weight]) => [key, { type: 'integer', value: weight }]));
    expect(Object.keys(PREFERRED)).toContain(value);
    expect(preferredDigest(value)).toBe(PREFERRED[value]);
  });
}

for (const [name, file, testAll] of [
  ['chunked bodies of other implementations', 'vectors.jsonl', testVectors],
  ['digests of RFC 9530', 'rfc9530-vectors.json', testDigests],
] as const) {
  describe(name, () => {
    const reason = missing(corpusFile(file));
    if (reason === undefined) testAll();
    else test('the corpus', (context) => skip(context, reason));
  });
}
