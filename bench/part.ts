/** A benchmark.Suite whose cases are checked before they are timed: each has to hand the right bytes to the sink. */
import Benchmark from 'benchmark';
import type { Measured, Row } from './row.ts';
import { startKeeping, stopKeeping, taken } from './sink.ts';

type Work = () => void | Promise<void>;
/** A parser at work: on the reads of one message. */
export type ParserWork = (reads: Iterable<Buffer>) => void;
/** Seconds that a sample takes at least. Of many short ones the best was not disturbed by other processes. */
Benchmark.options.minTime = 0.005;

/** @types/benchmark leaves its options out. */
type Timed = Benchmark & { options: Benchmark.Options };

export class Part {
  readonly suite: Benchmark.Suite;
  readonly rows: Row[] = [];
  readonly #cases: { title: string; work: Work; expected: Buffer }[] = [];

  constructor(name: string) {
    this.suite = new Benchmark.Suite(name);
  }

  /** @param expected what `work` hands to `take`; a work that returns a promise says so by `isAsync` */
  add(title: string, work: Work, expected: Buffer, isAsync = false): void {
    this.#cases.push({ title, work, expected });
    const deferred = (deferral: { resolve(): void }) => void (work() as Promise<void>).then(() => deferral.resolve());
    this.suite.add(title, isAsync ? deferred : work, { defer: isAsync });
  }

  async check(): Promise<void> {
    for (const { title, work, expected } of this.#cases) {
      startKeeping();
      await work();
      if (!stopKeeping().equals(expected)) throw new Error(`${this.suite.name}: ${title}: the output is wrong`);
    }
  }

  async run(isQuick: boolean, log: (line: string) => void): Promise<Measured[]> {
    await this.check();
    for (const { options } of Array.from(this.suite as unknown as ArrayLike<Timed>)) {
      Object.assign(options, isQuick ? { maxTime: 0.3, minSamples: 3 } : { maxTime: 3 });
    }
    const results = new Map<string, Benchmark>();
    await new Promise<void>((resolve) => {
      this.suite.on('cycle', ({ target }: Benchmark.Event) => {
        results.set(target.name!, target as unknown as Benchmark);
        log(`  ${target}`);
      });
      this.suite.on('complete', () => resolve()).run({ async: true });
    });
    if (taken() === 0) throw new Error(`${this.suite.name}: nothing has come out`);
    return this.rows.map((row) => {
      const statsOf = (title: string) => results.get(title)!.stats;
      const bestOf = ({ sample }: Benchmark.Stats) => Math.min(...sample);
      const less = row.less === undefined ? 0 : bestOf(statsOf(row.less));
      const ratio = (pick: (stats: Benchmark.Stats) => number) => {
        const slower = (pick(statsOf(row.ours)) - less) / (pick(statsOf(row.theirs)) - less);
        return row.by === 'speed' ? 1 / slower : slower;
      };
      const micro = (title: string) => {
        const { mean, moe } = statsOf(title);
        return `${((mean - less) * 1e6).toPrecision(3)} µs ±${((100 * moe) / (mean - less)).toFixed(0)} %`;
      };
      const median = ratio(({ mean }) => mean);
      return { ...row, best: ratio(bestOf), median, figures: `${micro(row.ours)} · ${micro(row.theirs)}` };
    });
  }
}
