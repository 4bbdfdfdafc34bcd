/** What a child tells its parent, a line of JSON each: its absence, or one measurement after another. */

/** One shape, as one implementation did it. */
export interface Measurement {
  /** The shape's name. */
  shape: string;
  /** Seconds of CPU time for an octet, a number a sample. */
  samples: number[];
}

export interface Absence {
  absence: string;
}

export type Report = Measurement | Absence;

/** What came of one implementation, over all rounds. */
export interface Outcome {
  implementation: string;
  absence?: string;
  measurements: Measurement[];
}

/** The names of a suite and an implementation, and for how many seconds to sample each shape. */
export interface Task {
  suite: string;
  implementation: string;
  maxTime: number;
}

/**
 * The best sample: what disturbs a sample (another process, a throttled core) only ever makes it longer. Every ratio is
 * made of two of these.
 */
export function bestOf(samples: readonly number[]): number {
  return Math.min(...samples);
}

export function medianOf(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
