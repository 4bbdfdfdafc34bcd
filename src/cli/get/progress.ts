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
    const columns = (process.stderr.columns || 80) - 1;
    const lines = this.#lines();
    process.stderr.write(`\r\x1b[K${lines.find((line) => line.length <= columns) ?? ''}`);
  }

  /** The same in ever fewer words: `12.3 MB in 4.5 s (2.7 MB/s), 45 % of 27.3 MB, 5.5 s left` down to `45 %`. */
  #lines(): string[] {
    const { bytes, total } = this.#now;
    const summary = this.summary();
    if (total === undefined || total === 0 || bytes > total) return [summary, formatBytes(bytes)]; // a hint may be wrong
    const percent = `${Math.floor((100 * bytes) / total)} %`;
    const share = `${percent} of ${formatBytes(total)}`;
    const left = this.#rate === 0 ? '' : `, ${formatTime((1000 * (total - bytes)) / this.#rate)} left`;
    return [`${summary}, ${share}${left}`, `${share}${left}`, share, percent];
  }
}
