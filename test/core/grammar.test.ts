/** Strategy: each octet class is compared with its ABNF for all 256 octets, spelled here as a list or as ranges. */
import { describe, expect, test } from 'vitest';
import {
  describeOctet,
  FIELD_VALUE,
  HEX_VALUE,
  isFieldValue,
  isToken,
  joinOctets,
  latin1FromOctets,
  OCTET_CLASS,
  octetsFromLatin1,
  QDTEXT,
  TCHAR,
} from '../../src/core/grammar.ts';
import { octets } from '../support/octets.ts';

const ALL = Array.from({ length: 256 }, (_, octet) => octet);
const inClass = (octetClass: number) => ALL.filter((octet) => (OCTET_CLASS[octet]! & octetClass) !== 0);
const range = (from: number, to: number) => ALL.filter((octet) => octet >= from && octet <= to);
const codes = (characters: string) => Array.from(characters, (character) => character.charCodeAt(0));
const sorted = (...lists: number[][]) => lists.flat().sort((a, b) => a - b);

describe('octet classes', () => {
  test('RFC 9112 §1.2: HEXDIG of both cases has its value, every other octet none', () => {
    const digits = '0123456789abcdef';
    const expected = ALL.map((octet) => {
      const value = digits.indexOf(String.fromCharCode(octet).toLowerCase());
      return octet < 0x80 && value >= 0 ? value : 255;
    });
    expect([...HEX_VALUE]).toEqual(expected);
  });

  test('RFC 9110 §5.6.2: tchar', () => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    expect(inClass(TCHAR)).toEqual(sorted(codes("!#$%&'*+-.^_`|~"), codes('0123456789'), codes(letters)));
  });

  test('RFC 9110 §5.5: a field value has HTAB, SP, VCHAR and obs-text', () => {
    expect(inClass(FIELD_VALUE)).toEqual(sorted([0x09], range(0x20, 0x7e), range(0x80, 0xff)));
  });

  test('RFC 9110 §5.6.4: qdtext', () => {
    const qdtext = sorted([0x09, 0x20, 0x21], range(0x23, 0x5b), range(0x5d, 0x7e), range(0x80, 0xff));
    expect(inClass(QDTEXT)).toEqual(qdtext);
  });
});

describe('texts', () => {
  test('RFC 9110 §5.6.2: a token has at least one tchar and nothing else', () => {
    expect(['a', '0', 'X-Stream-Status', "!#$%&'*+-.^_`|~"].filter(isToken)).toHaveLength(4);
    expect(['', ' a', 'a ', 'a b', 'a:', 'a"', 'a(', 'é', 'a\r', 'a\u0100', '\u0161'].filter(isToken)).toEqual([]);
  });

  test('RFC 9110 §5.5: a field value may be empty, and has no CR, LF, NUL or other control', () => {
    expect(['', 'a', 'a\tb c', '\xff', '\x80'].filter(isFieldValue)).toHaveLength(5);
    expect(['\r', '\n', '\0', '\x7f', '\x1f', 'a\r\nb: c', '\u0100', '\u2028'].filter(isFieldValue)).toEqual([]);
  });
});

describe('octets and strings', () => {
  test('RFC 9112 §2.2: one octet is one code unit, both ways', () => {
    const every = Uint8Array.from(ALL);
    const text = latin1FromOctets(every);
    expect(codes(text)).toEqual(ALL);
    expect(octetsFromLatin1(text)).toEqual(every);
  });

  test('a text of more octets than a call takes arguments is whole', () => {
    const text = latin1FromOctets(new Uint8Array(300_000).fill(0x61));
    expect(text).toBe('a'.repeat(300_000));
  });

  test('a range of octets is read alone', () => {
    expect(latin1FromOctets(octets('abcdef'), 2, 4)).toBe('cd');
    expect(latin1FromOctets(octets('abcdef'), 2)).toBe('cdef');
    expect(latin1FromOctets(octets('abcdef'), 2, 2)).toBe('');
  });

  test('pieces are joined in order; a single one is handed back as it is', () => {
    expect(joinOctets([octets('ab'), octets(''), octets('c')])).toEqual(octets('abc'));
    expect(joinOctets([])).toEqual(octets(''));
    const only = octets('ab');
    expect(joinOctets([only])).toBe(only);
  });

  test.each([
    [0x0d, 'CR'],
    [0x0a, 'LF'],
    [0x41, '"A"'],
    [0x3b, '";"'],
    [0x00, '0x00'],
    [0x09, '0x09'],
    [0x20, '0x20'],
    [0x7f, '0x7f'],
    [0xe9, '0xe9'],
  ])('an error message names octet %i as %s', (octet, name) => {
    expect(describeOctet(octet)).toBe(name);
  });
});
