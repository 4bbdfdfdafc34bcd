/**
 * Verifier: counts and hashes the content that arrives, and judges it when it has ended. It knows nothing of chunks;
 * whoever does the framing says how that went.
 */
import { type CreateHasher, type DigestAlgorithm, DigestSet } from './content-digest.ts';
import type { FieldPairs } from './fields.ts';
import { type FramingError, judge, type Verdict } from './verdict.ts';

export interface VerifierOptions {
  /**
   * The digests to compute: an algorithm that the sender used must be among them to be checked. `false`: digests are
   * not to be checked. Default: none, which leaves a digest that comes `unchecked` and the body `unverified`.
   */
  algorithms?: readonly DigestAlgorithm[] | false;
  /** Needed for any algorithm: makes the platform's hasher. */
  createHasher?: CreateHasher;
  /** Whether the head's Trailer field named Content-Digest: then one has to come and agree. `false` by default. */
  isDigestAnnounced?: boolean;
}

/** How the framing ended, as far as there is something to say. */
export interface FramingEnd {
  /** Undefined if the framing is complete. */
  error?: FramingError | undefined;
  /** The X-Stream-Status value of an abort chunk. */
  abortReason?: string | undefined;
  /** The field lines of the trailer section, in order. None by default. */
  rawTrailers?: FieldPairs;
}

export class Verifier {
  readonly #digests: DigestSet | undefined;
  readonly #isDigestAnnounced: boolean;
  #verdict: Verdict | undefined;

  /** Content octets so far. */
  bytes = 0;

  /** @throws TypeError for an unknown algorithm, or one without `createHasher` */
  constructor({ algorithms = [], createHasher, isDigestAnnounced = false }: VerifierOptions = {}) {
    this.#isDigestAnnounced = isDigestAnnounced;
    this.#digests = algorithms === false ? undefined : new DigestSet(algorithms, createHasher);
  }

  /** The next content octets. */
  update(data: Uint8Array): void {
    this.bytes += data.length;
    this.#digests?.update(data);
  }

  /** The conclusion. Further calls give the first one again. */
  end(framing: FramingEnd = {}): Verdict {
    this.#verdict ??= judge({
      ...framing,
      bytes: this.bytes,
      digests: this.#digests?.digests(),
      isDigestAnnounced: this.#isDigestAnnounced,
    });
    return this.#verdict;
  }
}
