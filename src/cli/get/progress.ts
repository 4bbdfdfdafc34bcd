/** A line on a terminal that says how far a download is: bytes, rate, time, and how much is left where that is known. */
import type { DownloadProgress } from '../../files/download/attempt.ts';
import { formatBytes, formatTime } from '../terminal.ts';

const INTERVAL = 200;

export class Progress {
  readonly #isShown: boolean;
  readonly #start = performance.now();
  #timer: NodeJS.Timeout | undefined;
  /** What an earlier run had brought. */
  #startedAt = 0;
  #now: DownloadProgress = { bytes: 0 };

  constructor(isShown: boolean) {
    this.#isShown = isShown;
    if (isShown) this.#timer = setInterval(() => this.#draw(), INTERVAL).unref();
  }

  get bytes(): number {
    return this.#now.bytes;
  }

  show(now: DownloadProgress): void {
    if (this.#now.bytes === 0 && this.#startedAt === 0) this.#startedAt = now.resumedFrom ?? 0;
    this.#now = now;
  }

  /** Clears the line for a message. */
  interrupt(message: () => void): void {
    if (this.#isShown) process.stderr.write('\r\x1b[K');
    message();
  }

  /** Clears the line. */
  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    process.stderr.write('\r\x1b[K');
  }

  /** `12.3 MB in 4.5 s (2.7 MB/s)` */
  summary(): string {
    const came = Math.max(0, this.bytes - this.#startedAt);
    return `${formatBytes(came)} in ${formatTime(this.#elapsed)} (${formatBytes(this.#rate)}/s)`;
  }

  get #elapsed(): number {
    return performance.now() - this.#start;
  }

  /** Bytes a second. */
  get #rate(): number {
    return Math.max(0, this.bytes - this.#startedAt) / Math.max(0.001, this.#elapsed / 1000);
  }

  #draw(): void {
    // A line that wraps could not be cleared.
    const line = `${this.summary()}${this.#left()}`.slice(0, Math.max(1, (process.stderr.columns || 80) - 1));
    process.stderr.write(`\r\x1b[K${line}`);
  }

  /** `, 45 % of 27.3 MB, 5.5 s left` */
  #left(): string {
    const { bytes, total } = this.#now;
    if (total === undefined || total === 0 || bytes > total) return ''; // a hint may be wrong
    const seconds = this.#rate === 0 ? undefined : (total - bytes) / this.#rate;
    const left = seconds === undefined ? '' : `, ${formatTime(1000 * seconds)} left`;
    return `, ${Math.floor((100 * bytes) / total)} % of ${formatBytes(total)}${left}`;
  }
}
