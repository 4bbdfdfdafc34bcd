/**
 * ChunkedEncoder: a Transform from content to a chunked message body (RFC 9112 §7.1), sealed when it ends. For whoever
 * writes the head and closes the connection himself; `respond` does both.
 */
import { Transform, type TransformCallback } from 'node:stream';
import { algorithmsOf, type DigestOption } from '../core/content-digest.ts';
import { Encoder } from '../core/encoder.ts';
import { type DescribeError, describeFailure } from '../core/failure.ts';
import { aBoolean, aFunction, areTrailers, assertOptions, JUDGING, type OptionChecks } from '../core/options.ts';
import { type ExtraTrailers, ownTrailers, Seal } from '../core/seal.ts';
import { createHasher } from './hashing.ts';

export interface ChunkedEncoderOptions {
  /** Whether to send X-Stream-Status, and a digest with it. `true` by default. */
  seal?: boolean;
  /** `sha-256` by default. */
  digest?: DigestOption;
  /** The application’s own trailer fields, sent after the seal’s. */
  extraTrailers?: ExtraTrailers;
  /** What a failure may tell the recipient. By default a type only, no message. */
  describeError?: DescribeError;
  /**
   * Whether `fail` ends the body cleanly, with the failure in the trailers: only for a recipient that is known to read
   * them, since every other takes it for success. By default an abort chunk; close the connection after it.
   */
  cleanFailure?: boolean;
}

const CHECKS: OptionChecks<ChunkedEncoderOptions> = {
  seal: aBoolean,
  digest: JUDGING.digest,
  extraTrailers: areTrailers,
  describeError: aFunction,
  cleanFailure: aBoolean,
};

/**
 * A Transform from content to a chunked message body (RFC 9112 §7.1), sealed when it ends. For whoever writes the head and
 * closes the connection himself; `respond` does both.
 *
 * @example
 * const encoder = new ChunkedEncoder();
 * encoder.pipe(socket);
 * source.on('error', (error) => encoder.fail(error)).pipe(encoder);
 */
export class ChunkedEncoder extends Transform {
  readonly #encoder = new Encoder();
  readonly #seal: Seal | undefined;
  readonly #options: ChunkedEncoderOptions;
  #failure: { error: unknown } | undefined;

  /** @throws TypeError for a digest or trailers that cannot be sent */
  constructor(options: ChunkedEncoderOptions = {}) {
    super();
    assertOptions('ChunkedEncoder', options, CHECKS);
    const { seal = true, digest = 'sha-256', cleanFailure = false } = options;
    if (cleanFailure && !seal) throw new TypeError('cleanFailure needs the seal: a clean end would hide the failure');
    this.#options = options;
    if (seal) this.#seal = new Seal({ algorithms: algorithmsOf(digest), createHasher });
  }

  /**
   * Ends the body as a failure, after all that has been written. Then the readable side ends: the bytes are out, and
   * say to every recipient that the body has failed or is cut.
   *
   * @returns false if the body has ended already
   */
  fail(error: unknown): boolean {
    if (this.#encoder.ended || this.destroyed) return false;
    this.#failure = { error };
    this.end();
    return true;
  }

  override _transform(data: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#seal?.update(data);
    this.#push(this.#encoder.write(data));
    callback();
  }

  override _flush(callback: TransformCallback): void {
    try {
      this.#push(this.#ending());
      callback();
    } catch (error) {
      callback(error as Error);
    }
  }

  #ending(): Uint8Array[] {
    const { extraTrailers, describeError, cleanFailure = false } = this.#options;
    if (this.#failure !== undefined) {
      const reason = describeFailure(this.#failure.error, describeError);
      if (cleanFailure) return this.#encoder.end(this.#seal!.fail(reason));
      return this.#encoder.abort({ kind: 'error', ...reason });
    }
    return this.#encoder.end([...(this.#seal?.finish() ?? []), ...ownTrailers(extraTrailers)]);
  }

  #push(pieces: Uint8Array[]): void {
    for (const piece of pieces) this.push(piece);
  }
}
