/**
 * The readable side of a pair: what the writable side puts out, and has to wait for.
 *
 * A TransformStream will not do. When its writable side is aborted, or what it does throws, it drops what has not been
 * read and errors at once; here an end comes behind all data, whichever end it is. As with a TransformStream, nothing is
 * taken in before the reader asks for data (a high-water mark of 0), so a reader that stops holds the whole pipe.
 */
export class HeldReadable {
  readonly readable: ReadableStream<Uint8Array>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #isWanted = false;
  #isHurried = false;
  #isOver = false;
  #heldError: { error: unknown } | undefined;
  #wake: () => void = () => {};

  /** @param onCancel nobody reads any more */
  constructor(onCancel: (reason: unknown) => void) {
    this.readable = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#onPull(),
        cancel: (reason) => {
          this.#isOver = true;
          this.#wake();
          onCancel(reason);
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Whether nothing more can be put out. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Until there is a use for more data, or nothing to wait for any more. One waits at a time. */
  async wanted(): Promise<void> {
    if (this.#isWanted || this.#isHurried || this.#isOver) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  /** From now on, what is still to be put out does not wait for the reader. */
  hurry(): void {
    this.#isHurried = true;
    this.#wake();
  }

  /** An abort of the writable side waits for a write that is under way: let that wait for nobody. */
  hurryOnAbort(sink: object): void {
    const { signal } = sink as { signal?: AbortSignal }; // not in the types of Node 20, nor in older browsers
    signal?.addEventListener('abort', () => this.hurry());
  }

  enqueue(data: Uint8Array): void {
    if (this.#isOver || data.length === 0) return;
    this.#isWanted = false; // before: the reader may ask at once for more
    this.#controller.enqueue(data);
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller.close();
    this.#wake();
  }

  /** Errors the readable side, once what has been put out has been read. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#controller.desiredSize === 0) this.#controller.error(error);
    else this.#heldError = { error };
    this.#wake();
  }

  /** The reader waits: nothing is queued. */
  #onPull(): void {
    if (this.#heldError !== undefined) return this.#controller.error(this.#heldError.error);
    this.#isWanted = true;
    this.#wake();
  }
}
