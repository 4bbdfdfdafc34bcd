/**
 * A Readable of content that ends only on a good verdict: otherwise it is destroyed with a StreamError, so `pipeline`,
 * `finished`, `for await` and 'error' all see it. Where the octets come from, and what becomes of that, is the
 * business of the `BodySource`.
 */
import { Readable } from 'node:stream';
import type { Require } from '../../core/outcome.ts';
import type { Verdict } from '../../core/verdict.ts';
import type { FramingEnd, Verifier } from '../../core/verifier.ts';
import { Judgement } from './end-on-verdict.ts';

export interface BodySource {
  pause(): void;
  resume(): void;
  /** The reader has given up before the body ended. */
  cancel(): void;
  /** Octets that came behind the message, where that can be told. */
  readonly leftoverBytes?: number;
}

export interface ReceivedBodyOptions {
  source: BodySource;
  verifier: Verifier;
  require: Require;
  /** Whether the head's Trailer field named X-Stream-Status. */
  isAnnounced: boolean;
}

export class ReceivedBody extends Readable {
  readonly #source: BodySource;
  readonly #verifier: Verifier;
  readonly #judgement: Judgement;

  constructor({ source, verifier, require, isAnnounced }: ReceivedBodyOptions) {
    super();
    this.#source = source;
    this.#verifier = verifier;
    this.#judgement = new Judgement(this, verifier, require, isAnnounced);
  }

  /** Settles with the conclusion when the body has ended, however it did. Never rejects. */
  get verdict(): Promise<Verdict> {
    return this.#judgement.verdict;
  }

  /**
   * Octets that `receive` found behind the message when its body ended; 0 until then, and under `verify`, where Node's
   * parser deals with them. If no further request had been sent, nobody asked for them: see `receive`.
   */
  get leftoverBytes(): number {
    return this.#source.leftoverBytes ?? 0;
  }

  /** The next content. */
  deliver(data: Uint8Array): void {
    if (this.destroyed) return; // in the middle of what came in one piece
    this.#verifier.update(data);
    if (!this.push(data)) this.#source.pause();
  }

  /** The body has ended. */
  conclude(framing: FramingEnd): Verdict {
    return this.#judgement.conclude(framing);
  }

  override read(size?: number): ReturnType<Readable['read']> {
    return this.#judgement.read((n) => super.read(n), size);
  }

  override _read(): void {
    if (!this.#judgement.isSettled) this.#source.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (this.#judgement.abandon()) this.#source.cancel();
    // A body that nobody reads may fail before anybody listens: the verdict tells it all the same.
    callback(this.listenerCount('error') > 0 ? error : null);
  }
}
