/**
 * An AbortSignal that destroys a stream. One listener for all streams of a signal: an application gives the same one to
 * every response, and Node 20 warns of the eleventh listener.
 */
import { addAbortSignal, type Readable, type Writable } from 'node:stream';

/** What follows a signal; it listens while there is any. */
class Followers {
  readonly #signal: AbortSignal;
  readonly #controllers = new Set<AbortController>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(stream: Readable | Writable): void {
    const controller = new AbortController();
    addAbortSignal(controller.signal, stream);
    if (this.#controllers.size === 0) this.#signal.addEventListener('abort', this.#onAbort);
    this.#controllers.add(controller);
    stream.once('close', () => {
      this.#controllers.delete(controller);
      if (this.#controllers.size === 0) this.#signal.removeEventListener('abort', this.#onAbort);
    });
  }

  readonly #onAbort = (): void => {
    for (const controller of [...this.#controllers]) controller.abort(this.#signal.reason);
  };
}

const followers = new WeakMap<AbortSignal, Followers>();

/**
 * The stream is destroyed with an AbortError whose cause is the signal's reason. Not before it has been handed over: a
 * signal that has been aborted already would leave nobody to listen, and `pipeline` a stream that it refuses.
 */
export function destroyOnAbort(signal: AbortSignal | undefined, stream: Readable | Writable): void {
  if (signal === undefined) return;
  if (signal.aborted) return void process.nextTick(() => addAbortSignal(signal, stream));
  let all = followers.get(signal);
  if (all === undefined) {
    all = new Followers(signal);
    followers.set(signal, all);
  }
  all.add(stream);
}
