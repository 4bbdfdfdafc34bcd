/** Numbers that look random and come again for the same seed (mulberry32): a failure can be run once more. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** An integer from 0 to below `bound`. */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((((mixed ^ (mixed >>> 14)) >>> 0) * bound) / 2 ** 32) | 0;
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
