/**
 * The body as its reader has it. Where the content comes from, and what becomes of that, is the business of a
 * `BodySource`. Only the source has the way in: whoever holds the body cannot put anything into it.
 */
import { Readable } from 'node:stream';
import type { Verdict } from '../../core/verdict.ts';
import type { FramingEnd, Verifier } from '../../core/verifier.ts';
import type { BodyFacts } from '../diagnostics.ts';
import { EndOnVerdict } from './end-on-verdict.ts';

/** Where the content of one body comes from. */
export interface BodySource {
  pause(): void;
  resume(): void;
  /** The reader has given up before the body ended. */
  cancel(): void;
  /** Bytes that came after the message, where that can be told. */
  readonly leftoverBytes?: number;
}

/** The way into one body. */
export interface BodySink {
  /** The next content. */
  deliver(data: Uint8Array): void;
  /** The body has ended. */
  conclude(framing: FramingEnd): Verdict;
}

/**
 * A Readable of content that ends only on a good verdict: otherwise it is destroyed with a BodyError, so `pipeline`,
 * `finished`, `for await` and 'error' all see it.
 */
export class ReceivedBody extends Readable {
  readonly #source: BodySource;
  readonly #end: EndOnVerdict;

  /**
   * @param connect makes the source, which keeps the way in to itself
   * @param factsOf what is told with the verdict
   */
  constructor(verifier: Verifier, connect: (sink: BodySink) => BodySource, factsOf: () => BodyFacts) {
    super();
    this.#end = new EndOnVerdict(this, verifier, factsOf);
    this.#source = connect({
      deliver: (data) => {
        if (this.destroyed) return; // in the middle of what came in one piece
        verifier.update(data);
        if (!this.push(data)) this.#source.pause();
      },
      conclude: (framing) => this.#end.conclude(framing),
    });
  }

  /** Settles with the conclusion when the body has ended, however it did. Never rejects. */
  get verdict(): Promise<Verdict> {
    return this.#end.verdict;
  }

  /**
   * Bytes that `receive` found after the message when its body ended; 0 until then, and under `verify`, where Node's
   * parser deals with them. If no further request had been sent, nobody asked for them: see `receive`.
   */
  get leftoverBytes(): number {
    return this.#source.leftoverBytes ?? 0;
  }

  override read(size?: number): ReturnType<Readable['read']> {
    return this.#end.read((n) => super.read(n), size);
  }

  override _read(): void {
    if (!this.#end.isSettled) this.#source.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (this.#end.abandon()) this.#source.cancel();
    // A body that nobody reads may fail before anybody listens: the verdict tells it all the same. A listener may still come
    // in this tick, as with any Readable.
    process.nextTick(() => callback(this.listenerCount('error') > 0 ? error : null));
  }
}
