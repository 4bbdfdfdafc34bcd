/** A line of the page: two sides of one job or part, what was wanted of their ratio, and what was measured. */
export interface Row {
  title: string;
  ours: string;
  theirs: string;
  /** What is compared. `speed` is the ratio theirs ÷ ours, `memory` a difference in KiB, the others the ratio ours ÷ theirs. */
  by: 'CPU' | 'time' | 'memory' | 'speed';
  /** A case of the part whose best time is taken off both sides: what they share and neither is measured for. */
  less?: string;
  /** What a difference of memory is divided by. */
  each?: number;
  /** The target of `speed` is at least this; of the others, at most. Undefined for a peer that is only shown. */
  target?: number;
  /** Why the target is not met, in one line. */
  why?: string;
}

export interface Measured extends Row {
  /** From the best run of each side. */
  best: number;
  /** From the median run of each side; for a part, from the means of benchmark.js. */
  median: number;
  /** Their best and ours: `1.2 s`, `3.1 µs`. */
  figures: string;
  /** Of our side, where the target was missed: a file beside the page. */
  profile?: string;
}

export function isMet({ by, target, best }: Measured): boolean | undefined {
  if (target === undefined) return undefined;
  return by === 'speed' ? best >= target : best <= target;
}
