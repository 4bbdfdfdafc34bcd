/**
 * ChunkedDecoderStream: a pair from a chunked message body (RFC 9112 §7.1) to its content, whose readable side closes
 * only on a good verdict. Otherwise it errors with a StreamError, once what came before has been read.
 *
 * The readable side ends with the message, not with the input. The input may go on behind it only to its end: octets
 * that came with the end of the message are in `rest`, later ones are refused.
 */
import { DIGEST_ALGORITHMS } from '../core/content-digest.ts';
import { Decoder } from '../core/decoder.ts';
import { StreamError } from '../core/errors.ts';
import { type FieldPairs, withoutForbiddenTrailers } from '../core/fields.ts';
import { joinOctets } from '../core/grammar.ts';
import type { Limits } from '../core/limits.ts';
import { assertRequire, type Require, streamErrorFor } from '../core/outcome.ts';
import { type FramingError, judge, type Verdict } from '../core/verdict.ts';
import { Verifier } from '../core/verifier.ts';
import { algorithmsOf, type CreateStreamHasher, type DigestOption, Hashers } from './async-hashers.ts';
import { Outlet } from './held-readable.ts';

export interface ChunkedDecoderStreamOptions {
  /** When a body without a status is an error. `announced` by default. */
  require?: Require;
  /** Whether the head's Trailer field named X-Stream-Status. `false` by default. */
  announced?: boolean;
  /**
   * What to hash with. By default every supported algorithm where there is a `createHasher`; `false` where there is
   * not: a digest that comes is then not checked, and the verdict says so.
   */
  digest?: DigestOption;
  /** Makes the hasher of a digest: the Web platform has none that is incremental. */
  createHasher?: CreateStreamHasher;
  limits?: Partial<Limits>;
}

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
  readonly #require: Require;
  readonly #isAnnounced: boolean;
  readonly #outlet: Outlet;
  /** What came with the input at hand. */
  #pieces: Uint8Array[] = [];
  #sink!: WritableStreamDefaultController;
  #settle!: (verdict: Verdict) => void;
  #isConcluded = false;
  #failure: { error: unknown } | undefined;

  /** @throws TypeError, RangeError for options that are none */
  constructor(options: ChunkedDecoderStreamOptions = {}) {
    const { require = 'announced', announced = false, createHasher, limits = {} } = options;
    const { digest = createHasher === undefined ? false : DIGEST_ALGORITHMS } = options;
    assertRequire(require);
    const algorithms = algorithmsOf(digest, createHasher);
    this.#require = require;
    this.#isAnnounced = announced;
    this.#hashers = new Hashers(createHasher);
    this.#verifier = new Verifier({
      algorithms: digest === false ? false : algorithms,
      createHasher: this.#hashers.createHasher,
    });
    this.#decoder = new Decoder({ limits, onData: (data) => this.#pieces.push(data) });
    this.verdict = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#outlet = new Outlet((reason) => this.#abandon(reason, 'The receiver gave up before the body ended'));
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

  /** The octets behind the message that came together with its end. */
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
      this.#abandon(error, 'The receiver failed before the body ended');
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
    if (isOwnAbort(reason)) return this.#abandon(reason, 'The receiver gave up before the body ended');
    this.#decoder.end();
    const { offset } = this.#decoder.error ?? {};
    const message = `The input was lost${reason instanceof Error ? `: ${reason.message}` : ''}`;
    const details = { cause: reason, ...(offset !== undefined && { offset }) };
    await this.#conclude(new StreamError('ERR_STREAM_TRUNCATED', message, details));
  }

  async #conclude(error: FramingError | undefined): Promise<void> {
    if (this.#isConcluded) return;
    this.#isConcluded = true;
    const { abortReason, rawTrailers, bytes } = this.#decoder;
    const framing = { error, abortReason, rawTrailers };
    try {
      await this.#hashers.settle();
      const verdict = this.#verifier.end(framing);
      const failure = streamErrorFor(verdict, this.#require, this.#isAnnounced);
      this.#settle(verdict);
      if (failure === undefined) this.#outlet.close();
      else this.#fail(failure);
    } catch (failure) {
      this.#settle(judge({ ...framing, bytes, digests: new Map() })); // without the hasher that failed
      this.#fail(failure);
    }
  }

  /** This side gives up, for a reason of its own. */
  #abandon(reason: unknown, message: string): void {
    if (this.#isConcluded) return;
    this.#isConcluded = true;
    const { bytes, rawTrailers } = this.#decoder;
    this.#settle(judge({ bytes, rawTrailers, error: { code: 'ERR_STREAM_TRUNCATED', message }, digests: new Map() }));
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
