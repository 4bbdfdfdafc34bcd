/**
 * Strategy: the subjects of the HTTP working group's structured-field tests, as far as X-Stream-Status, Content-Digest and
 * Want-Content-Digest use them, written afresh from RFC 9651: here parameters, Dictionaries, whole Items, and the three
 * fields; bare-items.test.ts has what they are made of.
 */
import { describe, expect, test } from 'vitest';
import { parseContentDigest, preferredDigest } from '../../src/core/content-digest.ts';
import { parseStreamStatus } from '../../src/core/stream-status.ts';
import { parseDictionary, parseItem } from '../../src/core/structured-fields.ts';
import { CHARACTERS, DIGITS, integer, LOWER, read, sorted, value } from './characters.ts';

describe('RFC 9651 §3.1.2: parameters', () => {
  test('what a key begins with, and goes on with', () => {
    expect(read((one) => `a;${one}`)).toBe(sorted(`${LOWER}*`));
    expect(read((one) => `a;a${one}a`)).toBe(sorted(`${LOWER}${DIGITS}_-.*;=`));
    expect(read((one) => `a; ${one}`)).toBe(sorted(`${LOWER}*`));
  });

  test('§4.2.3.2: SP behind the semicolon, and nowhere else', () => {
    expect(parseItem('a;   b=1;  c')?.parameters.size).toBe(2);
    for (const text of [
      'a ;b',
      'a; b =1',
      'a; b= 1',
      'a;\tb',
      'a\t;b',
      'a;\nb',
      'a;',
      'a; ',
      'a;;b',
      'a;b;',
      ';b',
      'a;=1',
    ]) {
      expect(parseItem(text), text).toBeUndefined();
    }
  });

  test('without a value it is true; a repeated one takes the later value, and the first place', () => {
    expect([...parseItem('a;b;c=1;b=?0')!.parameters]).toEqual([
      ['b', { type: 'boolean', value: false }],
      ['c', integer(1)],
    ]);
  });

  test('256 of them are read, as §3.1.2 asks', () => {
    const text = Array.from({ length: 256 }, (_, at) => `;k${at}=${at}`).join('');
    expect(parseItem(`a${text}`)?.parameters.size).toBe(256);
  });

  test('a value is a bare item, never a list', () => {
    for (const text of ['a;b=(1)', 'a;b=', 'a;b=;c', 'a;b=1 2', 'a;b=1;c=é', 'a;b="c']) {
      expect(parseItem(text), text).toBeUndefined();
    }
  });
});

describe('RFC 9651 §3.2: Dictionaries', () => {
  const dictionary = (text: string) => parseDictionary(text);

  test('what a key begins with, and goes on with', () => {
    expect(read((one) => `${one}=1`, dictionary)).toBe(sorted(`${LOWER}*`));
    expect(read((one) => `a${one}a=1`, dictionary)).toBe(sorted(`${LOWER}${DIGITS}_-.*,;`));
  });

  test('§4.2.2: SP and HTAB around the comma, SP alone at both ends', () => {
    for (const text of ['a=1,b=2', 'a=1, b=2', 'a=1 ,b=2', 'a=1\t,\tb=2', 'a=1 \t , \t b=2', '  a=1,b=2  ']) {
      expect(dictionary(text)?.size, text).toBe(2);
    }
    for (const text of ['\ta=1', 'a=1\n,b=2', 'a=1,\r\n b=2', 'a=1,\u00a0b=2'])
      expect(dictionary(text), text).toBeUndefined();
  });

  test('§4.2.2: HTAB at the end is dropped with what stands between a member and the next comma', () => {
    // The algorithm drops OWS behind a member before it looks whether there is more.
    expect(dictionary('a=1\t')?.size).toBe(1);
  });

  test('an empty field is an empty Dictionary, and no Item', () => {
    for (const text of ['', ' ', '   ']) {
      expect(dictionary(text)).toEqual(new Map());
      expect(parseItem(text)).toBeUndefined();
    }
  });

  test.each([
    'a=1,',
    'a=1, ',
    ',a=1',
    ',',
    'a=1,,b=2',
    'a=1, ,b=2',
    'a=1 b=2',
    'a==1',
    'a=1=2',
    'a = 1',
    'a= 1',
    'a =1',
    '=1',
    'a=',
    'a=1;',
  ])('§4.2.2: %j is none', (text) => {
    expect(dictionary(text)).toBeUndefined();
  });

  test('a repeated key takes the later value, and the first place', () => {
    expect([...dictionary('a=1, b=2, a=?0;x')!].map(([key, member]) => [key, member.value])).toEqual([
      ['a', { type: 'boolean', value: false }],
      ['b', integer(2)],
    ]);
  });

  test('§4.2: one bad member spoils all', () => {
    expect(dictionary('a=1, b=2, c=é')).toBeUndefined();
    expect(dictionary('a=1, B=2')).toBeUndefined();
  });

  test('1024 members are read, as §3.2 asks', () => {
    const text = Array.from({ length: 1024 }, (_, at) => `k${at}=${at}`).join(', ');
    expect(dictionary(text)?.size).toBe(1024);
  });
});

