/**
 * A Readable of content that ends only on a good verdict: otherwise it is destroyed with a StreamError, so `pipeline`,
 * `finished`, `for await` and 'error' all see it. Where the octets come from, and what becomes of that, is the
 * business of the `BodySource`.
 */
import { Readable } from 'node:stream';
import { type Require, streamErrorFor } from '../core/outcome.ts';
import type { Verdict } from '../core/verdict.ts';
import type { FramingEnd, Verifier } from '../core/verifier.ts';
import { HeldError } from './held-error.ts';

export interface BodySource {
  pause(): void;
  resume(): void;
  /** The reader has given up before the body ended. */
  cancel(): void;
}

export interface ReceivedBodyOptions {
  source: BodySource;
  verifier: Verifier;
  require: Require;
  /** Whether the head's Trailer field named X-Stream-Status. */
  isAnnounced: boolean;
}

export class ReceivedBody extends Readable {
  /** Settles with the conclusion when the body has ended, however it did. Never rejects. */
  readonly verdict: Promise<Verdict>;
  readonly #options: ReceivedBodyOptions;
  readonly #heldError = new HeldError();
  #settle!: (verdict: Verdict) => void;
  #hasEnded = false;

  constructor(options: ReceivedBodyOptions) {
    super();
    this.#options = options;
    this.verdict = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** The next content. */
  deliver(data: Uint8Array): void {
    const { source, verifier } = this.#options;
    verifier.update(data);
    if (!this.push(data)) source.pause();
  }

  /** The body has ended: judges it, and ends or fails the stream once what came has been read. */
  conclude(framing: FramingEnd): Verdict {
    const { verifier, require, isAnnounced } = this.#options;
    const verdict = verifier.end(framing);
    if (this.#hasEnded) return verdict;
    this.#hasEnded = true;
    this.#settle(verdict);
    const error = streamErrorFor(verdict, require, isAnnounced);
    if (error === undefined) this.push(null);
    else this.#heldError.hold(this, error);
    return verdict;
  }

  override read(size?: number): Buffer | null {
    const data = super.read(size);
    this.#heldError.release(this);
    return data;
  }

  override _read(): void {
    if (!this.#hasEnded) this.#options.source.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.#hasEnded) {
      this.#hasEnded = true;
      const message = 'The receiver gave up before the body ended';
      this.#settle(this.#options.verifier.end({ error: { code: 'ERR_STREAM_TRUNCATED', message } }));
      this.#options.source.cancel();
    }
    callback(error);
  }
}
