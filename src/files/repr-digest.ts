/**
 * The digest of a whole file in a response (RFC 9530 §3): in the head once it is known; else as a trailer of what reaches the
 * end of the file. That is the seal's own where the response begins with the first byte; else the end of the content waits
 * for it. What has been learned is kept.
 */
import type { BigIntStats } from 'node:fs';
import { serializeContentDigest } from '../core/content-digest.ts';
import { type FieldPairs, fieldValue, listMembers } from '../core/fields.ts';
import type { ExtraTrailers } from '../core/seal.ts';
import { parseDictionary } from '../core/structured-fields.ts';
import type { RequestFacts } from '../node/send/negotiation.ts';
import { asksForEtag, field, type RequestHeaders } from './etag.ts';
import { digestOf, digestWithin, keep, knownDigest, learnDigest, mayBeKept } from './file-digests.ts';
import { LentHash } from './lent-hash.ts';

/** A file of at most so many bytes is hashed before its head is sent: some 10 ms, once. */
export const SMALL_BYTES = 16 * 1024 * 1024;

/** Milliseconds that a HEAD, or a request with a precondition that names a tag, waits for one that can be had by then. */
const ETAG_PATIENCE = 2000;
/** The same for an If-Range: all that the client has already is at stake. */
const IF_RANGE_PATIENCE = 3000;

/** What is known of the content before the head is sent. */
export async function digestForHead(
  { method, headers }: RequestFacts,
  file: string,
  stats: BigIntStats,
  own: FieldPairs,
): Promise<Buffer | undefined> {
  const there = knownDigest(stats);
  if (there !== undefined) return there;
  if (stats.size <= SMALL_BYTES) return digestOf(file, stats);
  const mayWait = fieldValue(own, 'etag') === undefined && (method === 'HEAD' || asksForEtag(headers));
  const patience = headers['if-range'] === undefined ? ETAG_PATIENCE : IF_RANGE_PATIENCE;
  return mayWait ? digestWithin(file, stats, patience) : undefined;
}

/** How the digest of a file that is not known yet becomes known. */
export class Learning {
  readonly #file: string;
  readonly #stats: BigIntStats;
  readonly #isWhole: boolean;
  readonly #mayBeKept: boolean;
  readonly #lent = new LentHash();
  #digest: Buffer | undefined;
  /** For the seal. */
  readonly createHasher = this.#lent.createHasher;
  readonly trailers: ExtraTrailers = {
    names: ['Repr-Digest'],
    fields: () => (this.#known === undefined ? [] : [reprDigest(this.#known)]),
  };

  /** @param isWhole whether the whole file is sent */
  constructor(file: string, stats: BigIntStats, isWhole: boolean) {
    this.#file = file;
    this.#stats = stats;
    this.#isWhole = isWhole;
    this.#mayBeKept = mayBeKept(stats);
    if (!isWhole) learnDigest(file, stats);
  }

  /** What the end of the content waits for, if the trailer is to come. */
  async settle(signal: AbortSignal): Promise<void> {
    if (!this.#isWhole || !this.#lent.isUsed) this.#digest = await digestOf(this.#file, this.#stats, signal);
  }

  /** To be called when the response is over, whole or not. */
  finish(): void {
    const digest = this.#known;
    if (digest !== undefined && this.#mayBeKept) keep(this.#stats, digest);
    else learnDigest(this.#file, this.#stats);
  }

  get #known(): Buffer | undefined {
    return this.#digest ?? (this.#isWhole ? this.#lent.of(Number(this.#stats.size)) : undefined);
  }
}

export function reprDigest(digest: Buffer): [string, string] {
  return ['Repr-Digest', serializeContentDigest([['sha-256', digest]])];
}

/** True for a client that wants one and reads trailers, false for one that wants none in this algorithm (RFC 9530 §4). */
export function wantsReprDigest(headers: RequestHeaders): boolean | undefined {
  const weight = parseDictionary(field(headers, 'want-repr-digest') ?? '')?.get('sha-256')?.value;
  if (weight?.type !== 'integer') return undefined;
  return weight.value === 0 ? false : listMembers(headers.te).includes('trailers') || undefined;
}
