/**
 * The bounds in time of one body that is received: on its silence, and on the whole of it. The timers hold no process: the
 * socket does, unless it was unref'd.
 */
import { FramingError } from '../../core/errors.ts';
import type { BodyTimeouts } from '../timeouts.ts';

export class BodyTimer {
  readonly #idle: IdleTimer;
  readonly #onTotal: () => void;
  readonly #totalTimeout: number;
  #total: NodeJS.Timeout | undefined;

  constructor({ idle, total }: BodyTimeouts, onTimeout: (error: FramingError) => void) {
    const timeOut = (message: string) => onTimeout(new FramingError('ERR_FRAMING_TIMEOUT', message));
    this.#idle = new IdleTimer(idle, () => timeOut(`No byte came for ${idle} ms`));
    this.#onTotal = () => timeOut(`The body was not whole after ${total} ms`);
    this.#totalTimeout = total;
  }

  /** The peer is waited for. The first time, the body begins. */
  start(): void {
    this.#idle.start();
    if (this.#totalTimeout > 0) this.#total ??= setTimeout(this.#onTotal, this.#totalTimeout).unref();
  }

  /** Something came. */
  refresh(): void {
    this.#idle.refresh();
  }

  /** The reader is waited for. */
  pause(): void {
    this.#idle.stop();
  }

  /** The body is over. */
  stop(): void {
    this.#idle.stop();
    clearTimeout(this.#total);
  }
}

/** A bound on silence that can be lifted while it is not the peer that makes us wait. */
export class IdleTimer {
  readonly milliseconds: number;
  readonly #onIdle: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param milliseconds 0 for no bound */
  constructor(milliseconds: number, onIdle: () => void) {
    this.milliseconds = milliseconds;
    this.#onIdle = onIdle;
  }

  start(): void {
    if (this.milliseconds > 0) this.#timer ??= setTimeout(this.#onIdle, this.milliseconds).unref();
  }

  /** Something came. */
  refresh(): void {
    this.#timer?.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
