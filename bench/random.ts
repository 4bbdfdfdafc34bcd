/** The generator of every fixture: the LCG of Numerical Recipes (Press et al., §7.1), the same numbers on every machine. */

/** Whole numbers below 2^32, one a call. The high bits are the good ones. */
export function seededNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state;
  };
}

/** One of the whole numbers from `from` to `to`, both among them. */
export function pickBetween(next: () => number, from: number, to: number): number {
  return from + Math.floor((next() / 2 ** 32) * (to - from + 1));
}
