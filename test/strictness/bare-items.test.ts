/**
 * Strategy: the subjects of the HTTP working group's structured-field tests, as far as our fields use them, written afresh
 * from RFC 9651: here the bare items, with each character at each place where it could stand, and each length up to the
 * limit and one past it. What is not in the grammar is `undefined`.
 */
import { describe, expect, test } from 'vitest';
import { parseItem } from '../../src/core/structured-fields.ts';
import {
  bytes,
  DIGITS,
  integer,
  LOWER,
  PRINTABLE,
  read,
  sorted,
  TCHAR_SYMBOLS,
  UPPER,
  value,
  without,
} from './characters.ts';

describe('RFC 9651 §3.3.4: Tokens', () => {
  test('what one begins with, behind SP', () => {
    const isToken = (text: string) => (value(text)?.type === 'token' ? true : undefined);
    expect(read((one) => `${one}a`, isToken)).toBe(sorted(`${UPPER}${LOWER}* `));
  });

  test('what it goes on with; a semicolon begins a parameter', () => {
    expect(read((one) => `a${one}a`)).toBe(sorted(`${UPPER}${LOWER}${DIGITS}${TCHAR_SYMBOLS}:/;`));
  });

  test('what may stand behind it: nothing but spaces', () => {
    expect(read((one) => `a${one}`)).toBe(sorted(`${UPPER}${LOWER}${DIGITS}${TCHAR_SYMBOLS}:/ `));
  });

  test('case is kept, and the length has no end', () => {
    expect(value('aBC')).toEqual({ type: 'token', value: 'aBC' });
    expect(value('a'.repeat(5000))).toEqual({ type: 'token', value: 'a'.repeat(5000) });
  });
});

describe('RFC 9651 §3.3.3: Strings', () => {
  test('what stands in one unescaped', () => {
    expect(read((one) => `"${one}"`)).toBe(without(PRINTABLE, '"\\'));
    expect(read((one) => `"a${one}b"`)).toBe(without(PRINTABLE, '"\\'));
  });

  test('what is escaped: DQUOTE and backslash alone', () => {
    expect(read((one) => `"\\${one}"`)).toBe('"\\');
    expect(value('"\\"\\\\"')).toEqual({ type: 'string', value: '"\\' });
  });

  test.each(['"', '"a', 'a"', '"""', '"a""', '"\\', '"a\\"', "'a'", '"a" "b"', '"a"b', '%"', '"\n"', '"a\r\nb"'])(
    '%j is none',
    (text) => {
      expect(parseItem(text)).toBeUndefined();
    },
  );

  test('one of 16,384 characters is read, as §3.3.3 asks for 1024', () => {
    expect(value(`"${'x'.repeat(16384)}"`)).toEqual({ type: 'string', value: 'x'.repeat(16384) });
  });
});

describe('RFC 9651 §3.3.1: Integers', () => {
  test('of 1 to 15 digits, with either sign, and no more', () => {
    for (let length = 1; length <= 15; length++) {
      expect(value('9'.repeat(length))).toEqual(integer(Number('9'.repeat(length))));
      expect(value(`-${'9'.repeat(length)}`)).toEqual(integer(-Number('9'.repeat(length))));
      expect(value(`${'0'.repeat(length - 1)}7`)).toEqual(integer(7));
    }
    for (let length = 16; length <= 32; length++) {
      expect(value('9'.repeat(length))).toBeUndefined();
      expect(value(`-${'9'.repeat(length)}`)).toBeUndefined();
      expect(value(`${'0'.repeat(length)}`)).toBeUndefined();
    }
  });

  test('minus zero is zero', () => {
    expect((value('-0') as { value: number }).value === 0).toBe(true);
  });

  test.each(['-', '--1', '-+1', '+1', '- 1', '-a', '1a', '1-', '1 2', '1,2', '0x1', '1e3', '1_0', '٣', '１'])(
    '%j is none',
    (text) => {
      expect(parseItem(text)).toBeUndefined();
    },
  );

  test('what may stand behind the first digit', () => {
    expect(read((one) => `1${one}`)).toBe(sorted(`${DIGITS} `));
  });
});

describe('RFC 9651 §3.3.2: Decimals are passed over where an Integer is wanted, and read strictly', () => {
  test('12 digits, a dot, 1 to 3 digits', () => {
    for (let length = 1; length <= 12; length++) {
      for (let fraction = 1; fraction <= 3; fraction++) {
        const text = `${'1'.repeat(length)}.${'5'.repeat(fraction)}`;
        expect(value(text)).toEqual({ type: 'decimal', value: Number(text) });
        expect(value(`-${text}`)).toEqual({ type: 'decimal', value: -Number(text) });
      }
    }
  });

  test.each(['1.', '.1', '1.1.1', '1.1234', '1234567890123.0', '1..1', '1. 1', '-.5', '1.5-', '1,5'])(
    '%j is none',
    (text) => {
      expect(parseItem(text)).toBeUndefined();
    },
  );
});

describe('RFC 9651 §3.3.5: Byte Sequences', () => {
  test('the alphabet', () => {
    // Five of it, or three and what may be padding.
    expect(read((one) => `:AAA${one}:`)).toBe(sorted(`${UPPER}${LOWER}${DIGITS}+/=`));
    expect(read((one) => `:A${one}AA:`)).toBe(sorted(`${UPPER}${LOWER}${DIGITS}+/`));
  });

  test.each([
    ['::', ''],
    [':aGVsbG8=:', 'hello'],
    [':aGVsbG8:', 'hello'],
    [':YQ==:', 'a'],
    [':YQ=:', 'a'],
    [':YQ:', 'a'],
    // Pad bits that are not zero.
    [':iZ==:', '\x89'],
    [':YR==:', 'a'],
    [':/+Ah:', '\xff\xe0\x21'],
    // Surplus padding, up to two in all: spec-notes/digests.md.
    [':aGVsbG8==:', 'hello'],
    [':=:', ''],
    [':==:', ''],
  ])('§4.2.7: %s is read', (text, decoded) => {
    expect(value(text)).toEqual(bytes(decoded));
  });

  test.each([
    ...[':', ':YQ==', 'YQ==:', ':Y:', ':YQ===:', ':=aGVsbG8=:', ':aGVs=bG8=:', ':aGVsbG8=', ':aG VsbG8=:'],
    ...[':aGVsbG8=: a', ':_-Ah:', ':aGVs\nbG8=:', ':a"b=:', ':YQ==::', ':é:', ':YQ==:YQ==:'],
  ])('§4.2.7: %j is none', (text) => {
    expect(parseItem(text)).toBeUndefined();
  });
});
