/** Strategy: the field values that RFC 9530 prints, both ways; the preference of Want-Content-Digest as a table. */
import { describe, expect, test } from 'vitest';
import {
  areSameOctets,
  DIGEST_ALGORITHMS,
  DIGEST_FIELD,
  type DigestAlgorithm,
  DigestSet,
  isDigestAlgorithm,
  parseContentDigest,
  preferredDigest,
  serializeContentDigest,
} from '../../src/core/content-digest.ts';
import { createHasher, HELLO_WORLD, HELLO_WORLD_SHA_256, HELLO_WORLD_SHA_512 } from '../support/hashing.ts';
import { octets } from '../support/octets.ts';

// Of HELLO_WORLD, as `sha256sum` prints it.
const SHA_256 = Uint8Array.from(Buffer.from('44aff4ab2d7c3250525675a08f0cfa9591168cffe51791c5f5bbc417c15a6c38', 'hex'));

test('RFC 9530 §5: the active algorithms, and the name of the field', () => {
  expect(DIGEST_ALGORITHMS).toEqual(['sha-256', 'sha-512']);
  expect(['sha-256', 'sha-512'].every(isDigestAlgorithm)).toBe(true);
  expect(['md5', 'sha', 'SHA-256', 'sha256', '', 'toString'].some(isDigestAlgorithm)).toBe(false);
  expect(DIGEST_FIELD).toBe('Content-Digest');
});

describe('Content-Digest', () => {
  test('RFC 9530 §2: algorithm to octets, both ways', () => {
    expect(parseContentDigest(HELLO_WORLD_SHA_256)).toEqual(new Map([['sha-256', SHA_256]]));
    expect(serializeContentDigest([['sha-256', SHA_256]])).toBe(HELLO_WORLD_SHA_256);
    expect(serializeContentDigest(new Map([['sha-256', SHA_256]]))).toBe(HELLO_WORLD_SHA_256);
  });

  test('RFC 9530 §2: several, in order', () => {
    const both = parseContentDigest(`${HELLO_WORLD_SHA_512},${HELLO_WORLD_SHA_256}`)!;
    expect([...both.keys()]).toEqual(['sha-512', 'sha-256']);
    expect(serializeContentDigest(both)).toBe(`${HELLO_WORLD_SHA_512}, ${HELLO_WORLD_SHA_256}`);
    expect(serializeContentDigest([])).toBe('');
  });

  test.each([
    ['a key in capitals', [['SHA-256', SHA_256]]],
    ['a key with a space', [['sha 256', SHA_256]]],
    ['a key that ends the field', [['sha-256=:AA==:, x', SHA_256]]],
    ['an empty key', [['', SHA_256]]],
    ['a key that is no string', [[1, SHA_256]]],
    ['a digest that is text', [['sha-256', 'AA==']]],
    ['a digest that is null', [['sha-256', null]]],
    ['a digest that is a list', [['sha-256', [1, 2]]]],
    ['a digest that is an object', [['sha-256', { length: 1, 0: 1 }]]],
  ])('RFC 9651 §3.1.2, §3.3.5: %s is a TypeError', (_, digests) => {
    expect(() => serializeContentDigest(digests as never)).toThrow(TypeError);
  });

  test('a digest that is an ArrayBuffer, as crypto.subtle gives it', () => {
    const { buffer } = Uint8Array.from(SHA_256);
    expect(serializeContentDigest([['sha-256', buffer]])).toBe(HELLO_WORLD_SHA_256);
  });

  test('RFC 9530 B.11: the surplus "=" that the RFC prints is read', () => {
    expect(parseContentDigest(HELLO_WORLD_SHA_256.replace(/=:$/, '==:'))).toEqual(new Map([['sha-256', SHA_256]]));
  });

  test('RFC 9530 §2: algorithms that are not known are read, parameters are passed over', () => {
    const digests = parseContentDigest('unixsum=:AAE=:;a=1, sha-256=:YQ==:');
    expect(digests).toEqual(
      new Map([
        ['unixsum', octets('\0\x01')],
        ['sha-256', octets('a')],
      ]),
    );
  });

  test('RFC 9651 §4.2: a repeated algorithm takes the later digest', () => {
    expect(parseContentDigest('sha-256=:YQ==:, sha-256=:Yg==:')).toEqual(new Map([['sha-256', octets('b')]]));
  });

  test.each([
    ['sha-256'],
    ['sha-256=YQ=='],
    ['sha-256="YQ=="'],
    ['sha-256=:Y*==:'],
    ['sha-256=(:YQ==:)'],
    ['sha-256=:YQ==:, md5=1'],
    ['sha-256=:YQ==:,'],
    [':YQ==:'],
    ['SHA-256=:YQ==:'],
  ])('RFC 9651 §4.2: %s is ignored as a whole', (value) => {
    expect(parseContentDigest(value)).toBeUndefined();
  });
});

describe('Want-Content-Digest', () => {
  test.each<[string | undefined, DigestAlgorithm | 'none' | undefined]>([
    ['sha-256=1', 'sha-256'],
    ['sha-512=3, sha-256=10, unixsum=0', 'sha-256'],
    ['sha-512=10, sha-256=3', 'sha-512'],
    ['sha-512=1', 'sha-512'],
    ['sha-256=5, sha-512=5', 'sha-256'],
    ['sha-512=5, sha-256=5', 'sha-256'],
    ['sha-256=0, sha-512=1', 'sha-512'],
    ['sha-256=0, sha-512=0', 'none'],
    ['sha-256=0', 'sha-512'],
    ['sha-512=0', 'sha-256'],
    ['sha-256=0, sha=5', 'sha-512'],
    ['sha-256=0, sha-512=11', 'sha-512'],
    ['sha-256=3, sha=10', 'sha-256'],
    ['sha=10', undefined],
    ['', undefined],
    [undefined, undefined],
    ['sha-256=11', undefined],
    ['sha-256=-1', undefined],
    ['sha-256=1.5', undefined],
    ['sha-256', undefined],
    ['sha-256=1,', undefined],
  ])('RFC 9530 §4: %j prefers %s', (wanted, algorithm) => {
    expect(preferredDigest(wanted)).toBe(algorithm);
  });
});

describe('hashing', () => {
  test('RFC 9530 §2: a set feeds every hasher', () => {
    const set = new DigestSet(['sha-512', 'sha-256'], createHasher);
    set.update(octets(HELLO_WORLD.slice(0, 7)));
    set.update(octets(''));
    set.update(octets(HELLO_WORLD.slice(7)));
    expect(serializeContentDigest(set.digests())).toBe(`${HELLO_WORLD_SHA_512}, ${HELLO_WORLD_SHA_256}`);
  });

  test('no algorithms need no hasher', () => {
    const set = new DigestSet([], undefined);
    set.update(octets('a'));
    expect(set.digests()).toEqual(new Map());
  });

  test('an algorithm that is not known, or has no hasher, is a TypeError', () => {
    expect(() => new DigestSet(['md5' as DigestAlgorithm], createHasher)).toThrow(TypeError);
    expect(() => new DigestSet(['sha-256'], undefined)).toThrow(TypeError);
  });
});

test('octets are compared by length and by each octet', () => {
  expect(areSameOctets(octets(''), octets(''))).toBe(true);
  expect(areSameOctets(octets('ab'), octets('ab'))).toBe(true);
  expect(areSameOctets(octets('ab'), octets('ac'))).toBe(false);
  expect(areSameOctets(octets('ab'), octets('a'))).toBe(false);
  expect(areSameOctets(octets('a'), octets('ab'))).toBe(false);
});
