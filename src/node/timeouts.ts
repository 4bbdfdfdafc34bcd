/** What a timeout option may be, and the two that bound a body in time. */
import { mustBe } from '../core/options.ts';

/** The longest time that a timer takes: some 24 days. */
export const MAX_TIMEOUT = 2 ** 31 - 1;

const milliseconds = mustBe('a number of milliseconds', (value) => typeof value === 'number');

/**
 * The option in milliseconds; 0 for no bound, which Infinity means as well.
 *
 * @throws TypeError if it is no number, RangeError if it is negative, NaN, or too long for a timer
 */
export function timeoutFrom(value: number, name: string): number {
  milliseconds(value as never, name);
  if (value === Number.POSITIVE_INFINITY) return 0;
  if (!(value >= 0 && value <= MAX_TIMEOUT)) {
    throw new RangeError(`${name} must be 0 to ${MAX_TIMEOUT} milliseconds, or Infinity; not ${value}`);
  }
  return value;
}

/** How long one body may take: options of `receive` and `verify`. */
export interface BodyTimeoutOptions {
  /** Milliseconds without a byte, while the body is being read. Default 300,000; 0 or Infinity for no bound. */
  idleTimeout?: number;
  /**
   * Milliseconds for the whole body, by the clock: a sender that gives a byte whenever it would become idle would
   * otherwise hold the connection for ever, and so would a reader who never comes back. Default 86,400,000: a day, in
   * which a terabyte comes at 12 MB/s; 0 or Infinity for no bound.
   */
  totalTimeout?: number;
}

/** Of BodyTimeoutOptions. */
export const BODY_TIMEOUTS = { idleTimeout: timeoutFrom, totalTimeout: timeoutFrom };

export interface BodyTimeouts {
  idle: number;
  total: number;
}

/**
 * The options in milliseconds, 0 for no bound.
 *
 * @throws TypeError, RangeError as `timeoutFrom`
 */
export function bodyTimeoutsFrom({
  idleTimeout = 300_000,
  totalTimeout = 86_400_000,
}: BodyTimeoutOptions): BodyTimeouts {
  return { idle: timeoutFrom(idleTimeout, 'idleTimeout'), total: timeoutFrom(totalTimeout, 'totalTimeout') };
}
