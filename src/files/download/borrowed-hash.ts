/**
 * What a verifier hashes is what goes into the file: once is enough, since hashing is most of the CPU of a download. The
 * verifier borrows the hash of the file. It is ahead of that by what waits to be written, which is kept until then.
 */
import { createHash, type Hash } from 'node:crypto';
import type { CreateHasher } from '../../core/content-digest.ts';
import { createHasher } from '../../node/hashing.ts';

export class BorrowedHash {
  #ofFile: (() => Hash) | undefined;
  #own: Hash | undefined;
  /** What the verifier has had, and neither the file nor a hash of our own. */
  #ahead: Uint8Array[] = [];
  #isUsed = false;

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
        const hash = this.#own ?? this.#ofFile?.() ?? createHash('sha256');
        for (const data of this.#ahead) hash.update(data);
        return hash.digest();
      },
    };
  };

  /** @param ofFile the hash of all that has been `written`; undefined where the file has more than this response brings */
  begin(ofFile: (() => Hash) | undefined): void {
    if (!this.#isUsed) return;
    this.#ofFile = ofFile;
    if (ofFile !== undefined) return;
    this.#own = createHash('sha256');
    for (const data of this.#ahead.splice(0)) this.#own.update(data);
  }

  /** The file's hash has these bytes. */
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
