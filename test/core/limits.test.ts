/** Strategy: the defaults are API, so they are written out; what is no limit is refused by type and by range. */
import { expect, test } from 'vitest';
import { DEFAULT_LIMITS, resolveLimits } from '../../src/core/limits.ts';

const DEFAULTS = {
  maxChunkLineBytes: 4096,
  maxChunkOverheadBytes: 16384,
  maxTrailerBytes: 16384,
  maxTrailerFields: 128,
  maxBodyBytes: Number.POSITIVE_INFINITY,
  maxHeadBytes: 65536,
  maxHeadFields: 256,
};

test('the defaults, all that guard memory finite', () => {
  expect(DEFAULT_LIMITS).toEqual(DEFAULTS);
  expect(resolveLimits()).toEqual(DEFAULTS);
  expect(resolveLimits({})).toEqual(DEFAULTS);
});

test('the defaults cannot be changed for everybody', () => {
  expect(Object.isFrozen(DEFAULT_LIMITS)).toBe(true);
});

test('the caller’s numbers are put over the defaults', () => {
  expect(resolveLimits({ maxBodyBytes: 10, maxTrailerFields: 0 })).toEqual({
    ...DEFAULTS,
    maxBodyBytes: 10,
    maxTrailerFields: 0,
  });
});

test('0 and Infinity are limits', () => {
  expect(resolveLimits({ maxBodyBytes: 0 }).maxBodyBytes).toBe(0);
  expect(resolveLimits({ maxTrailerBytes: Number.POSITIVE_INFINITY }).maxTrailerBytes).toBe(Number.POSITIVE_INFINITY);
});

test.each([[{ maxChunks: 1 }], [{ toString: 1 }], [{ maxbodybytes: 1 }]])('%j is not a limit: TypeError', (limits) => {
  expect(() => resolveLimits(limits as object)).toThrow(TypeError);
});

test.each([['1'], [null], [undefined], [1n], [true]])('a limit of %s is not a number: TypeError', (value) => {
  expect(() => resolveLimits({ maxBodyBytes: value as unknown as number })).toThrow(TypeError);
});

test.each([[-1], [Number.NaN], [Number.NEGATIVE_INFINITY]])('a limit of %d is out of range: RangeError', (value) => {
  expect(() => resolveLimits({ maxBodyBytes: value })).toThrow(RangeError);
});
