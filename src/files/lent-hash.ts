/**
 * The hash that a verifier or a seal makes of a whole file, lent to whoever needs one of the same bytes and need not make it
 * again: hashing is most of the CPU of a download, at both ends. A verifier's runs ahead of what has been written.
 */
import { createHash, type Hash } from 'node:crypto';
import type { CreateHasher } from '../core/content-digest.ts';
import { createHasher } from '../node/hashing.ts';

export class LentHash {
  #hash: Hash | undefined;
  #bytes = 0;

  /** To be given to the verifier or the seal. */
  readonly createHasher: CreateHasher = (algorithm) => {
    if (algorithm !== 'sha-256') return createHasher(algorithm);
    const hash = createHash('sha256');
    this.#hash = hash;
    return {
      update: (data) => {
        hash.update(data);
        this.#bytes += data.length;
      },
      digest: () => hash.copy().digest(),
    };
  };

  /** Whether a digest is due, so that there is a hash. */
  get isUsed(): boolean {
    return this.#hash !== undefined;
  }

  /** How many bytes it is of. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @throws Error if more has come than these bytes, so that there is no hash of them */
  of(bytes: number): Hash {
    if (this.#hash === undefined || bytes !== this.#bytes) throw new Error(`There is no hash of ${bytes} bytes`);
    return this.#hash.copy();
  }
}