describe('RFC 9651 §4.2: an Item is one, and all of the field', () => {
  test.each(['a, b', 'a,', ',a', 'a b', '(a)', 'a;b, c', '"a", "b"', '1 1', '?1?0'])('%j is none', (text) => {
    expect(parseItem(text)).toBeUndefined();
  });

  test('§4.2: SP around it is dropped, HTAB and other white space is not', () => {
    for (const text of [' a', 'a ', '  a  ']) expect(value(text)).toEqual({ type: 'token', value: 'a' });
    for (const text of ['\ta', 'a\t', 'a\n', '\va', 'a\u00a0']) expect(parseItem(text), text).toBeUndefined();
  });

  test('§4.2: every character outside of ASCII fails', () => {
    for (const one of CHARACTERS.slice(0x80)) {
      for (const text of [one, `a${one}`, `"${one}"`, `a;b${one}`, `:${one}:`]) expect(parseItem(text)).toBeUndefined();
    }
  });
});

describe('the fields that use them', () => {
  test.each<[string, ReturnType<typeof parseStreamStatus>]>([
    ['ok', { kind: 'ok' }],
    [' ok;bytes=0 ', { kind: 'ok', bytes: 0 }],
    ['ok;bytes=999999999999999', { kind: 'ok', bytes: 999_999_999_999_999 }],
    ['ok;bytes=1000000000000000', undefined],
    ['ok;bytes=1;bytes=2', { kind: 'ok', bytes: 2 }],
    ['ok;bytes=1;bytes="x"', undefined],
    ['ok;bytes', undefined],
    ['ok;bytes=-0', { kind: 'ok', bytes: 0 }],
    ['ok;bytes=-1', undefined],
    ['ok;bytes=5;later=:AAA=:;more=%"%c3%a9";when=@1', { kind: 'ok', bytes: 5 }],
    ['ok;bytes=5;later=:A:', undefined],
    ['"ok"', undefined],
    ['?1', undefined],
    ['ok, ok', undefined],
    ['error;type=a/b:c', { kind: 'error', type: 'a/b:c' }],
    ['error;type="a"', { kind: 'error' }],
    ['error;details=a', { kind: 'error' }],
    ['error;details="\\"\\\\"', { kind: 'error', details: '"\\' }],
    ['error;details="\\n"', undefined],
  ])('X-Stream-Status: %j', (text, status) => {
    const found = parseStreamStatus(text);
    if (status?.bytes === 0) expect(found?.bytes === 0).toBe(true);
    else expect(found).toEqual(status);
  });

  test.each<[string, number | undefined]>([
    ['sha-256=:AAAA:', 1],
    ['sha-256=:AAAA:, sha-512=:AAAA:', 2],
    ['sha-256=:AAAA:,sha-256=:BBBB:', 1],
    ['sha-256=:AAAA:;x=1', 1],
    ['', 0],
    ['sha-256=:AAAA:,', undefined],
    ['sha-256=AAAA', undefined],
    ['sha-256', undefined],
    ['sha-256=(:AAAA:)', undefined],
    ['Sha-256=:AAAA:', undefined],
    ['sha-256 = :AAAA:', undefined],
    [':AAAA:', undefined],
  ])('RFC 9530 §2: Content-Digest: %j', (text, size) => {
    expect(parseContentDigest(text)?.size).toBe(size);
  });

  test.each<[string, ReturnType<typeof preferredDigest>]>([
    ['sha-512=10', 'sha-512'],
    ['sha-512=1, sha-256=2, sha-512=3', 'sha-512'],
    ['sha-512=10.0', undefined],
    ['sha-512=11', undefined],
    ['sha-512="10"', undefined],
    ['sha-512=10;q=1', 'sha-512'],
    ['sha-512=10,, sha-256=1', undefined],
  ])('RFC 9530 §4: Want-Content-Digest: %j', (text, algorithm) => {
    expect(preferredDigest(text)).toBe(algorithm);
  });
});
