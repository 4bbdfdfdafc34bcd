/** What a timeout option may be. */

/** The longest time that a timer takes: some 24 days. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/**
 * The option in milliseconds; 0 for no bound, which Infinity means as well.
 *
 * @throws TypeError if it is no number, RangeError if it is negative, NaN, or too long for a timer
 */
export function timeoutFrom(name: string, value: number): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number of milliseconds, not ${typeof value}`);
  if (value === Number.POSITIVE_INFINITY) return 0;
  if (!(value >= 0 && value <= MAX_TIMEOUT)) {
    throw new RangeError(`${name} must be 0 to ${MAX_TIMEOUT} milliseconds, or Infinity; not ${value}`);
  }
  return value;
}
