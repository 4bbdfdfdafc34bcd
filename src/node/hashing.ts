/** The platform's hashes for the core, and what the `digest` option means on either side. */
import { createHash } from 'node:crypto';
import {
  type CreateHasher,
  DIGEST_ALGORITHMS,
  type DigestAlgorithm,
  isDigestAlgorithm,
} from '../core/content-digest.ts';

/** One algorithm, several, or `false` for no digest. */
export type DigestOption = DigestAlgorithm | readonly DigestAlgorithm[] | false;

export const createHasher: CreateHasher = (algorithm) => createHash(algorithm.replace('-', ''));

/** @throws TypeError for an algorithm that is not supported */
export function algorithmsOf(digest: DigestOption): readonly DigestAlgorithm[] {
  if (digest === false) return [];
  const algorithms = typeof digest === 'string' ? [digest] : digest;
  for (const algorithm of algorithms) {
    if (!isDigestAlgorithm(algorithm)) {
      throw new TypeError(
        `digest must be ${DIGEST_ALGORITHMS.join(', ')}, a list of these, or false; not "${algorithm}"`,
      );
    }
  }
  return algorithms;
}
