/**
 * ChunkedDecoder: a Transform from a chunked message body (RFC 9112 §7.1) to its content, which ends only on a good
 * verdict. For whoever reads the head himself; `receive` does that too.
 *
 * The readable side ends with the message, not with the input: a socket that is piped in is unpiped then, and what came
 * behind the message is in `rest`. On a kept-alive socket, therefore, `socket.pipe(decoder)` and a `pipeline` from the
 * decoder on; a `pipeline` from the socket on waits for the end of the socket.
 */
import { Socket } from 'node:net';
import { type Readable, Transform, type TransformCallback } from 'node:stream';
import { Decoder } from '../core/decoder.ts';
import type { FramingError } from '../core/errors.ts';
import { type FieldPairs, type HeadFields, withoutForbiddenTrailers } from '../core/fields.ts';
import type { Limits } from '../core/limits.ts';
import { aNumber, anObject, areLimits, assertOptions, JUDGING, type OptionChecks } from '../core/options.ts';
import type { Verdict } from '../core/verdict.ts';
import { type JudgingOptions, Verifier } from '../core/verifier.ts';
import { createHasher } from './hashing.ts';
import { EndOnVerdict } from './receive/end-on-verdict.ts';

export interface ChunkedDecoderOptions extends JudgingOptions {
  /**
   * The head fields of the message, as `node:http` has them, or as pairs: what they announce has to come. Without them, a
   * body that brings no status may end, and a digest may come unannounced, so the content is hashed.
   */
  headers?: HeadFields;
  /** The status of the response, for `require: 'always'`, which is asked of a 2xx only. */
  statusCode?: number;
  /** Bounds on what the peer may send: `DEFAULT_LIMITS`, and these instead of the same there. */
  limits?: Partial<Limits>;
}

const CHECKS: OptionChecks<ChunkedDecoderOptions> = {
  ...JUDGING,
  headers: anObject,
  statusCode: aNumber,
  limits: areLimits,
};

/**
 * A Transform from a chunked message body (RFC 9112 §7.1) to its content, which ends only on a good verdict. For whoever
 * reads the head himself; `receive` does that too.
 *
 * @example
 * const decoder = new ChunkedDecoder({ headers });
 * socket.pipe(decoder);
 * await pipeline(decoder, destination); // rejects unless the body is whole
 * socket.unshift(decoder.rest);
 */
export class ChunkedDecoder extends Transform {
  readonly #decoder: Decoder;
  readonly #verifier: Verifier;
  readonly #end: EndOnVerdict;
  readonly #sources = new Set<Readable>();

  /** @throws TypeError, RangeError for invalid options */
  constructor(options: ChunkedDecoderOptions = {}) {
    super();
    assertOptions('ChunkedDecoder', options, CHECKS);
    const { limits = {}, ...judging } = options;
    this.#verifier = new Verifier({ ...judging, createHasher });
    this.#decoder = new Decoder({
      limits,
      onData: (data) => {
        if (this.destroyed) return; // in the middle of what came in one piece
        this.#verifier.update(data);
        this.push(data);
      },
    });
    const facts = { receiver: 'ChunkedDecoder', statusCode: judging.statusCode } as const;
    this.#end = new EndOnVerdict(this, this.#verifier, () => facts);
    this.on('pipe', (source: Readable) => this.#sources.add(source.once('close', this.#onSourceClosed)));
    this.on('unpipe', (source: Readable) => this.#sources.delete(source.off('close', this.#onSourceClosed)));
  }

  /** Settles with the conclusion when the body has ended, however it did. Never rejects. */
  get verdict(): Promise<Verdict> {
    return this.#end.verdict;
  }

  /** The trailer fields whose names may trail, in order (RFC 9110 §6.5.1). */
  get trailers(): FieldPairs {
    return withoutForbiddenTrailers(this.rawTrailers);
  }

  /** All trailer fields, in order. Nobody has vouched for their names. */
  get rawTrailers(): FieldPairs {
    return this.#decoder.rawTrailers;
  }

  /** The bytes that came after the message. Whole once the readable side has ended. */
  get rest(): Uint8Array {
    return this.#decoder.rest;
  }

  override _transform(input: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
    this.#decoder.write(input);
    const { done, error } = this.#decoder;
    if (!done && error === undefined) return callback();
    // A socket may go on with another message. Any other source is read to its end, as a pipeline expects.
    for (const source of [...this.#sources]) if (source instanceof Socket) source.unpipe(this);
    // What was written before the source was unpiped belongs to `rest`: it comes first.
    if (error !== undefined || this.writableLength <= input.length) this.#conclude(error);
    callback();
  }

  override _flush(callback: TransformCallback): void {
    this.#decoder.end();
    this.#conclude(this.#decoder.error);
    if (!this.#end.isFailing) callback(); // which ends the readable side
  }

  override read(size?: number): ReturnType<Readable['read']> {
    return this.#end.read((n) => super.read(n), size);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#end.abandon();
    callback(error);
  }

  #conclude(error: FramingError | undefined): void {
    const { abortReason, rawTrailers } = this.#decoder;
    this.#end.conclude({ error, abortReason, rawTrailers });
  }

  /** `pipe` does not tell its destination that a source was destroyed. */
  readonly #onSourceClosed = (): void => {
    const wasLost = [...this.#sources].some((source) => source.destroyed && !source.readableEnded);
    if (wasLost && !this.#end.isSettled) this.end();
  };
}
