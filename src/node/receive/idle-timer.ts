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
    if (this.milliseconds > 0) this.#timer ??= setTimeout(this.#onIdle, this.milliseconds);
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
