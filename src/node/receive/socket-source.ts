/**
 * The way of one body from a socket to its reader, with backpressure, bounds in time, and a decision at its end: the socket
 * goes back to the caller, or is destroyed.
 */
import type { Socket } from 'node:net';
import { brokenOff, FramingError } from '../../core/errors.ts';
import { readsForOne } from '../socket-use.ts';
import type { BodyTimeouts } from '../timeouts.ts';
import type { BodyReader } from './body-reader.ts';
import type { BodySink } from './received-body.ts';
import { StreamSource } from './stream-source.ts';

export interface SocketSourceOptions {
  timeouts: BodyTimeouts;
  /** Whether the connection may carry another message after this one. */
  isPersistent: boolean;
  /** Called when no more is read from the socket. */
  release: () => void;
}

export class SocketSource extends StreamSource<Socket> {
  readonly #isPersistent: boolean;
  readonly #release: () => void;
  readonly #reader: BodyReader;
  readonly #sink: BodySink;
  /** Whether nobody else has seen what the socket reads: one that listens once has left when we are called. */
  #isAlone = true;
  /** Octets that came behind the message, together with its end. */
  leftoverBytes = 0;

  constructor(socket: Socket, reader: BodyReader, sink: BodySink, options: SocketSourceOptions) {
    const { timeouts, isPersistent, release } = options;
    super(socket, timeouts);
    this.#reader = reader;
    this.#sink = sink;
    this.#isPersistent = isPersistent;
    this.#release = release;
  }

  start(): void {
    const reader = this.#reader;
    if (reader.done || reader.error !== undefined) return this.conclude(reader.error);
    this.#isAlone = this.stream.listenerCount('data') === 0;
    this.stream
      .on('data', this.#onData)
      .on('newListener', this.#onListener)
      .on('end', this.#onEnd)
      .on('error', this.#onLost)
      .on('close', this.#onLost);
    this.resume();
    if (this.stream.destroyed) this.#onLost(this.stream.errored ?? undefined);
    else if (this.stream.readableEnded) this.#onEnd();
  }

  readonly #onData = (data: Buffer): void => {
    this.timer.refresh();
    this.#reader.write(data, this.#isAlone && readsForOne(this.stream));
    if (this.#reader.done || this.#reader.error !== undefined) this.conclude(this.#reader.error);
  };

  readonly #onListener = (event: string | symbol): void => {
    if (event === 'data') this.#isAlone = false;
  };

  readonly #onEnd = (): void => {
    this.#reader.end();
    this.conclude(this.#reader.error);
  };

  /** The connection is gone without FIN. */
  readonly #onLost = (cause?: unknown): void => {
    this.#reader.end();
    const lost = brokenOff('The connection was lost', cause);
    const { message = lost.message, offset } = this.#reader.error ?? {};
    this.conclude(new FramingError('ERR_FRAMING_TRUNCATED', message, { cause, offset }));
  };

  protected conclude(error: FramingError | undefined): void {
    if (this.isOver) return;
    this.detach();
    const { rawTrailers, abortReason, rest } = this.#reader;
    this.leftoverBytes = rest.length + this.stream.readableLength;
    const { kind } = this.#sink.conclude({ error, abortReason, rawTrailers });
    const isWhole = error === undefined && kind !== 'mismatch';
    if (!isWhole || !this.#isPersistent || this.stream.readableEnded) this.stream.destroy();
    else if (rest.length > 0) this.stream.unshift(rest);
  }

  protected override detach(): void {
    super.detach();
    this.stream
      .off('newListener', this.#onListener)
      .off('data', this.#onData)
      .off('end', this.#onEnd)
      .off('error', this.#onLost)
      .off('close', this.#onLost);
    this.stream.pause();
    this.#release();
  }
}
