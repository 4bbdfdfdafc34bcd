/**
 * ChunkedDecoderStream: a pair from a chunked message body (RFC 9112 §7.1) to its content, whose readable side closes
 * only on a good verdict. Otherwise it errors with a BodyError, once what came before has been read.
 *
 * The readable side ends with the message, not with the input. The input may go on behind it only to its end: octets
 * that came with the end of the message are in `rest`, later ones are refused.
 */

import { Decoder } from '../core/decoder.ts';
import { brokenOff, type FramingError } from '../core/errors.ts';
import { type FieldPairs, type HeadFields, withoutForbiddenTrailers } from '../core/fields.ts';
import { joinOctets } from '../core/grammar.ts';
import type { Limits } from '../core/limits.ts';
import { aFunction, aNumber, anObject, areLimits, assertOptions, JUDGING, type OptionChecks } from '../core/options.ts';
import type { Verdict } from '../core/verdict.ts';
import { type JudgingOptions, Verifier } from '../core/verifier.ts';
import { assertHashing, type CreateStreamHasher, Hashers } from './async-hashers.ts';
import { HeldReadable } from './held-readable.ts';

/**
 * `digest` is `sha-256` by default where there is a `createHasher`, and `false` where there is not: a digest that comes is
 * then not checked, and the verdict says so.
 */
export interface ChunkedDecoderStreamOptions extends JudgingOptions {
  /**
   * The head fields of the message, as a `Headers`, an object or pairs: what they announce has to come. Without them, a
   * body that brings no status may end.
   */
  headers?: HeadFields;
  /** The status of the response, for `require: 'always'`, which is asked of a 2xx only. */
  statusCode?: number;
  /** Makes the hasher of a digest: the Web platform has none that is incremental. */
  createHasher?: CreateStreamHasher;
  /** Bounds on what the peer may send: `DEFAULT_LIMITS`, and these instead of the same there. */
  limits?: Partial<Limits>;
}

const CHECKS: OptionChecks<ChunkedDecoderStreamOptions> = {
  ...JUDGING,
  headers: anObject,
  statusCode: aNumber,
  createHasher: aFunction,
  limits: areLimits,
};

/**
 * A pair from a chunked message body (RFC 9112 §7.1) to its content, whose readable side closes only on a good verdict.
 * Otherwise it errors with a BodyError, once what came before has been read.
 *
 * @example
 * const content = response.body.pipeThrough(new ChunkedDecoderStream()); // of type IN_CONTENT_TYPE
 * for await (const data of content) show(data); // throws unless the body is whole
 */
export class ChunkedDecoderStream {
  /** The content. No two pieces are views of the same input. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Takes the chunked body, split anywhere. */
  readonly writable: WritableStream<Uint8Array>;
  /** Settles with the conclusion when the body has ended, however it did, or nobody reads it. Never rejects. */
  readonly verdict: Promise<Verdict>;
  readonly #decoder: Decoder;
  readonly #verifier: Verifier;
  readonly #hashers: Hashers;
  readonly #outlet: HeldReadable;
  /** What came with the input at hand. */
  #pieces: Uint8Array[] = [];
  #sink!: WritableStreamDefaultController;
  #settle!: (verdict: Verdict) => void;
  #isConcluded = false;
  #failure: { error: unknown } | undefined;

  /** @throws TypeError, RangeError for invalid options */
  constructor(options: ChunkedDecoderStreamOptions = {}) {
    assertOptions('ChunkedDecoderStream', options, CHECKS);
    const { require, headers, statusCode, createHasher, limits = {} } = options;
    const { digest = createHasher === undefined ? false : 'sha-256' } = options;
    assertHashing(digest, createHasher);
    this.#hashers = new Hashers(createHasher);
    this.#verifier = new Verifier({ require, digest, headers, statusCode, createHasher: this.#hashers.createHasher });
    this.#decoder = new Decoder({ limits, onData: (data) => this.#pieces.push(data) });
    this.verdict = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#outlet = new HeldReadable((reason) => this.#abandon(reason));
    this.readable = this.#outlet.readable;
    this.writable = new WritableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#sink = controller;
          this.#outlet.hurryOnAbort(controller);
        },
        write: (input) => this.#write(input),
        close: () => this.#close(),
        abort: (reason) => this.#lose(reason),
      },
      { highWaterMark: 1 },
    );
  }

  /** The trailer fields whose names may trail, in order (RFC 9110 §6.5.1). */
  get trailers(): FieldPairs {
    return withoutForbiddenTrailers(this.rawTrailers);
  }

  /** All trailer fields, in order. Nobody has vouched for their names. */
  get rawTrailers(): FieldPairs {
    return this.#decoder.rawTrailers;
  }

  /** The bytes after the message that came together with its end. */
  get rest(): Uint8Array {
    return this.#decoder.rest;
  }

  async #write(input: Uint8Array): Promise<void> {
    await this.#outlet.wanted();
    this.#throwFailure();
    if (this.#isConcluded) throw new Error('The chunked body has ended: what comes behind it is not part of it');
    try {
      if (!(input instanceof Uint8Array)) throw new TypeError('A chunked body is decoded from Uint8Arrays');
      this.#decoder.write(input);
      const pieces = this.#pieces;
      this.#pieces = [];
      for (const piece of pieces) this.#verifier.update(piece);
      this.#outlet.enqueue(joinOctets(pieces));
    } catch (error) {
      this.#abandon(error);
      throw error;
    }
    const { done, error } = this.#decoder;
    if (done || error !== undefined) await this.#conclude(error);
    // A whole message that is no good may be read to its end; what is behind anything else is of no use.
    if (!done) this.#throwFailure();
  }

  async #close(): Promise<void> {
    this.#decoder.end();
    await this.#conclude(this.#decoder.error);
    this.#throwFailure();
  }

  /** The input was cut off, with a reason. */
  async #lose(reason: unknown): Promise<void> {
    if (this.#isConcluded) return;
    if (isOwnAbort(reason)) return this.#abandon(reason);
    this.#decoder.end();
    await this.#conclude(brokenOff('The input was lost', reason, { offset: this.#decoder.error?.offset }));
  }

  async #conclude(error: FramingError | undefined): Promise<void> {
    if (this.#isConcluded) return;
    this.#isConcluded = true;
    const { abortReason, rawTrailers } = this.#decoder;
    try {
      await this.#hashers.settle();
    } catch (failure) {
      this.#settle(this.#verifier.abandon()); // the hasher is ours
      return this.#fail(failure);
    }
    const { verdict, error: failure } = this.#verifier.conclude({ error, abortReason, rawTrailers });
    this.#settle(verdict);
    if (failure === undefined) this.#outlet.close();
    else this.#fail(failure);
  }

  /** This side gives up, for a reason of its own. */
  #abandon(reason: unknown): void {
    if (this.#isConcluded) return;
    this.#isConcluded = true;
    this.#settle(this.#verifier.abandon());
    this.#fail(reason);
    this.#sink.error(reason);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #fail(error: unknown): void {
    this.#failure = { error };
    this.#outlet.fail(error);
  }
}

/** Whether the reason is that of an AbortSignal: the caller's own, and no news about the body. */
function isOwnAbort(reason: unknown): boolean {
  return reason instanceof Error && (reason.name === 'AbortError' || reason.name === 'TimeoutError');
}
