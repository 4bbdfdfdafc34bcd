/** Strategy: fields as an application may give them, those it may not, and the head octet for octet. */
import { describe, expect, test } from 'vitest';
import {
  applicationFields,
  assertStatus,
  serializeResponseHead,
  valuesByName,
} from '../../../src/node/send/response-head.ts';
import { latin1 } from '../../support/octets.ts';

describe('the fields of the application', () => {
  test('by name, as numbers and lists, and as pairs', () => {
    expect(applicationFields({ ETag: '"a"', Age: 5, 'Set-Cookie': ['b=1', 'c=2'] }).fields).toEqual([
      ['ETag', '"a"'],
      ['Age', '5'],
      ['Set-Cookie', 'b=1'],
      ['Set-Cookie', 'c=2'],
    ]);
    const pairs: [string, string][] = [
      ['Via', 'a'],
      ['Via', 'b'],
    ];
    expect(applicationFields(pairs).fields).toEqual(pairs);
    expect(applicationFields(new Map(pairs.slice(1))).fields).toEqual([['Via', 'b']]);
    expect(applicationFields(new Headers({ Via: 'a' })).fields).toEqual([['via', 'a']]);
  });

  test.each([
    ['Content-Length', '5', /Content-Length.*body that may fail/],
    ['content-length', '0', /Content-Length/],
    ['Transfer-Encoding', 'chunked', /Transfer-Encoding/],
    ['TRAILER', 'Server-Timing', /extraTrailers/],
  ])('%s is not theirs to set, and the error says why', (name, value, why) => {
    expect(() => applicationFields({ [name]: value })).toThrow(expect.objectContaining({ name: 'TypeError' }));
    expect(() => applicationFields({ [name]: value })).toThrow(why);
    expect(() => applicationFields([[name, value]])).toThrow(TypeError);
  });

  test.each([
    ['a line break in a value', { A: 'b\r\nSet-Cookie: c' }],
    ['a bare LF', { A: 'b\nc' }],
    ['a NUL', { A: '\0' }],
    ['a character beyond latin1', { A: '\u20ac' }],
    ['a line break in a name', { 'A\r\nB': 'c' }],
    ['a space in a name', { 'A B': 'c' }],
    ['an empty name', { '': 'c' }],
    ['no value', { A: undefined as unknown as string }],
    ['null for a value', { A: null as unknown as string }],
  ])('RFC 9112 §11.1: no response splitting: %s', (_, headers) => {
    expect(() => applicationFields(headers)).toThrow(TypeError);
  });

  test('Connection is taken out: close is a wish, which the head does not speak of', () => {
    expect(applicationFields({ A: 'b', Connection: 'Close, x' })).toEqual({ fields: [['A', 'b']], asksToClose: true });
    expect(applicationFields({ connection: 'keep-alive' })).toEqual({ fields: [], asksToClose: false });
  });
});

test.each([200, 204, 299, 404, 599, 600, 999])('RFC 9110 §15: %i is a final status', (status) => {
  expect(() => assertStatus(status)).not.toThrow();
});

test.each([0, 100, 103, 199, 1000, 200.5, Number.NaN])('RFC 9110 §15: %d is not', (status) => {
  expect(() => assertStatus(status)).toThrow(RangeError);
});

describe('RFC 9112 §4: the head', () => {
  test('status line, field lines, empty line', () => {
    const head = serializeResponseHead(404, [
      ['Date', 'Thu, 01 Jan 1970 00:00:00 GMT'],
      ['X', '\xe9'],
    ]);
    expect(latin1(head)).toBe('HTTP/1.1 404 Not Found\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nX: \xe9\r\n\r\n');
  });

  test('a status without a name keeps the space before the empty reason-phrase', () => {
    expect(latin1(serializeResponseHead(299, [['date', 'x']]))).toBe('HTTP/1.1 299 \r\ndate: x\r\n\r\n');
  });

  test('RFC 9110 §6.6.1: a Date is added, as an IMF-fixdate of now', () => {
    const [, date] = /^HTTP\/1\.1 200 OK\r\nDate: (\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT)\r\n\r\n$/.exec(
      latin1(serializeResponseHead(200, [])),
    )!;
    expect(Math.abs(Date.now() - Date.parse(date!))).toBeLessThan(5000);
  });
});

test('RFC 9110 §5.1: the values of a name, whatever its case, in order; the first spelling stays', () => {
  const fields: [string, string][] = [
    ['Link', '<a>'],
    ['X', '1'],
    ['link', '<b>'],
    ['__proto__', 'p'],
    ['LINK', '<c>'],
  ];
  expect([...valuesByName(fields)]).toEqual([
    ['Link', ['<a>', '<b>', '<c>']],
    ['X', ['1']],
    ['__proto__', ['p']],
  ]);
});
