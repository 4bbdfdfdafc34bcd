/** The platform's hashes for the core. */
import { createHash, type Hash } from 'node:crypto';
import type { CreateHasher } from '../core/content-digest.ts';

export const createHasher: CreateHasher = (algorithm) => createHash(algorithm.replace('-', ''));

/** Lends its sha-256. The digest is of a copy: a body that is given up is concluded after its seal. */
export function lendingHasher(onHash: (hash: Hash) => void, onBytes: (bytes: number) => void): CreateHasher {
  return (algorithm) => {
    if (algorithm !== 'sha-256') return createHasher(algorithm);
    const hash = createHash('sha256');
    onHash(hash);
    return {
      update: (data) => {
        hash.update(data);
        onBytes(data.length);
      },
      digest: () => hash.copy().digest(),
    };
  };
}
