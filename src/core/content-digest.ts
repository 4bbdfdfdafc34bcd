/**
 * Content-Digest and Want-Content-Digest (RFC 9530 §2, §4), and the shape of a hasher. This folder has no hash of its
 * own: the platform's is handed in.
 */
import { isKey, parseDictionary, serializeByteSequence } from './structured-fields.ts';

export const DIGEST_FIELD = 'Content-Digest';

/** The algorithms that RFC 9530 §5 marks as active, the preferred one first. */
export const DIGEST_ALGORITHMS = ['sha-256', 'sha-512'] as const;
/** `sha-256` or `sha-512`: those of RFC 9530 that are neither deprecated nor insecure. */
export type DigestAlgorithm = (typeof DIGEST_ALGORITHMS)[number];

/** What to hash with: one algorithm, several, or `false` for no digest. */
export type DigestOption = DigestAlgorithm | readonly DigestAlgorithm[] | false;

/** An incremental hash. `node:crypto`'s Hash is one. */
export interface Hasher {
  /** The next bytes. */
  update(data: Uint8Array): unknown;
  /** Called once, after the last `update`. */
  digest(): Uint8Array | ArrayBuffer;
}

/** Makes the platform’s incremental hasher for an algorithm. */
export type CreateHasher = (algorithm: DigestAlgorithm) => Hasher;

/**
 * The algorithms of a `digest` option, each once; none for `false`.
 *
 * @throws TypeError for one that is not supported
 */
export function algorithmsOf(digest: DigestOption): readonly DigestAlgorithm[] {
  if (digest === false) return [];
  const algorithms = typeof digest === 'string' ? [digest] : [...new Set([digest].flat())];
  for (const algorithm of algorithms) {
    if (!isDigestAlgorithm(algorithm)) {
      const known = DIGEST_ALGORITHMS.join(', ');
      throw new TypeError(`digest must be ${known}, a list of these, or false; not ${JSON.stringify(algorithm)}`);
    }
  }
  return algorithms;
}

/** One hasher for each algorithm, fed together. */
export class DigestSet {
  readonly #hashers: [DigestAlgorithm, Hasher][];
  #digests: Map<DigestAlgorithm, Uint8Array> | undefined;

  constructor(algorithms: readonly DigestAlgorithm[], createHasher: CreateHasher | undefined) {
    this.#hashers = algorithms.map((algorithm) => {
      if (!isDigestAlgorithm(algorithm)) {
        throw new TypeError(`${JSON.stringify(algorithm)} is not one of ${DIGEST_ALGORITHMS.join(', ')}`);
      }
      if (createHasher === undefined) throw new TypeError(`A digest in ${algorithm} needs createHasher`);
      return [algorithm, createHasher(algorithm)];
    });
  }

  get isEmpty(): boolean {
    return this.#hashers.length === 0;
  }

  update(data: Uint8Array): void {
    for (const [, hasher] of this.#hashers) hasher.update(data);
  }

  /** The finished digests. Nothing can be added afterwards. */
  digests(): Map<DigestAlgorithm, Uint8Array> {
    this.#digests ??= new Map(
      this.#hashers.map(([algorithm, hasher]) => [algorithm, digestOctets(algorithm, hasher.digest())]),
    );
    return this.#digests;
  }
}

/**
 * Reads a Content-Digest value into algorithm → bytes, unknown algorithms included; `undefined` if the value is not a
 * Dictionary of Byte Sequences and is to be ignored as a whole (RFC 9651 §4.2).
 *
 * @example
 * parseContentDigest('sha-256=:uU0n…:')?.get('sha-256'); // 32 bytes
 */
export function parseContentDigest(value: string): Map<string, Uint8Array> | undefined {
  const members = parseDictionary(value);
  if (members === undefined) return undefined;
  const digests = new Map<string, Uint8Array>();
  for (const [algorithm, { value: digest }] of members) {
    if (digest.type !== 'byte-sequence') return undefined;
    digests.set(algorithm, digest.value);
  }
  return digests;
}

/**
 * Digests as a Content-Digest value (RFC 9530 §2). A Map of algorithm → bytes will do.
 *
 * @throws TypeError for an algorithm that is not a key (RFC 9651 §3.1.2), or an invalid digest
 * @example
 * serializeContentDigest([['sha-256', createHash('sha256').update(content).digest()]]); // 'sha-256=:…:'
 */
export function serializeContentDigest(
  digests: Iterable<readonly [algorithm: string, digest: Uint8Array | ArrayBuffer]>,
): string {
  return Array.from(digests, ([algorithm, digest]) => {
    if (typeof algorithm !== 'string' || !isKey(algorithm)) {
      throw new TypeError(
        `${JSON.stringify(algorithm)} is not the name of a digest algorithm (RFC 9651 §3.1.2: lower case)`,
      );
    }
    return `${algorithm}=${serializeByteSequence(digestOctets(algorithm, digest))}`;
  }).join(', ');
}

const DIGEST_BYTES: ReadonlyMap<string, number> = new Map([
  ['sha-256', 32],
  ['sha-512', 64],
]);

/** @throws TypeError for what is no digest of this algorithm */
export function digestOctets(algorithm: string, digest: Uint8Array | ArrayBuffer): Uint8Array {
  const octets = digest instanceof ArrayBuffer ? new Uint8Array(digest) : digest;
  if (!(octets instanceof Uint8Array))
    throw new TypeError(`A digest in ${algorithm} must be a Uint8Array or ArrayBuffer`);
  const { length } = octets;
  if (length === 0 || length !== (DIGEST_BYTES.get(algorithm) ?? length)) {
    throw new TypeError(`A digest in ${algorithm} does not have ${length} bytes`);
  }
  return octets;
}

/**
 * The supported algorithm that a Want-Content-Digest value (RFC 9530 §4) prefers: the one of the highest weight, or one
 * that is not refused (weight 0) where only refusals came; `'none'` if all are refused; `undefined` if the value is
 * absent, unreadable, or names none of them.
 *
 * @example
 * preferredDigest('sha-512=3, sha-256=10'); // 'sha-256'
 */
export function preferredDigest(wanted: string | undefined): DigestAlgorithm | 'none' | undefined {
  const members = wanted === undefined ? undefined : parseDictionary(wanted);
  if (members === undefined) return undefined;
  const weights = DIGEST_ALGORITHMS.flatMap((algorithm): [DigestAlgorithm, number][] => {
    const weight = members.get(algorithm)?.value;
    return weight?.type === 'integer' && weight.value >= 0 && weight.value <= 10 ? [[algorithm, weight.value]] : [];
  });
  if (weights.length === 0) return undefined;
  const [[preferred, highest]] = weights.toSorted(([, one], [, other]) => other - one) as [[DigestAlgorithm, number]];
  if (highest > 0) return preferred;
  return DIGEST_ALGORITHMS.find((algorithm) => !weights.some(([refused]) => refused === algorithm)) ?? 'none';
}

export function isDigestAlgorithm(algorithm: string): algorithm is DigestAlgorithm {
  return (DIGEST_ALGORITHMS as readonly string[]).includes(algorithm);
}

export function areSameOctets(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((octet, at) => octet === other[at]);
}
