/** Strategy: the digests that RFC 9530 prints, and what the `digest` option may be. */
import { describe, expect, test } from 'vitest';
import { algorithmsOf, type DigestOption, serializeContentDigest } from '../../src/core/content-digest.ts';
import { createHasher } from '../../src/node/hashing.ts';
import { EMPTY_SHA_256, HELLO_WORLD, HELLO_WORLD_SHA_256, HELLO_WORLD_SHA_512 } from '../support/hashing.ts';
import { octets } from '../support/octets.ts';

describe('the hashers', () => {
  test.each([
    ['RFC 9530 B.1', 'sha-256', HELLO_WORLD, HELLO_WORLD_SHA_256],
    ['RFC 9530 B.2', 'sha-256', '', EMPTY_SHA_256],
    ['RFC 9530 §2', 'sha-512', HELLO_WORLD, HELLO_WORLD_SHA_512],
  ] as const)('%s: %s', (_, algorithm, content, expected) => {
    const hasher = createHasher(algorithm);
    for (const character of content) hasher.update(octets(character));
    expect(serializeContentDigest([[algorithm, hasher.digest()]])).toBe(expected);
  });
});

describe('the digest option', () => {
  test.each([
    ['sha-256', ['sha-256']],
    ['sha-512', ['sha-512']],
    [
      ['sha-512', 'sha-256'],
      ['sha-512', 'sha-256'],
    ],
    [[], []],
    [false, []],
  ] as [DigestOption, string[]][])('%j is %j', (digest, algorithms) => {
    expect(algorithmsOf(digest)).toEqual(algorithms);
  });

  test.each(['md5', 'SHA-256', '', ['sha-256', 'sha']])('%j is a TypeError', (digest) => {
    expect(() => algorithmsOf(digest as DigestOption)).toThrow(TypeError);
  });
});
