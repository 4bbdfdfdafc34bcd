/**
 * ChunkedEncoderStream: a pair from content to a chunked message body (RFC 9112 §7.1), sealed when it is closed.
 *
 * Whatever ends the writable side other than `close` is a failure of the body, and the readable side says so in octets:
 * they are an abort chunk (or trailers), and then it closes. It does not error, because that would have whoever sends
 * the octets drop the reason: a Response resets its connection, a pipe aborts its destination. Who has to know of the
 * failure here knows it from the writable side: `source.pipeTo(stream.writable)` rejects.
 */

import { algorithmsOf, type DigestOption } from '../core/content-digest.ts';
import { Encoder } from '../core/encoder.ts';
import { type DescribeError, describeFailure } from '../core/failure.ts';
import { copyOctets, joinOctets } from '../core/grammar.ts';
import { aBoolean, aFunction, areTrailers, assertOptions, JUDGING, type OptionChecks } from '../core/options.ts';
import { type ExtraTrailers, ownTrailers, Seal } from '../core/seal.ts';
import { assertHashing, type CreateStreamHasher, Hashers } from './async-hashers.ts';
import { HeldReadable } from './held-readable.ts';

export interface ChunkedEncoderStreamOptions {
  /** Whether to send X-Stream-Status, and a digest with it. `true` by default. */
  seal?: boolean;
  /** `sha-256` by default where there is a `createHasher`, and none where there is not. */
  digest?: DigestOption;
  /** Makes the hasher of a digest: the Web platform has none that is incremental. */
  createHasher?: CreateStreamHasher;
  /** The application’s own trailer fields, sent after the seal’s. */
  extraTrailers?: ExtraTrailers;
  /** What a failure may tell the recipient. By default a type only, no message. */
  describeError?: DescribeError;
  /**
   * Whether a failure ends the body cleanly, with the failure in the trailers: only for a recipient that is known to
   * read them, since every other takes it for success. By default an abort chunk; close the connection after it.
   */
  cleanFailure?: boolean;
}

const CHECKS: OptionChecks<ChunkedEncoderStreamOptions> = {
  seal: aBoolean,
  digest: JUDGING.digest,
  createHasher: aFunction,
  extraTrailers: areTrailers,
  describeError: aFunction,
  cleanFailure: aBoolean,
};

/**
 * A pair from content to a chunked message body (RFC 9112 §7.1), sealed when it is closed.
 *
 * @example
 * return new Response(source.pipeThrough(new ChunkedEncoderStream()), { headers: { 'Content-Type': IN_CONTENT_TYPE } });
 */
export class ChunkedEncoderStream {
  /** The chunked body. Closes after its end, be it good or a failure; pieces share no memory with one another. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Takes the content. Closing it seals the body; aborting it, or writing what is no Uint8Array, ends it as a failure. */
  readonly writable: WritableStream<Uint8Array>;
  readonly #options: ChunkedEncoderStreamOptions;
  readonly #encoder = new Encoder();
  readonly #hashers: Hashers;
  readonly #seal: Seal | undefined;
  readonly #outlet: HeldReadable;
  #sink!: WritableStreamDefaultController;
  /** Writes that have been called for and are not done. */
  #writes = 0;
  #failure: { error: unknown } | undefined;
  #isEnding = false;

  /** @throws TypeError for trailers that cannot be sent, or a digest without a `createHasher` */
  constructor(options: ChunkedEncoderStreamOptions = {}) {
    assertOptions('ChunkedEncoderStream', options, CHECKS);
    const { seal = true, createHasher, cleanFailure = false } = options;
    const { digest = seal && createHasher !== undefined ? 'sha-256' : false } = options;
    if (cleanFailure && !seal) throw new TypeError('cleanFailure needs the seal: a clean end would hide the failure');
    assertHashing(digest, createHasher);
    const algorithms = algorithmsOf(digest);
    this.#options = options;
    this.#hashers = new Hashers(createHasher);
    if (seal) this.#seal = new Seal({ algorithms, createHasher: this.#hashers.createHasher });
    this.#outlet = new HeldReadable((reason) => {
      this.#isEnding = true;
      this.#sink.error(reason);
    });
    this.readable = this.#outlet.readable;
    this.writable = new WritableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#sink = controller;
          this.#outlet.hurryOnAbort(controller);
        },
        write: (data) => this.#write(data),
        close: () => this.#close(),
        abort: (reason) => this.#endAsFailure(reason),
      },
      // The size is asked for with each write, before it waits: so `fail` knows what it has to go behind.
      { highWaterMark: 1, size: () => Math.sign(++this.#writes) },
    );
  }

  /**
   * Ends the body as a failure, after all that has been written, and errors the writable side. Unlike
   * `writable.abort(error)` it works while a pipe holds the writable side, and drops nothing.
   *
   * @returns false if the body has ended already
   */
  fail(error: unknown): boolean {
    if (this.#isEnding || this.#failure !== undefined) return false;
    this.#failure = { error };
    this.#outlet.hurry();
    this.#failIfDue();
    return true;
  }

  async #write(data: Uint8Array): Promise<void> {
    try {
      await this.#outlet.wanted();
      if (this.#isEnding) return; // nobody reads any more
      const pieces = this.#encoder.write(data);
      this.#seal?.update(data);
      this.#outlet.enqueue(asOwn(pieces));
    } catch (error) {
      await this.#endAsFailure(error);
      throw error;
    } finally {
      this.#writes--;
      this.#failIfDue();
    }
  }

  async #close(): Promise<void> {
    if (this.#failure !== undefined) {
      await this.#endAsFailure(this.#failure.error);
      throw this.#failure.error;
    }
    try {
      await this.#hashers.settle();
      if (this.#isEnding) return;
      const pieces = this.#encoder.end([...(this.#seal?.finish() ?? []), ...ownTrailers(this.#options.extraTrailers)]);
      this.#finish(pieces);
    } catch (error) {
      await this.#endAsFailure(error);
      throw error;
    }
  }

  #failIfDue(): void {
    if (this.#failure !== undefined && this.#writes === 0) void this.#endAsFailure(this.#failure.error);
  }

  /** Never rejects. */
  async #endAsFailure(error: unknown): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#sink.error(error);
    const reason = describeFailure(error, this.#options.describeError);
    this.#finish((await this.#cleanFailure(reason)) ?? this.#encoder.abort({ kind: 'error', ...reason }));
  }

  async #cleanFailure(reason: ReturnType<typeof describeFailure>): Promise<Uint8Array[] | undefined> {
    if (!this.#options.cleanFailure) return undefined;
    try {
      await this.#hashers.settle();
    } catch {
      return undefined; // the hasher is what failed
    }
    return this.#encoder.end(this.#seal!.fail(reason));
  }

  #finish(pieces: Uint8Array[]): void {
    this.#isEnding = true;
    this.#outlet.enqueue(asOwn(pieces));
    this.#outlet.close();
  }
}

/** One piece in memory of its own: a reader may transfer it, and the core's pieces share theirs. */
function asOwn(pieces: Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? copyOctets(pieces[0]!) : joinOctets(pieces);
}
