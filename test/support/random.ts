/** Numbers that look random and come again for the same seed, so that a failure can be run once more. */

/** A generator of numbers from 0 up to, not including, 1: mulberry32. */
export function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Choices drawn from mulberry32. */
export class Random {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = mulberry32(seed);
  }

  /** An integer from 0 to below `bound`. */
  below(bound: number): number {
    return Math.floor(this.#next() * bound);
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  /** Up to `maxLength` characters out of `alphabet`. */
  text(alphabet: string, maxLength: number): string {
    let text = '';
    for (let left = this.below(maxLength + 1); left > 0; left--) text += alphabet[this.below(alphabet.length)];
    return text;
  }
}

/** A seed that nobody has chosen, unless `SEED` in the environment does. It is for the caller to print. */
export function freshSeed(): number {
  const { SEED } = process.env;
  if (SEED === undefined) return Math.floor(Math.random() * 2 ** 32);
  const seed = Number(SEED);
  if (!Number.isInteger(seed)) throw new TypeError(`SEED must be an integer, not ${SEED}`);
  return seed;
}
