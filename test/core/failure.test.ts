/**
 * Strategy: each kind of error as a table of what it is called on the wire; and that nothing of its message is said
 * unless the application says so.
 */
import { describe, expect, test } from 'vitest';
import { FramingError, type FramingErrorCode, HeadError } from '../../src/core/errors.ts';
import { type DescribeError, describeFailure } from '../../src/core/failure.ts';
import { BodyError, type BodyErrorCode, judge } from '../../src/core/verdict.ts';

const named = (name: string, cause?: unknown) => Object.assign(new Error('secret', { cause }), { name });
const coded = (code: string) => Object.assign(new Error('secret'), { code });
/** The error of a received body: when the source is a response itself. */
const received = (code: BodyErrorCode) => new BodyError(code, judge({ bytes: 0 }), 'secret');
const framing = (code: FramingErrorCode) => new FramingError(code, 'secret');

describe('without a description: a type, and nothing of the message', () => {
  test.each([
    ['an Error', new Error('secret'), 'source_error'],
    ['a system error', coded('ENOENT'), 'source_error'],
    ['a string', 'secret', 'source_error'],
    ['an object', { message: 'secret' }, 'source_error'],
    ['nothing: destroy() without a reason', undefined, 'cancelled'],
    ['null', null, 'cancelled'],
    ['an AbortError', named('AbortError'), 'cancelled'],
    ['ABORT_ERR', coded('ABORT_ERR'), 'cancelled'],
    ['an aborted signal', AbortSignal.abort().reason, 'cancelled'],
    ['a TimeoutError', named('TimeoutError'), 'timeout'],
    ['an AbortError by a TimeoutError', named('AbortError', named('TimeoutError')), 'timeout'],
    ['an AbortError by another error', named('AbortError', new Error('secret')), 'cancelled'],
    ['an Error by a TimeoutError', new Error('secret', { cause: named('TimeoutError') }), 'source_error'],
    ['ETIMEDOUT', coded('ETIMEDOUT'), 'timeout'],
    ['RFC 9209 §2.3: ERR_NO_RESPONSE', new HeadError('ERR_NO_RESPONSE', 'secret'), 'http_response_incomplete'],
    ['RFC 9209 §2.3: ERR_HEAD_TIMEOUT', new HeadError('ERR_HEAD_TIMEOUT', 'secret'), 'http_response_timeout'],
    ['ERR_HEAD_MALFORMED', new HeadError('ERR_HEAD_MALFORMED', 'secret'), 'source_error'],
    ['RFC 9209 §2.3: ERR_BODY_TRUNCATED', received('ERR_BODY_TRUNCATED'), 'http_response_incomplete'],
    ['RFC 9209 §2.3: ERR_FRAMING_TRUNCATED', framing('ERR_FRAMING_TRUNCATED'), 'http_response_incomplete'],
    ['RFC 9209 §2.3: ERR_BODY_MALFORMED', received('ERR_BODY_MALFORMED'), 'http_protocol_error'],
    ['RFC 9209 §2.3: ERR_FRAMING_MALFORMED', framing('ERR_FRAMING_MALFORMED'), 'http_protocol_error'],
    ['RFC 9209 §2.3: ERR_BODY_LIMIT', received('ERR_BODY_LIMIT'), 'http_response_body_size'],
    ['RFC 9209 §2.3: ERR_FRAMING_LIMIT', framing('ERR_FRAMING_LIMIT'), 'http_response_body_size'],
    ['RFC 9209 §2.3: ERR_BODY_TIMEOUT', received('ERR_BODY_TIMEOUT'), 'http_response_timeout'],
    ['RFC 9209 §2.3: ERR_FRAMING_TIMEOUT', framing('ERR_FRAMING_TIMEOUT'), 'http_response_timeout'],
    ['ERR_BODY_FAILED', received('ERR_BODY_FAILED'), 'source_error'],
    ['ERR_BODY_MISMATCH', received('ERR_BODY_MISMATCH'), 'source_error'],
  ])('%s', (_, error, type) => {
    expect(describeFailure(error, undefined)).toEqual({ type });
  });
});

describe('with a description', () => {
  const describedAs = (describe: DescribeError, error: unknown = new Error('secret')) =>
    describeFailure(error, describe);

  test('it sees the error, and gives type and details', () => {
    const error = new Error('secret');
    const seen: unknown[] = [];
    const describe: DescribeError = (given) => {
      seen.push(given);
      return { type: 'destination_unavailable', details: 'shard 7' };
    };
    expect(describeFailure(error, describe)).toEqual({ type: 'destination_unavailable', details: 'shard 7' });
    expect(seen).toEqual([error]);
  });

  test('what it leaves out is as without it', () => {
    expect(describedAs(() => undefined)).toEqual({ type: 'source_error' });
    expect(describedAs(() => ({}), null)).toEqual({ type: 'cancelled' });
    expect(describedAs(() => ({ details: 'shard 7' }))).toEqual({ type: 'source_error', details: 'shard 7' });
  });

  test('details of another type become text', () => {
    expect(describedAs(() => ({ details: 7 as unknown as string }))).toEqual({ type: 'source_error', details: '7' });
  });

  test.each(['', '7up', 'a b', 'a\r\nb', 'a;b', '"a"', 'ä', 'a'.repeat(65)])(
    'RFC 9651 §3.3.4: the type %j is no Token: internal_error, without details',
    (type) => {
      expect(describedAs(() => ({ type, details: 'x' }))).toEqual({ type: 'internal_error' });
    },
  );

  test.each([
    [
      'throws',
      () => {
        throw new Error('again');
      },
    ],
    ['gives null', () => null],
    ['gives a type that is no string', () => ({ type: 7 })],
    ['gives a type that is a Symbol', () => ({ type: Symbol('a') })],
    ['gives details that have no text', () => ({ details: Object.create(null) })],
  ])('one that %s never throws', (_, describe) => {
    const { type } = describedAs(describe as unknown as DescribeError);
    expect(['internal_error', 'source_error']).toContain(type);
  });
});
