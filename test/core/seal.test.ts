/** Strategy: a seal over the content that RFC 9530 uses for its examples gives the digests that it prints. */
import { describe, expect, test } from 'vitest';
import type { DigestAlgorithm } from '../../src/core/content-digest.ts';
import { Seal } from '../../src/core/seal.ts';
import {
  createHasher,
  EMPTY_SHA_256,
  HELLO_WORLD,
  HELLO_WORLD_SHA_256,
  HELLO_WORLD_SHA_512,
} from '../support/hashing.ts';
import { byteByByte, octets } from '../support/octets.ts';

describe('finish', () => {
  test('without a digest: the status and the count', () => {
    const seal = new Seal();
    seal.update(octets('hello'));
    seal.update(octets(''));
    seal.update(octets(' world'));
    expect(seal.bytes).toBe(11);
    expect(seal.finish()).toEqual([['X-Stream-Status', 'ok;bytes=11']]);
  });

  test('RFC 9530 §2: the digest of the content, however it was handed over', () => {
    const expected = [
      ['X-Stream-Status', 'ok;bytes=19'],
      ['Content-Digest', HELLO_WORLD_SHA_256],
    ];
    for (const pieces of [[octets(HELLO_WORLD)], byteByByte(octets(HELLO_WORLD))]) {
      const seal = new Seal({ algorithms: ['sha-256'], createHasher });
      for (const piece of pieces) seal.update(piece);
      expect(seal.finish()).toEqual(expected);
    }
  });

  test('RFC 9530 §2: several digests are one Dictionary', () => {
    const seal = new Seal({ algorithms: ['sha-256', 'sha-512'], createHasher });
    seal.update(octets(HELLO_WORLD));
    expect(seal.finish()[1]).toEqual(['Content-Digest', `${HELLO_WORLD_SHA_256}, ${HELLO_WORLD_SHA_512}`]);
  });

  test('RFC 9530 B.2: the empty content has a digest too', () => {
    const seal = new Seal({ algorithms: ['sha-256'], createHasher });
    expect(seal.finish()).toEqual([
      ['X-Stream-Status', 'ok;bytes=0'],
      ['Content-Digest', EMPTY_SHA_256],
    ]);
  });
});

describe('fail', () => {
  test('the status says error, and the digest covers what was sent', () => {
    const seal = new Seal({ algorithms: ['sha-256'], createHasher });
    seal.update(octets(HELLO_WORLD));
    expect(seal.fail({ type: 'source_error', details: 'no "more"' })).toEqual([
      ['X-Stream-Status', 'error;bytes=19;type=source_error;details="no \\"more\\""'],
      ['Content-Digest', HELLO_WORLD_SHA_256],
    ]);
  });

  test('a reason may say nothing, and cannot say ok', () => {
    expect(new Seal().fail({})).toEqual([['X-Stream-Status', 'error;bytes=0']]);
    const lie = { kind: 'ok', bytes: 5 } as object;
    expect(new Seal().fail(lie)).toEqual([['X-Stream-Status', 'error;bytes=0']]);
  });
});

test('a seal can be asked again: a body that could not be finished can still be failed', () => {
  const seal = new Seal({ algorithms: ['sha-256'], createHasher });
  seal.update(octets(HELLO_WORLD));
  expect(seal.finish()).toEqual(seal.finish());
  expect(seal.fail({ type: 'source_error' })).toEqual([
    ['X-Stream-Status', 'error;bytes=19;type=source_error'],
    ['Content-Digest', HELLO_WORLD_SHA_256],
  ]);
  expect(() => seal.update(octets('more'))).toThrow();
});

test('RFC 9651 §3.3.1: a count that an Integer cannot hold is left out', () => {
  const seal = new Seal();
  seal.bytes = 999_999_999_999_999;
  expect(seal.finish()).toEqual([['X-Stream-Status', 'ok;bytes=999999999999999']]);
  seal.bytes = 1_000_000_000_000_000;
  expect(seal.finish()).toEqual([['X-Stream-Status', 'ok']]);
  expect(seal.fail({ type: 'timeout' })).toEqual([['X-Stream-Status', 'error;type=timeout']]);
});

test('an algorithm that is not known, or has no hasher, is a TypeError', () => {
  expect(() => new Seal({ algorithms: ['md5' as DigestAlgorithm], createHasher })).toThrow(TypeError);
  expect(() => new Seal({ algorithms: ['sha-256'] })).toThrow(TypeError);
});
