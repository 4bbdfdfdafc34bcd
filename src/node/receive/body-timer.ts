/** The bounds in time of one body that is received: on its silence, and on the whole of it. */
import { FramingError } from '../../core/errors.ts';
import type { BodyTimeouts } from '../timeouts.ts';
import { IdleTimer } from './idle-timer.ts';

export class BodyTimer {
  readonly #idle: IdleTimer;
  readonly #onTotal: () => void;
  readonly #totalTimeout: number;
  #total: NodeJS.Timeout | undefined;

  constructor({ idle, total }: BodyTimeouts, onTimeout: (error: FramingError) => void) {
    const timeOut = (message: string) => onTimeout(new FramingError('ERR_FRAMING_TIMEOUT', message));
    this.#idle = new IdleTimer(idle, () => timeOut(`No octet came for ${idle} ms`));
    this.#onTotal = () => timeOut(`The body was not whole after ${total} ms`);
    this.#totalTimeout = total;
  }

  /** The peer is waited for. The first time, the body begins. */
  start(): void {
    this.#idle.start();
    if (this.#totalTimeout > 0) this.#total ??= setTimeout(this.#onTotal, this.#totalTimeout);
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
