/**
 * How much is run: the short form with `npm test`, the long one with `EXHAUSTIVE=long`. Either is the same every time:
 * where the short form takes a part, it takes every n-th case, never a random one.
 */
export const IS_LONG = process.env.EXHAUSTIVE === 'long';

/**
 * Every n-th of the cases: `short` of them in the short form, `long` in the long one, which takes all by default. Either is
 * a prime above 2, or 1: a power of 2 would take the same bit of every octet.
 */
export function* everyNth<T>(cases: Iterable<T>, short: number, long = 1): Generator<T> {
  const n = IS_LONG ? long : short;
  let index = 0;
  for (const one of cases) if (index++ % n === 0) yield one;
}

/** Milliseconds for one test. A case that hangs is found by its own, much shorter bound. */
export const TEST_TIMEOUT = IS_LONG ? 1_200_000 : 240_000;
/** Milliseconds for one case over sockets: no case has a reason to take more than two seconds. */
export const CASE_TIMEOUT = 20_000;
