/**
 * The sources that are piped into a Writable. `pipe` does not tell its destination that a source has failed: whoever waits
 * for the end of the body would wait for ever.
 */
import type { Readable, Writable } from 'node:stream';

export class PipedSources {
  readonly #destination: Writable;
  readonly #onLost: (error: Error) => void;
  /** Each with what listens to it. */
  #sources: Map<Readable, () => void> | undefined;

  /** @param onLost told of a source that has closed before its end */
  constructor(destination: Writable, onLost: (error: Error) => void) {
    this.#destination = destination;
    this.#onLost = onLost;
  }

  /** Hears of them itself, from now on. */
  listen(): this {
    this.#destination.on('pipe', (source: Readable) => this.add(source));
    this.#destination.on('unpipe', (source: Readable) => this.drop(source));
    return this;
  }

  /** This one is piped in. */
  add(source: Readable): void {
    const onClose = () => {
      if (source.readableEnded || !this.#sources?.has(source)) return;
      this.#onLost(source.errored ?? new Error('The source was destroyed before its end'));
    };
    this.#sources ??= new Map();
    this.#sources.set(source, onClose);
    source.once('close', onClose);
    if (source.closed) process.nextTick(onClose); // as `pipe` tells of one that has ended
    // A stream of the old kind does not know later that it has ended.
    if (source.readableEnded === undefined) source.once('end', () => this.drop(source));
  }

  /** This one is not any more. */
  drop(source: Readable): void {
    const onClose = this.#sources?.get(source);
    if (onClose === undefined) return;
    this.#sources!.delete(source);
    source.off('close', onClose);
  }

  /** What one of them has failed with. */
  get errored(): Error | undefined {
    for (const { errored } of this.#sources?.keys() ?? []) if (errored) return errored;
    return undefined;
  }

  /** Takes them all off the destination. */
  unpipe(): void {
    for (const source of [...(this.#sources?.keys() ?? [])]) source.unpipe(this.#destination);
  }

  /** What becomes of them is of no interest any more. */
  forget(): void {
    for (const [source, onClose] of this.#sources ?? []) source.off('close', onClose);
    this.#sources = undefined;
  }
}
