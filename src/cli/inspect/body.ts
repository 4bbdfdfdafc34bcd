/**
 * The body of a message, annotated as it comes. The judge is the reader behind `receive` (the Decoder, for a chunked one)
 * with its Verifier: it is given the octets first, and only those that it has accepted are cut into pieces.
 */
import { DIGEST_ALGORITHMS } from '../../core/content-digest.ts';
import type { FramingError } from '../../core/errors.ts';
import { fieldValue, type HeadFields } from '../../core/fields.ts';
import { DEFAULT_LIMITS } from '../../core/limits.ts';
import { type Require, Verifier } from '../../core/verifier.ts';
import { createHasher } from '../../node/hashing.ts';
import type { BodyFraming } from '../../node/head/message-head.ts';
import { type BodyReader, bodyReaderFor } from '../../node/receive/body-reader.ts';
import { ChunkFold } from './chunk-fold.ts';
import { ChunkedPieces } from './chunked-pieces.ts';
import { ContentPiece } from './content-piece.ts';
import type { Emit, VerdictEvent } from './event.ts';

/** As many of the octets behind an error as had come with it are shown. */
const SHOWN_BEHIND_ERROR = 24;

export interface BodyOptions {
  emit: Emit;
  offset: number;
  framing: BodyFraming;
  /** Those of the head; undefined for a body without one. */
  headers: HeadFields | undefined;
  statusCode: number | undefined;
  require: Require;
  shownChunks: number;
}

export type BodyConclusion = Pick<VerdictEvent, 'kind' | 'code' | 'reason' | 'digest' | 'digestPlace'>;

export class Body {
  readonly #options: BodyOptions;
  readonly #reader: BodyReader;
  readonly #verifier: Verifier;
  readonly #pieces: ContentPiece | ChunkedPieces;
  readonly #fold: ChunkFold;
  /** Bytes of the message so far. */
  length = 0;

  constructor(options: BodyOptions) {
    const { emit, offset, framing, headers, statusCode, require, shownChunks } = options;
    this.#options = options;
    const hasContent = this.isJudged;
    // In every algorithm: a capture is looked at once, and for what is wrong with it.
    const digest = DIGEST_ALGORITHMS;
    this.#verifier = new Verifier({ headers, statusCode, hasContent, require, digest, createHasher });
    this.#reader = bodyReaderFor(framing, DEFAULT_LIMITS, (data) => this.#verifier.update(data));
    this.#fold = new ChunkFold(emit, shownChunks);
    const size = framing.kind === 'length' ? framing.bytes : undefined;
    this.#pieces =
      framing.kind === 'chunked' ? new ChunkedPieces(this.#fold, offset) : new ContentPiece(emit, offset, size);
  }

  /** Whether there is anything to vouch for. */
  get isJudged(): boolean {
    return this.#options.framing.kind !== 'none';
  }

  get isDone(): boolean {
    return this.#reader.done;
  }

  get error(): FramingError | undefined {
    return this.#reader.error;
  }

  /** @returns how many of the octets belong to the body; those behind an error do not */
  write(input: Uint8Array): number {
    this.#reader.write(input);
    const { error, done, rest } = this.#reader;
    let taken = input.length;
    if (error !== undefined) taken = error.offset! - this.length;
    else if (done) taken -= rest.length;
    this.#pieces.write(taken === input.length ? input : input.subarray(0, taken));
    this.length += taken;
    if (error !== undefined) this.#break(error, input.subarray(taken, taken + SHOWN_BEHIND_ERROR));
    else if (done) this.#pieces.flush();
    return taken;
  }

  /** The input has ended. */
  end(): void {
    this.#reader.end();
    const { error } = this.#reader;
    if (error === undefined) this.#pieces.flush();
    else this.#break(error, new Uint8Array(0));
  }

  /** Shows what came of a body that nobody waits for any longer. */
  flush(): void {
    this.#pieces.flush();
  }

  conclude(): BodyConclusion {
    const { error: framingError, abortReason, rawTrailers } = this.#reader;
    const { verdict, error } = this.#verifier.conclude({ error: framingError, abortReason, rawTrailers });
    const { kind, reason } = verdict;
    // The digest of a whole says nothing about a part of it.
    const digest = framingError !== undefined && verdict.digest !== 'absent' ? 'ignored' : verdict.digest;
    const isTrailing = fieldValue(rawTrailers, 'content-digest') !== undefined;
    const place = isTrailing ? 'Content-Digest' : 'digest in the head';
    return { kind, code: error?.code, reason, digest, digestPlace: digest === 'absent' ? undefined : place };
  }

  get counts() {
    const pieces = this.#pieces;
    const isChunked = pieces instanceof ChunkedPieces;
    return {
      contentOctets: this.#verifier.bytes,
      chunks: this.#fold.chunks,
      chunkExtensions: isChunked ? pieces.extensions : 0,
      trailerFields: this.#reader.rawTrailers.length,
    };
  }

  #break({ code, message: reason, offset = 0 }: FramingError, octets: Uint8Array): void {
    this.#pieces.flush();
    const blamed = Math.min(1, octets.length);
    this.#options.emit({ type: 'error', offset: this.#options.offset + offset, code, reason, octets, blamed });
  }
}
