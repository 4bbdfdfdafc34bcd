/** A line on a terminal that says how far a download is: octets, rate, elapsed time. Nothing where there is none. */
import { Transform } from 'node:stream';
import { formatBytes, formatTime } from '../terminal.ts';

const INTERVAL = 200;

export class Progress {
  readonly #isShown: boolean;
  readonly #start = performance.now();
  #timer: NodeJS.Timeout | undefined;
  bytes = 0;

  constructor(isShown: boolean) {
    this.#isShown = isShown;
    if (isShown) this.#timer = setInterval(() => this.#draw(), INTERVAL).unref();
  }

  /** Counts what passes. */
  counter(): Transform {
    return new Transform({
      transform: (data: Buffer, _encoding, callback) => {
        this.bytes += data.length;
        callback(null, data);
      },
    });
  }

  /** Clears the line. */
  stop(): void {
    clearInterval(this.#timer);
    if (this.#isShown) process.stderr.write('\r\x1b[K');
  }

  /** `12.3 MB in 4.5 s (2.7 MB/s)` */
  summary(): string {
    const milliseconds = performance.now() - this.#start;
    const rate = formatBytes(this.bytes / Math.max(0.001, milliseconds / 1000));
    return `${formatBytes(this.bytes)} in ${formatTime(milliseconds)} (${rate}/s)`;
  }

  #draw(): void {
    process.stderr.write(`\r\x1b[K${this.summary()}`);
  }
}
