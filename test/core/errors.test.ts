/** Strategy: what a caller may rely on, of each class: its name, the code, and the details that were given. */
import { describe, expect, test } from 'vitest';
import { FramingError, HeadError } from '../../src/core/errors.ts';
import { BodyError, judge } from '../../src/core/verdict.ts';

describe.each([
  [
    'FramingError',
    (details?: object) => new FramingError('ERR_FRAMING_TRUNCATED', 'cut', details),
    'ERR_FRAMING_TRUNCATED',
  ],
  ['HeadError', (details?: object) => new HeadError('ERR_NO_RESPONSE', 'cut', details), 'ERR_NO_RESPONSE'],
] as const)('a %s', (name, make, code) => {
  test('is an Error with its own name and a code', () => {
    expect(make()).toBeInstanceOf(Error);
    expect(make()).toMatchObject({ name, code, message: 'cut' });
    expect(String(make())).toBe(`${name}: cut`);
  });

  test('has no cause, and undefined details, where they are not known', () => {
    expect(make()).toMatchObject({ offset: undefined, bytes: undefined });
    expect('cause' in make()).toBe(false);
  });

  test('keeps its details', () => {
    const cause = new Error('why');
    expect(make({ offset: 0, bytes: 5, cause })).toMatchObject({ offset: 0, bytes: 5, cause });
  });
});

describe('a BodyError', () => {
  test('has the verdict, its reason, its count, and no cause where the framing was complete', () => {
    const verdict = judge({ bytes: 5 });
    const error = new BodyError('ERR_BODY_UNVERIFIED', verdict);
    expect(error).toMatchObject({ name: 'BodyError', verdict, message: verdict.reason, bytes: 5, offset: undefined });
    expect('cause' in error).toBe(false);
  });

  test('has the framing error as its cause, and its offset', () => {
    const cause = new FramingError('ERR_FRAMING_MALFORMED', 'broken', { offset: 7 });
    const error = new BodyError('ERR_BODY_MALFORMED', judge({ bytes: 5, error: cause }));
    expect(error).toMatchObject({ offset: 7, cause });
  });
});
