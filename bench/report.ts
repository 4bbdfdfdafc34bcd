/** One table of results, ready to be joined with others: a section of results.md, its ratios, and its bars. */
export interface Section {
  name: string;
  markdown: string;
  ratios: Ratio[];
  charts: Chart[];
}

/** One side's speed over the other's, or whatever else the project wants a number of. */
export interface Ratio {
  /** Stable over runs: suite/size/peer, say `decode/16/node-parser`. */
  id: string;
  value: number;
  /** What the project wants, where it wants something. */
  atLeast?: number;
  atMost?: number;
}

export interface Chart {
  title: string;
  unit: string;
  groups: { label: string; bars: { label: string; value: number }[] }[];
}
