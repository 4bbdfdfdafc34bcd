/**
 * The way of one body from a socket to its reader, with backpressure, a bound on silence, and a decision at its end: the
 * socket goes back to the caller, or is destroyed.
 */
import type { Socket } from 'node:net';
import { StreamError } from '../core/errors.ts';
import type { FramingError } from '../core/verdict.ts';
import type { BodyReader } from './body-framing.ts';
import { IdleTimer } from './idle-timer.ts';
import type { BodySource, ReceivedBody } from './received-body.ts';

export class Transfer implements BodySource {
  readonly #socket: Socket;
  readonly #idleTimer: IdleTimer;
  readonly #isPersistent: boolean;
  readonly #release: () => void;
  #reader!: BodyReader;
  #body!: ReceivedBody;
  #isOver = false;

  /** @param release to be called when no more is read from the socket */
  constructor(socket: Socket, idleTimeout: number, isPersistent: boolean, release: () => void) {
    this.#socket = socket;
    this.#idleTimer = new IdleTimer(idleTimeout, () => {
      this.#conclude(truncation('ERR_STREAM_TIMEOUT', `No octet came for ${idleTimeout} ms`));
    });
    this.#isPersistent = isPersistent;
    this.#release = release;
  }

  start(reader: BodyReader, body: ReceivedBody): void {
    this.#reader = reader;
    this.#body = body;
    if (reader.done || reader.error !== undefined) return this.#conclude(reader.error);
    this.#socket.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onLost).on('close', this.#onLost);
    this.resume();
    if (this.#socket.destroyed) this.#onLost(this.#socket.errored ?? undefined);
    else if (this.#socket.readableEnded) this.#onEnd();
  }

  pause(): void {
    this.#socket.pause();
    this.#idleTimer.stop();
  }

  resume(): void {
    if (this.#isOver) return;
    this.#idleTimer.start();
    this.#socket.resume();
  }

  cancel(): void {
    this.#detach();
    this.#socket.destroy();
  }

  readonly #onData = (data: Buffer): void => {
    this.#idleTimer.refresh();
    this.#reader.write(data);
    if (this.#reader.done || this.#reader.error !== undefined) this.#conclude(this.#reader.error);
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
    this.#conclude(truncation('ERR_STREAM_TRUNCATED', message, cause, offset));
  };

  #conclude(error: FramingError | undefined): void {
    if (this.#isOver) return;
    this.#detach();
    const { rawTrailers, abortReason, rest } = this.#reader;
    const { kind } = this.#body.conclude({ error, abortReason, rawTrailers });
    const isWhole = error === undefined && kind !== 'mismatch';
    if (!isWhole || !this.#isPersistent || this.#socket.readableEnded) this.#socket.destroy();
    else if (rest.length > 0) this.#socket.unshift(rest);
  }

  #detach(): void {
    this.#isOver = true;
    this.#idleTimer.stop();
    this.#socket
      .off('data', this.#onData)
      .off('end', this.#onEnd)
      .off('error', this.#onLost)
      .off('close', this.#onLost);
    this.#socket.pause();
    this.#release();
  }
}

function truncation(
  code: 'ERR_STREAM_TRUNCATED' | 'ERR_STREAM_TIMEOUT',
  message: string,
  cause?: unknown,
  offset?: number,
): StreamError {
  return new StreamError(code, message, { cause, ...(offset !== undefined && { offset }) });
}
