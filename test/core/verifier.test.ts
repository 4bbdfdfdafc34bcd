/** Strategy: the Verifier adds a count and digests to what the framing says; what follows from them is judge's table. */
import { describe, expect, test } from 'vitest';
import type { DigestAlgorithm, DigestOption } from '../../src/core/content-digest.ts';
import { FramingError } from '../../src/core/errors.ts';
import type { FieldPairs } from '../../src/core/fields.ts';
import { Verifier } from '../../src/core/verifier.ts';
import { createHasher, HELLO_WORLD, HELLO_WORLD_SHA_256, HELLO_WORLD_SHA_512 } from '../support/hashing.ts';
import { byteByByte, octets } from '../support/octets.ts';

const SEALED: FieldPairs = [
  ['X-Stream-Status', 'ok;bytes=19'],
  ['Content-Digest', HELLO_WORLD_SHA_256],
];

function verify(body: string, rawTrailers: FieldPairs, digest: DigestOption = 'sha-256') {
  const verifier = new Verifier({ digest, createHasher });
  for (const piece of byteByByte(octets(body))) verifier.update(piece);
  return verifier.conclude({ rawTrailers }).verdict;
}

describe('what is computed', () => {
  test('RFC 9530 §2: a body that agrees with its seal is complete', () => {
    expect(verify(HELLO_WORLD, SEALED)).toMatchObject({
      kind: 'complete',
      bytes: 19,
      digest: 'match',
      status: { kind: 'ok', bytes: 19 },
      trailers: SEALED,
      error: undefined,
    });
  });

  test('one other octet is a mismatch', () => {
    const verdict = verify(HELLO_WORLD.replace('h', 'H'), SEALED);
    expect(verdict).toMatchObject({ kind: 'mismatch', digest: 'mismatch', bytes: 19 });
  });

  test('one octet more or less is a mismatch, with or without a digest', () => {
    expect(verify(HELLO_WORLD.slice(1), SEALED)).toMatchObject({ kind: 'mismatch', bytes: 18 });
    expect(verify(`${HELLO_WORLD} `, SEALED.slice(0, 1))).toMatchObject({ kind: 'mismatch', digest: 'absent' });
  });

  test('RFC 9530 §2: a digest in an algorithm that was not being hashed leaves the body unverified', () => {
    const trailers: FieldPairs = [
      ['X-Stream-Status', 'ok;bytes=19'],
      ['Content-Digest', HELLO_WORLD_SHA_512],
    ];
    expect(verify(HELLO_WORLD, trailers)).toMatchObject({ kind: 'unverified', digest: 'unchecked' });
    expect(verify(HELLO_WORLD, trailers, ['sha-256', 'sha-512'])).toMatchObject({ kind: 'complete', digest: 'match' });
  });

  test('without a hasher, digests are not checked', () => {
    const verifier = new Verifier();
    verifier.update(octets(HELLO_WORLD));
    expect(verifier.conclude({ rawTrailers: SEALED }).verdict).toMatchObject({ kind: 'complete', digest: 'ignored' });
    expect(new Verifier().conclude({ rawTrailers: [['X-Stream-Status', 'ok;bytes=0']] }).verdict.kind).toBe('complete');
  });

  test('false: digests are not to be checked', () => {
    expect(verify(HELLO_WORLD, SEALED, false)).toMatchObject({ kind: 'complete', digest: 'ignored' });
  });
});

describe('what the framing says', () => {
  test('input that ended before the message did is truncated', () => {
    const error = new FramingError('ERR_FRAMING_TRUNCATED', 'cut', { offset: 7 });
    const verdict = new Verifier().conclude({ error }).verdict;
    expect(verdict).toMatchObject({ kind: 'truncated', bytes: 0 });
    expect(verdict.error).toBe(error);
  });

  test('with the reason of an abort chunk it is failed', () => {
    const error = new FramingError('ERR_FRAMING_TRUNCATED', 'cut', { offset: 7 });
    const verdict = new Verifier().conclude({ error, abortReason: 'error;type=timeout' }).verdict;
    expect(verdict).toMatchObject({ kind: 'failed', status: { kind: 'error', type: 'timeout' } });
  });

  test('with nothing to say, the body is unverified', () => {
    expect(new Verifier().conclude().verdict).toMatchObject({ kind: 'unverified', trailers: [], digest: 'absent' });
  });
});

test('further calls of conclude give the first conclusion again', () => {
  const verifier = new Verifier({ createHasher });
  verifier.update(octets(HELLO_WORLD));
  const conclusion = verifier.conclude({ rawTrailers: SEALED });
  expect(verifier.conclude({ error: new FramingError('ERR_FRAMING_TIMEOUT', 'late') })).toBe(conclusion);
  expect(conclusion.verdict.kind).toBe('complete');
});

test('an algorithm that is not known, or has no hasher, is a TypeError', () => {
  expect(() => new Verifier({ digest: 'md5' as DigestAlgorithm, createHasher })).toThrow(TypeError);
  expect(() => new Verifier({ digest: 'sha-256' })).toThrow(TypeError);
});
