/**
 * Strategy: the field value of each status written out, both ways. An `ok` must be exact to be believed, an `error` must
 * not be lost; text from an application never gets out of its String.
 */
import { describe, expect, test } from 'vitest';
import {
  isStatusType,
  parseStreamStatus,
  STATUS_FIELD,
  type StreamStatus,
  serializeStreamStatus,
} from '../../src/core/stream-status.ts';

test('the name of the field', () => {
  expect(STATUS_FIELD).toBe('X-Stream-Status');
});

describe('both ways', () => {
  test.each<[StreamStatus, string]>([
    [{ kind: 'ok' }, 'ok'],
    [{ kind: 'ok', bytes: 0 }, 'ok;bytes=0'],
    [{ kind: 'ok', bytes: 1_048_576 }, 'ok;bytes=1048576'],
    [{ kind: 'ok', bytes: 999_999_999_999_999 }, 'ok;bytes=999999999999999'],
    [{ kind: 'error' }, 'error'],
    [{ kind: 'error', type: 'source_error' }, 'error;type=source_error'],
    [{ kind: 'error', bytes: 5, type: 'cancelled', details: '' }, 'error;bytes=5;type=cancelled;details=""'],
    [{ kind: 'error', details: 'disk "a" \\ full' }, 'error;details="disk \\"a\\" \\\\ full"'],
  ])('RFC 9651 §3.3.4, §3.1.2: %j is %s', (status, value) => {
    expect(serializeStreamStatus(status)).toBe(value);
    expect(parseStreamStatus(value)).toEqual(status);
  });
});

describe('what is sent', () => {
  const details = (text: string) => {
    const status = parseStreamStatus(serializeStreamStatus({ kind: 'error', details: text }));
    return status?.kind === 'error' ? status.details : undefined;
  };

  test('details of 256 octets are whole; longer ones are cut to 256, and the cut is marked', () => {
    expect(details('a'.repeat(256))).toBe('a'.repeat(256));
    expect(details('a'.repeat(257))).toBe(`${'a'.repeat(253)}...`);
    expect(details('a'.repeat(100_000))).toBe(`${'a'.repeat(253)}...`);
  });

  test('details that are not printable ASCII are escaped, so that they cannot break the line', () => {
    expect(details('a\r\nSet-Cookie: b')).toBe('a\\u{d}\\u{a}Set-Cookie: b');
    expect(details('\0\t\x7f é € 😀')).toBe('\\u{0}\\u{9}\\u{7f} \\u{e9} \\u{20ac} \\u{1f600}');
    expect(details('é'.repeat(256))).toHaveLength(256);
  });

  test('an ok has no type and no details', () => {
    const status = { kind: 'ok', bytes: 1, type: 'timeout', details: 'x' } as StreamStatus;
    expect(serializeStreamStatus(status)).toBe('ok;bytes=1');
  });

  test.each([[{ kind: 'OK' }], [{ kind: '' }], [{}]])('%j has no kind: TypeError', (status) => {
    expect(() => serializeStreamStatus(status as StreamStatus)).toThrow(TypeError);
  });

  test.each([[-1], [0.5], [Number.NaN], [1e15], [Number.POSITIVE_INFINITY], ['5']])(
    'RFC 9651 §3.3.1: %s octets cannot be said: RangeError',
    (bytes) => {
      expect(() => serializeStreamStatus({ kind: 'ok', bytes: bytes as number })).toThrow(RangeError);
    },
  );

  test.each([[''], ['a b'], ['1a'], ['a;b'], ['a"'], ['a\r\nb'], ['a\n'], ['é'], ['a'.repeat(65)]])(
    'RFC 9651 §3.3.4: the type %j is refused: TypeError',
    (type) => {
      expect(isStatusType(type)).toBe(false);
      expect(() => serializeStreamStatus({ kind: 'error', type })).toThrow(TypeError);
    },
  );

  test('the words of RFC 9209 and our own are types', () => {
    const words = 'http_response_incomplete connection_terminated connection_read_timeout http_response_timeout';
    const own = 'internal_error source_error cancelled timeout';
    for (const type of `${words} ${own}`.split(' ')) {
      expect(serializeStreamStatus({ kind: 'error', type })).toBe(`error;type=${type}`);
    }
  });
});

describe('what is read', () => {
  test.each<[string, StreamStatus]>([
    ['  ok;bytes=5  ', { kind: 'ok', bytes: 5 }],
    ['ok; bytes=5', { kind: 'ok', bytes: 5 }],
    ['ok;bytes=1;bytes=5', { kind: 'ok', bytes: 5 }],
    ['ok;new=?1;bytes=5;other="x";third', { kind: 'ok', bytes: 5 }],
    ['ok;type=5', { kind: 'ok' }],
    ['error;type=never_heard_of', { kind: 'error', type: 'never_heard_of' }],
    ['error;new=1.5;type=timeout', { kind: 'error', type: 'timeout' }],
  ])('what is not known is passed over: %s', (value, status) => {
    expect(parseStreamStatus(value)).toEqual(status);
  });

  test.each([
    ['ok;bytes=-1'],
    ['ok;bytes'],
    ['ok;bytes="5"'],
    ['ok;bytes=five'],
    ['ok;bytes=5.0'],
    ['ok;bytes=?1'],
    ['ok;bytes=:NQ==:'],
  ])('a parameter of the wrong type spoils an ok: %s', (value) => {
    expect(parseStreamStatus(value)).toBeUndefined();
  });

  test.each<[string, StreamStatus]>([
    ['error;bytes=-1', { kind: 'error' }],
    ['error;bytes="5";type=timeout', { kind: 'error', type: 'timeout' }],
    ['error;type="timeout"', { kind: 'error' }],
    ['error;bytes=5;details=token', { kind: 'error', bytes: 5 }],
    ['error;type;details', { kind: 'error' }],
  ])('and never an error: %s', (value, status) => {
    expect(parseStreamStatus(value)).toEqual(status);
  });

  test.each([
    [''],
    ['OK'],
    ['okay'],
    ['warning'],
    ['"ok"'],
    ['1'],
    ['?1'],
    ['ok ;bytes=5'],
    ['ok;bytes=5,'],
    ['ok, ok'],
    ['ok;bytes=5 x'],
    ['ok;bytes=1000000000000000'],
    ['(ok)'],
    ['error;details="é"'],
    ['error;details="'],
  ])('RFC 9651 §4.2: %j is no status', (value) => {
    expect(parseStreamStatus(value)).toBeUndefined();
  });
});
