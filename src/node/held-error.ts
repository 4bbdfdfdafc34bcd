/**
 * Data is provisional until the verdict, yet it is the reader's: an error that ends the body waits until what came
 * before it has been read. (`destroy` alone would throw away what the stream still holds.)
 */
import type { Readable } from 'node:stream';

export class HeldError {
  #error: Error | undefined;

  get isHeld(): boolean {
    return this.#error !== undefined;
  }

  hold(stream: Readable, error: Error): void {
    this.#error = error;
    this.release(stream);
  }

  /** To be called whenever data may have been read. */
  release(stream: Readable): void {
    if (this.#error !== undefined && stream.readableLength === 0) stream.destroy(this.#error);
  }
}
