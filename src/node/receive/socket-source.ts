/**
 * The way of one body from a socket to its reader, with backpressure, bounds in time, and a decision at its end: the socket
 * goes back to the caller, or is destroyed.
 */
import type { Socket } from 'node:net';
import { FramingError } from '../../core/errors.ts';
import { readsForOne } from '../socket-use.ts';
import type { BodyTimeouts } from '../timeouts.ts';
import type { BodyReader } from './body-reader.ts';
import { BodyTimer } from './body-timer.ts';
import type { BodySink, BodySource } from './received-body.ts';

export interface SocketSourceOptions {
  timeouts: BodyTimeouts;
  /** Whether the connection may carry another message after this one. */
  isPersistent: boolean;
  /** Called when no more is read from the socket. */
  release: () => void;
}

export class SocketSource implements BodySource {
  readonly #socket: Socket;
  readonly #timer: BodyTimer;
  readonly #isPersistent: boolean;
  readonly #release: () => void;
  readonly #reader: BodyReader;
  readonly #sink: BodySink;
  #isOver = false;
  /** Whether nobody else has seen what the socket reads: one that listens once has left when we are called. */
  #isAlone = true;
  /** Octets that came behind the message, together with its end. */
  leftoverBytes = 0;

  constructor(socket: Socket, reader: BodyReader, sink: BodySink, options: SocketSourceOptions) {
    const { timeouts, isPersistent, release } = options;
    this.#socket = socket;
    this.#reader = reader;
    this.#sink = sink;
    this.#timer = new BodyTimer(timeouts, (error) => this.#conclude(error));
    this.#isPersistent = isPersistent;
    this.#release = release;
  }

  start(): void {
    const reader = this.#reader;
    if (reader.done || reader.error !== undefined) return this.#conclude(reader.error);
    this.#isAlone = this.#socket.listenerCount('data') === 0;
    this.#socket
      .on('data', this.#onData)
      .on('newListener', this.#onListener)
      .on('end', this.#onEnd)
      .on('error', this.#onLost)
      .on('close', this.#onLost);
    this.resume();
    if (this.#socket.destroyed) this.#onLost(this.#socket.errored ?? undefined);
    else if (this.#socket.readableEnded) this.#onEnd();
  }

  pause(): void {
    this.#socket.pause();
    this.#timer.pause();
  }

  resume(): void {
    if (this.#isOver) return;
    this.#timer.start();
    this.#socket.resume();
  }

  cancel(): void {
    this.#detach();
    this.#socket.destroy();
  }

  readonly #onData = (data: Buffer): void => {
    this.#timer.refresh();
    this.#reader.write(data, this.#isAlone && readsForOne(this.#socket));
    if (this.#reader.done || this.#reader.error !== undefined) this.#conclude(this.#reader.error);
  };

  readonly #onListener = (event: string | symbol): void => {
    if (event === 'data') this.#isAlone = false;
  };

  readonly #onEnd = (): void => {
    this.#reader.end();
    this.#conclude(this.#reader.error);
  };

  /** The connection is gone without FIN. */
  readonly #onLost = (cause?: unknown): void => {
    this.#reader.end();
    const lost = cause instanceof Error ? `The connection was lost: ${cause.message}` : 'The connection was lost';
    const { message = lost, offset } = this.#reader.error ?? {};
    this.#conclude(
      new FramingError('ERR_FRAMING_TRUNCATED', message, { cause, ...(offset !== undefined && { offset }) }),
    );
  };

  #conclude(error: FramingError | undefined): void {
    if (this.#isOver) return;
    this.#detach();
    const { rawTrailers, abortReason, rest } = this.#reader;
    this.leftoverBytes = rest.length + this.#socket.readableLength;
    const { kind } = this.#sink.conclude({ error, abortReason, rawTrailers });
    const isWhole = error === undefined && kind !== 'mismatch';
    if (!isWhole || !this.#isPersistent || this.#socket.readableEnded) this.#socket.destroy();
    else if (rest.length > 0) this.#socket.unshift(rest);
  }

  #detach(): void {
    this.#isOver = true;
    this.#timer.stop();
    this.#socket
      .off('newListener', this.#onListener)
      .off('data', this.#onData)
      .off('end', this.#onEnd)
      .off('error', this.#onLost)
      .off('close', this.#onLost);
    this.#socket.pause();
    this.#release();
  }
}
