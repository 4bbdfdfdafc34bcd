/**
 * Strategy: each production of RFC 9651 with what it takes and, at its edges, what it does not; then how Items and
 * Dictionaries are put together. All or nothing: anything wrong makes the whole field `undefined`.
 */
import { describe, expect, test } from 'vitest';
import {
  type BareItem,
  parseDictionary,
  parseItem,
  serializeByteSequence,
  serializeString,
} from '../../src/core/structured-fields.ts';
import { octets, pattern } from '../support/octets.ts';

const bytes = (text: string): BareItem => ({ type: 'byte-sequence', value: octets(text) });
const integer = (value: number): BareItem => ({ type: 'integer', value });
const token = (value: string): BareItem => ({ type: 'token', value });
const TRUE: BareItem = { type: 'boolean', value: true };

describe('bare items', () => {
  test.each<[string, BareItem]>([
    ['0', integer(0)],
    ['42', integer(42)],
    ['-42', integer(-42)],
    ['007', integer(7)],
    ['999999999999999', integer(999_999_999_999_999)],
    ['-999999999999999', integer(-999_999_999_999_999)],
    ['1.5', { type: 'decimal', value: 1.5 }],
    ['-0.125', { type: 'decimal', value: -0.125 }],
    ['123456789012.123', { type: 'decimal', value: 123_456_789_012.123 }],
    ['""', { type: 'string', value: '' }],
    ['"a b!#[]~"', { type: 'string', value: 'a b!#[]~' }],
    ['"a\\"b\\\\c"', { type: 'string', value: 'a"b\\c' }],
    ['ok', token('ok')],
    ['*', token('*')],
    ["A!#$%&'*+-.^_`|~09:/z", token("A!#$%&'*+-.^_`|~09:/z")],
    ['::', bytes('')],
    [':aGVsbG8=:', bytes('hello')],
    [':/+8=:', bytes('\xff\xef')],
    ['?0', { type: 'boolean', value: false }],
    ['?1', TRUE],
    ['@1659578233', { type: 'date', value: 1_659_578_233 }],
    ['@-1', { type: 'date', value: -1 }],
    ['%"f%c3%bcr"', { type: 'display-string', value: 'für' }],
    ['%""', { type: 'display-string', value: '' }],
  ])('RFC 9651 §3.3: %s', (text, value) => {
    expect(parseItem(text)).toEqual({ value, parameters: new Map() });
  });

  test.each([
    ['nothing', ['', ' ']],
    ['RFC 9651 §3.3.1 Integer', ['-', '--1', '+1', '1000000000000000', '1-']],
    ['RFC 9651 §3.3.2 Decimal', ['1.', '.5', '1.2.3', '1.1234', '1234567890123.1', '-.1']],
    ['RFC 9651 §3.3.3 String', ['"', '"a', '"\\a"', '"a\\"', '"a"b', '"é"', '"\t"', '"\x7f"', '"\n"', "'a'"]],
    ['RFC 9651 §3.3.4 Token', ['a b', 'a,b', 'a"', 'é', '!a', '/a', 'a(']],
    ['RFC 9651 §3.3.5 Byte Sequence', [':', ':a', ':YQ', ':Y*==:', ':Y Q:', ':Y:', ':YWJjZ:', ':=YQ:']],
    ['RFC 9651 §3.3.6 Boolean', ['?', '?2', '?T', '?01']],
    ['RFC 9651 §3.3.7 Date', ['@', '@1.5', '@a', '@1000000000000000']],
    ['RFC 9651 §3.3.8 Display String', ['%', '%"', '%"%C3%BC"', '%"%ff"', '%"%c"', '%"é"', '%"%"', '%a']],
  ])('%s: what it does not take', (_, texts) => {
    expect(texts.filter((text) => parseItem(text) !== undefined)).toEqual([]);
  });

  test('RFC 9651 §3.3.5: padding may be missing; surplus is taken, since RFC 9530 prints it', () => {
    for (const text of [':YQ==:', ':YQ=:', ':YQ:']) expect(parseItem(text)?.value, text).toEqual(bytes('a'));
    for (const text of [':YWI=:', ':YWI:', ':YWI==:']) expect(parseItem(text)?.value, text).toEqual(bytes('ab'));
  });

  test('RFC 9651 §3.3.5: a Byte Sequence of 16384 octets is read', () => {
    const value = pattern(16384);
    const text = `:${Buffer.from(value).toString('base64')}:`;
    expect(parseItem(text)?.value).toEqual({ type: 'byte-sequence', value });
  });
});

