/**
 * Seal: counts and hashes the content that leaves, and turns that into the trailer fields that vouch for it, with the
 * application's own beside them. It knows nothing of chunks, so it works wherever somebody else does the framing.
 */
import {
  type CreateHasher,
  DIGEST_FIELD,
  type DigestAlgorithm,
  DigestSet,
  serializeContentDigest,
} from './content-digest.ts';
import { assertTrailerName, type FieldPairs } from './fields.ts';
import {
  type ErrorStatus,
  MAX_STATUS_BYTES,
  STATUS_FIELD,
  type StreamStatus,
  serializeStreamStatus,
} from './stream-status.ts';

const SEAL_NAMES = [STATUS_FIELD, DIGEST_FIELD];

export interface SealOptions {
  /** The digests to send. None by default. */
  algorithms?: readonly DigestAlgorithm[];
  /** Needed for any algorithm: makes the platform's hasher. */
  createHasher?: CreateHasher;
  /** `false` where somebody else may change the content after the seal: the status is sent without `bytes`. */
  counts?: boolean;
}

/**
 * What a sender knows of the content at its end: the status and the digests, as trailer fields.
 *
 * @example
 * const seal = new Seal({ algorithms: ['sha-256'], createHasher: (name) => createHash(name.replace('-', '')) });
 * seal.update(data);
 * encoder.end(seal.finish());
 */
export class Seal {
  readonly #digests: DigestSet;
  readonly #counts: boolean;

  /** Content bytes so far. */
  bytes = 0;

  /** @throws TypeError for an unknown algorithm, or one without `createHasher` */
  constructor({ algorithms = [], createHasher, counts = true }: SealOptions = {}) {
    this.#counts = counts;
    this.#digests = new DigestSet(algorithms, createHasher);
  }

  /** The names of the fields to come, for the head's Trailer field (RFC 9110 §6.6.2). */
  get names(): readonly string[] {
    return this.#digests.isEmpty ? [STATUS_FIELD] : SEAL_NAMES;
  }

  /** The next content bytes. */
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

/** The application's own trailer fields: announced by name in the head, asked for when the body has ended. */
export interface ExtraTrailers {
  /** Announced in the Trailer field (RFC 9110 §6.6.2). */
  names: readonly string[];
  /** Called once, when the body has ended well. Fields of other names than those announced are a TypeError. */
  fields: () => FieldPairs;
}

/** @throws TypeError for a name that may not trail, or that the seal uses itself */
export function trailerNames(extra: ExtraTrailers | undefined): readonly string[] {
  if (extra === undefined) return [];
  for (const name of extra.names) {
    assertTrailerName(name);
    if (SEAL_NAMES.some((own) => own.toLowerCase() === name.toLowerCase()))
      throw new TypeError(`${name} is part of the seal: leave it to respond`);
  }
  return extra.names;
}

/** @throws TypeError for a field that was not announced */
export function ownTrailers(extra: ExtraTrailers | undefined): FieldPairs {
  if (extra === undefined) return [];
  const announced = new Set(extra.names.map((name) => name.toLowerCase()));
  const fields = extra.fields();
  for (const [name] of fields) {
    if (!announced.has(name.toLowerCase())) {
      throw new TypeError(`The trailer field ${name} is not among extraTrailers.names, so it has not been announced`);
    }
  }
  return fields;
}
