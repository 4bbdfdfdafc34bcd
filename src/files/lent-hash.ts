/**
 * The hash that a seal makes of a whole file, lent to whoever needs the file's own digest: hashing is most of the CPU that a
 * file costs. A download borrows the other way round: node/borrowed-hash.ts.
 */
import type { Hash } from 'node:crypto';
import type { CreateHasher } from '../core/content-digest.ts';
import { lendingHasher } from '../node/hashing.ts';

export class LentHash {
  #hash: Hash | undefined;
  #bytes = 0;

  /** To be given to the seal. */
  readonly createHasher: CreateHasher = lendingHasher(
    (hash) => {
      this.#hash = hash;
    },
    (bytes) => {
      this.#bytes += bytes;
    },
  );

  /** Whether a digest is due, so that there is a hash. */
  get isUsed(): boolean {
    return this.#hash !== undefined;
  }

  /** The digest of so many bytes, if that is what has come. */
  of(bytes: number): Buffer | undefined {
    return bytes === this.#bytes ? this.#hash?.copy().digest() : undefined;
  }
}