describe('Items', () => {
  test('RFC 9651 §3.1.2: parameters in order, without a value true, a repeated one takes the later value', () => {
    const item = parseItem('ok;a=1; b;  c="x";a=2');
    expect(item?.value).toEqual(token('ok'));
    expect([...item!.parameters]).toEqual([
      ['a', integer(2)],
      ['b', TRUE],
      ['c', { type: 'string', value: 'x' }],
    ]);
  });

  test('RFC 9651 §4.2: spaces around the whole are dropped', () => {
    expect(parseItem('  ok;a  ')?.value).toEqual(token('ok'));
  });

  test.each([
    ['ok ;a'],
    ['ok;'],
    ['ok;;a'],
    ['ok;A'],
    ['ok;1'],
    ['ok;a='],
    ['ok;a= 1'],
    ['ok;a =1'],
    ['ok;\ta'],
    ['ok;a=(1)'],
    ['ok, ok'],
    ['ok\t'],
    ['\tok'],
    ['(ok)'],
  ])('RFC 9651 §4.2.3: %j is no Item', (text) => {
    expect(parseItem(text)).toBeUndefined();
  });
});

describe('Dictionaries', () => {
  const members = (text: string) => [...parseDictionary(text)!].map(([key, member]) => [key, member.value]);

  test('RFC 9651 §3.2: members with a value, with parameters alone, and with an inner list', () => {
    expect(members('a=1, b;x=2,c=?0 \t,\t *d_.-e1=(1 "x";y z);p')).toEqual([
      ['a', integer(1)],
      ['b', TRUE],
      ['c', { type: 'boolean', value: false }],
      ['*d_.-e1', { type: 'inner-list' }],
    ]);
    expect(parseDictionary('b;x=2')!.get('b')!.parameters).toEqual(new Map([['x', integer(2)]]));
  });

  test('RFC 9651 §4.2.2: a repeated key takes the later value', () => {
    expect(members('a=1, b=2, a=3')).toEqual([
      ['a', integer(3)],
      ['b', integer(2)],
    ]);
  });

  test('RFC 9651 §3.2: an empty one has no members', () => {
    expect(parseDictionary('')).toEqual(new Map());
    expect(parseDictionary('  ')).toEqual(new Map());
  });

  test.each([['()'], ['( )'], ['(1)'], ['( 1  2 )'], ['(1;a 2;b);c']])(
    'RFC 9651 §4.2.1.2: %j is an inner list',
    (list) => {
      expect(members(`a=${list}`)).toEqual([['a', { type: 'inner-list' }]]);
    },
  );

  test.each([
    ['a=1,'],
    [',a=1'],
    ['a=1,,b'],
    ['a=1 b=2'],
    ['a='],
    ['a =1'],
    ['a= 1'],
    ['A=1'],
    ['1=1'],
    ['-a=1'],
    ['a=1;'],
    ['a=1, \r\nb=2'],
    ['a=('],
    ['a=(1'],
    ['a=(1,2)'],
    ['a=(1"x")'],
    ['a=((1))'],
    ['a=(1\t2)'],
    ['a=1, b=é'],
  ])('RFC 9651 §4.2.2: %j is no Dictionary', (text) => {
    expect(parseDictionary(text)).toBeUndefined();
  });
});

describe('serializing', () => {
  test('RFC 9651 §4.1.6: a String has its DQUOTE and backslash escaped', () => {
    expect(serializeString('')).toBe('""');
    expect(serializeString('a "b" \\c')).toBe('"a \\"b\\" \\\\c"');
  });

  test('RFC 9651 §4.1.8: a Byte Sequence is padded base64', () => {
    expect(serializeByteSequence(octets(''))).toBe('::');
    expect(serializeByteSequence(octets('hello'))).toBe(':aGVsbG8=:');
    expect(serializeByteSequence(octets('\xff\xef'))).toBe(':/+8=:');
  });
});
