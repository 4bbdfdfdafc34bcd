/**
 * How a stream of received content ends, whatever it is received by: the verdict is settled once, and the stream ends
 * or fails accordingly.
 *
 * Data is provisional until the verdict, yet it is the reader's: an error that ends the body waits until what came
 * before it has been read. (`destroy` alone would throw away what the stream still holds.)
 */
import type { Readable } from 'node:stream';
import type { BodyError, Verdict } from '../../core/verdict.ts';
import type { FramingEnd, Verifier } from '../../core/verifier.ts';
import { type BodyFacts, publishVerdict } from '../diagnostics.ts';

export class EndOnVerdict {
  /** Settles once, and never rejects. */
  readonly verdict: Promise<Verdict>;
  readonly #stream: Readable;
  readonly #verifier: Verifier;
  readonly #factsOf: () => BodyFacts;
  #settle!: (verdict: Verdict) => void;
  #isSettled = false;
  #heldError: BodyError | undefined;

  constructor(stream: Readable, verifier: Verifier, factsOf: () => BodyFacts) {
    this.#stream = stream;
    this.#verifier = verifier;
    this.#factsOf = factsOf;
    this.verdict = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Whether the stream is going to fail rather than end. */
  get isFailing(): boolean {
    return this.#heldError !== undefined;
  }

  /** The body has ended: ends the stream, or fails it once what came has been read. */
  conclude(framing: FramingEnd): Verdict {
    const { verdict, error } = this.#verifier.conclude(framing);
    if (this.#isSettled) return verdict;
    this.#publish(verdict);
    this.#heldError = error;
    if (error === undefined) this.#stream.push(null);
    else if (this.#stream.readableLength > 0)
      process.nextTick(() => this.#stream.emit('readable')); // for read(n), n too large
    else process.nextTick(() => this.#failIfRead()); // who has awaited the body is to listen first
    return verdict;
  }

  /** The stream has been destroyed. @returns whether the body had not ended before */
  abandon(): boolean {
    if (this.#isSettled) return false;
    this.#publish(this.#verifier.abandon());
    return true;
  }

  /**
   * To be called in place of the stream's `read`. Before a failure, what is left is given out even if it is less than
   * was asked for, as it is before an end.
   */
  read(read: (size?: number) => Buffer | null, size: number | undefined): Buffer | null {
    let data = read(size);
    if (this.#heldError === undefined) return data;
    if (data === null && size !== 0) data = read();
    this.#failIfRead();
    return data;
  }

  #publish(verdict: Verdict): void {
    this.#isSettled = true;
    this.#settle(verdict);
    publishVerdict(verdict, this.#factsOf, this.#stream);
  }

  #failIfRead(): void {
    if (this.#stream.readableLength === 0) this.#stream.destroy(this.#heldError);
  }
}
