/** What a child tells its parent, a line of JSON each: its absence, or one measurement after another. */

/** One shape, as one implementation did it. */
export interface Measurement {
  title: string;
  /** Octets of content, without the framing. */
  bytesPerSecond: number;
  /** The relative margin of error of Benchmark.js, at 95 % confidence. */
  errorPercent: number;
  samples: number;
}

export interface Absence {
  absence: string;
}

export type Report = Measurement | Absence;

/** What came of one implementation. */
export interface Outcome {
  implementation: string;
  absence?: string;
  measurements: Measurement[];
}

/** The names of a suite and an implementation, and for how many seconds to sample each case. */
export interface Task {
  suite: string;
  implementation: string;
  maxTime: number;
}
