/**
 * Seal: counts and hashes the content that leaves, and turns that into the trailer fields that vouch for it. It knows
 * nothing of chunks, so it works wherever somebody else does the framing.
 */
import {
  type CreateHasher,
  DIGEST_FIELD,
  type DigestAlgorithm,
  DigestSet,
  serializeContentDigest,
} from './content-digest.ts';
import type { FieldPairs } from './fields.ts';
import {
  type ErrorStatus,
  MAX_STATUS_BYTES,
  STATUS_FIELD,
  type StreamStatus,
  serializeStreamStatus,
} from './stream-status.ts';

export interface SealOptions {
  /** The digests to send. None by default. */
  algorithms?: readonly DigestAlgorithm[];
  /** Needed for any algorithm: makes the platform's hasher. */
  createHasher?: CreateHasher;
  /** `false` where somebody else may change the content behind the seal: the status is sent without `bytes`. */
  counts?: boolean;
}

export class Seal {
  readonly #digests: DigestSet;
  readonly #counts: boolean;

  /** Content octets so far. */
  bytes = 0;

  /** @throws TypeError for an unknown algorithm, or one without `createHasher` */
  constructor({ algorithms = [], createHasher, counts = true }: SealOptions = {}) {
    this.#counts = counts;
    this.#digests = new DigestSet(algorithms, createHasher);
  }

  /** The next content octets. */
  update(data: Uint8Array): void {
    this.bytes += data.length;
    this.#digests.update(data);
  }

  /** The trailer fields of a whole body. Nothing can be added afterwards. */
  finish(): FieldPairs {
    return this.#fields({ kind: 'ok', bytes: this.bytes });
  }

  /** The trailer fields of a failed body: the digest covers what was sent. Nothing can be added afterwards. */
  fail(reason: Pick<ErrorStatus, 'type' | 'details'>): FieldPairs {
    return this.#fields({ ...reason, kind: 'error', bytes: this.bytes });
  }

  #fields(status: StreamStatus): FieldPairs {
    if (!this.#counts || this.bytes > MAX_STATUS_BYTES) delete status.bytes;
    const fields: FieldPairs = [[STATUS_FIELD, serializeStreamStatus(status)]];
    const digests = this.#digests.digests();
    if (digests.size > 0) fields.push([DIGEST_FIELD, serializeContentDigest(digests)]);
    return fields;
  }
}
