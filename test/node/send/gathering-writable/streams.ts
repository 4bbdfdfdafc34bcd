/**
 * A GatheringWritable, a plain Writable, and what Node's own means make of gathering: a Writable with `_writev` that
 * is corked while a tick lasts. Strategy: each has the same sink, which keeps the views that it is given and calls
 * back when the test says so.
 */
import { Writable } from 'node:stream';
import { GatheringWritable, type WriteCallback } from '../../../../src/node/send/gathering-writable.ts';
import type { OutgoingContent } from '../../../../src/node/send/outgoing-content.ts';
import { MAX_WAITING_BYTES } from '../../../../src/node/send/outgoing-content.ts';

export const HIGH = MAX_WAITING_BYTES;
export const turn = () => new Promise(setImmediate);

/** When a sink calls back by itself; `held`: when the test says so. */
export const COMPLETIONS = ['at once', 'in a tick', 'later', 'held'] as const;
type Completion = (typeof COMPLETIONS)[number];

/** Keeps the views that it gets until it calls back, and takes the content out of them only then. */
export class Sink {
  completion: Completion = 'held';
  readonly content: Buffer[] = [];
  readonly #held: { pieces: readonly Uint8Array[]; callback: WriteCallback }[] = [];

  take(pieces: readonly Uint8Array[], callback: WriteCallback): void {
    this.#held.push({ pieces, callback });
    if (this.completion === 'at once') this.complete();
    if (this.completion === 'in a tick') process.nextTick(() => this.complete());
    if (this.completion === 'later') setImmediate(() => this.complete());
  }

  get isBusy(): boolean {
    return this.#held.length > 0;
  }

  complete(error?: Error): void {
    const held = this.#held.shift();
    if (held === undefined) return;
    if (!error) this.content.push(Buffer.concat(held.pieces));
    held.callback(error);
  }

  /** Completes all there is and will be. */
  async settle(): Promise<void> {
    await turn();
    while (this.isBusy) {
      this.complete();
      await turn();
    }
    await turn();
  }
}

export class Gathering extends GatheringWritable {
  readonly sink: Sink;

  constructor(sink = new Sink()) {
    super();
    this.sink = sink;
  }

  protected override sendContent(content: OutgoingContent, onSent: WriteCallback): void {
    this.sink.take(content.pieces(), (error) => {
      content.release();
      onSent(error);
    });
  }
}

export class Plain extends Writable {
  readonly sink: Sink;

  constructor(sink = new Sink()) {
    super({ highWaterMark: HIGH });
    this.sink = sink;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: WriteCallback): void {
    this.sink.take([chunk], callback);
  }

  /** A GatheringWritable has an end to send; Writable emits other events without. */
  override _final(callback: WriteCallback): void {
    callback();
  }
}

/** Corked from the first write of a tick to its end, to the write that fills it, or to an uncork() of the application. */
export class Corked extends Writable {
  readonly sink: Sink;
  #isCorked = false;

  constructor(sink = new Sink()) {
    super({ highWaterMark: HIGH });
    this.sink = sink;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: WriteCallback): void {
    this.sink.take([chunk], callback);
  }

  override _writev(chunks: { chunk: Buffer }[], callback: WriteCallback): void {
    this.sink.take(
      chunks.map(({ chunk }) => chunk),
      callback,
    );
  }

  override _final(callback: WriteCallback): void {
    callback();
  }

  override write(...parameters: unknown[]): boolean {
    if (!this.#isCorked && !this.sink.isBusy && this.writable) {
      this.#isCorked = true;
      this.cork();
      process.nextTick(() => this.#uncork());
    }
    const result = (super.write as (...parameters: unknown[]) => boolean)(...parameters);
    if (this.writableLength >= HIGH) this.#uncork();
    return result;
  }

  override uncork(): void {
    this.#uncork();
    super.uncork();
  }

  #uncork(): void {
    const isCorked = this.#isCorked;
    this.#isCorked = false;
    if (isCorked) super.uncork();
  }
}
