/** Strategy: what a caller may rely on: the class, the code, and the details that were given. */
import { expect, test } from 'vitest';
import { StreamError } from '../../src/core/errors.ts';
import { judge } from '../../src/core/verdict.ts';

test('a StreamError is an Error with its own name and a code', () => {
  const error = new StreamError('ERR_STREAM_TRUNCATED', 'cut');
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ name: 'StreamError', code: 'ERR_STREAM_TRUNCATED', message: 'cut' });
  expect(String(error)).toBe('StreamError: cut');
});

test('details that are not known are undefined, and there is no cause', () => {
  const error = new StreamError('ERR_NO_RESPONSE', 'hung up');
  expect(error).toMatchObject({ offset: undefined, bytes: undefined, verdict: undefined });
  expect('cause' in error).toBe(false);
});

test('details are kept', () => {
  const cause = new Error('why');
  const verdict = judge({ bytes: 5 });
  const error = new StreamError('ERR_STREAM_MALFORMED', 'broken', { offset: 0, bytes: 5, verdict, cause });
  expect(error.offset).toBe(0);
  expect(error.bytes).toBe(5);
  expect(error.verdict).toBe(verdict);
  expect(error.cause).toBe(cause);
});
