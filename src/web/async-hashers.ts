/**
 * Hashers on a platform that brings no incremental hash of its own: whoever wants digests hands one in. Its digest may
 * come later, since some platforms hash beside the program (Cloudflare's `crypto.DigestStream`); the core asks for it at
 * once, so it is waited for here, before the core is asked.
 */
import {
  algorithmsOf,
  type CreateHasher,
  type DigestAlgorithm,
  type DigestOption,
  digestOctets,
} from '../core/content-digest.ts';

/** An incremental hash. That of `node:crypto` is one, and that of `@noble/hashes`. */
export interface StreamHasher {
  /** Data that is hashed only after the return is to be copied: it may be changed by then. */
  update(data: Uint8Array): unknown;
  /** Called once, after the last `update`. */
  digest(): Uint8Array | ArrayBuffer | PromiseLike<Uint8Array | ArrayBuffer>;
}

/** Makes an incremental hasher for an algorithm; it may be one whose digest comes as a promise. */
export type CreateStreamHasher = (algorithm: DigestAlgorithm) => StreamHasher;

/**
 * A `createHasher` option that is there or not, for a `digest` option.
 *
 * @throws TypeError for a digest with nothing to hash with
 */
export function assertHashing(digest: DigestOption, createHasher: CreateStreamHasher | undefined): void {
  const [algorithm] = algorithmsOf(digest);
  if (algorithm === undefined || createHasher !== undefined) return;
  throw new TypeError(
    `A digest in ${algorithm} needs createHasher: the Web platform has no incremental hash (node:crypto and @noble/hashes have one)`,
  );
}

/** The hashers of one body. */
export class Hashers {
  readonly #create: CreateStreamHasher | undefined;
  readonly #hashers: { algorithm: DigestAlgorithm; hasher: StreamHasher; digest: Uint8Array }[] = [];
  #settled: Promise<void> | undefined;

  constructor(create: CreateStreamHasher | undefined) {
    this.#create = create;
  }

  /** For the core: its digests are those of the last `settle`. */
  readonly createHasher: CreateHasher = (algorithm) => {
    const hasher = this.#create!(algorithm);
    const entry = { algorithm, hasher, digest: new Uint8Array(0) as Uint8Array };
    this.#hashers.push(entry);
    return { update: (data) => hasher.update(data), digest: () => entry.digest };
  };

  /** Waits for the digests, which are asked for once. Rejects if a hasher does. */
  settle(): Promise<void> {
    this.#settled ??= this.#settle();
    return this.#settled;
  }

  async #settle(): Promise<void> {
    const settling = this.#hashers.map(async (entry) => {
      entry.digest = digestOctets(entry.algorithm, await entry.hasher.digest());
    });
    await Promise.all(settling);
  }
}
