/**
 * What a verifier hashes goes on into a file, or under a seal, and is hashed there: once is enough, since hashing is most of
 * the CPU that verifying costs. The verifier borrows the hash from there. It is ahead of that by what waits to go on, which
 * is kept until then.
 */
import { createHash, type Hash } from 'node:crypto';
import type { CreateHasher } from '../core/content-digest.ts';
import { createHasher } from './hashing.ts';

export class BorrowedHash {
  #lend: (() => Hash) | undefined;
  #own: Hash | undefined;
  /** What the verifier has had, and neither the lender nor a hash of our own. */
  #ahead: Uint8Array[] = [];
  #isUsed = false;
  #hasBegun = false;

  /** To be given to the verifier. */
  readonly createHasher: CreateHasher = (algorithm) => {
    if (algorithm !== 'sha-256') return createHasher(algorithm);
    this.#isUsed = true;
    return {
      update: (data) => {
        if (this.#own === undefined) this.#ahead.push(data);
        else this.#own.update(data);
      },
      digest: () => {
        const hash = this.#own ?? this.#lend?.() ?? createHash('sha256');
        for (const data of this.#ahead) hash.update(data);
        return hash.digest();
      },
    };
  };

  /**
   * It is known whether anybody else hashes what the verifier has. The first call counts.
   *
   * @param lend a copy of the hash of all that was `written`; undefined where nobody has one of just that
   */
  begin(lend: (() => Hash) | undefined): void {
    if (!this.#isUsed || this.#hasBegun) return;
    this.#hasBegun = true;
    this.#lend = lend;
    if (lend !== undefined) return;
    this.#own = createHash('sha256');
    for (const data of this.#ahead.splice(0)) this.#own.update(data);
  }

  /** The lender's hash has these bytes. */
  written(bytes: number): void {
    let left = bytes;
    while (left > 0 && this.#ahead.length > 0) {
      const [first] = this.#ahead as [Uint8Array];
      if (first.length <= left) this.#ahead.shift();
      else this.#ahead[0] = first.subarray(left);
      left -= first.length;
    }
  }
}
