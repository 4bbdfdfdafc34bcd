/** Strategy: sizes and times at the boundaries of their units, written by hand in both directions. */
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { fold, formatBytes, formatCount, formatTime, paint, parseBytes } from '../../src/cli/terminal.ts';

test.each([
  [0, '0 B'],
  [1, '1 B'],
  [0.4, '0 B'], // a rate
  [999, '999 B'],
  [999.4, '999 B'],
  [999.5, '1.0 kB'],
  [1000, '1.0 kB'],
  [1049, '1.0 kB'],
  [1050, '1.1 kB'],
  [99_900, '99.9 kB'],
  [99_949, '99.9 kB'],
  [99_950, '100 kB'],
  [999_499, '999 kB'],
  [999_500, '1.0 MB'],
  [1_000_000, '1.0 MB'],
  [12_345_678, '12.3 MB'],
  [1_000_000_000, '1.0 GB'],
  [4 * 2 ** 30, '4.3 GB'],
  [1e12, '1.0 TB'],
  [1e15, '1000 TB'],
])('%d octets are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0, '0'],
  [999, '999'],
  [1000, '1,000'],
  [12_345_678, '12,345,678'],
])('%d is counted as %s', (count, text) => {
  expect(formatCount(count)).toBe(text);
});

test.each([
  [0, '0.0 s'],
  [49, '0.0 s'],
  [50, '0.1 s'],
  [1000, '1.0 s'],
  [59_949, '59.9 s'],
  [59_999, '1:00'],
  [60_000, '1:00'],
  [61_999, '1:01'],
  [3_599_999, '59:59'],
  [3_600_000, '1:00:00'],
  [3_723_000, '1:02:03'],
  [360_000_000, '100:00:00'],
])('%d ms are %s', (milliseconds, text) => {
  expect(formatTime(milliseconds)).toBe(text);
});

test.each([
  ['short', 10, 'short'],
  ['one two three', 7, 'one two\n  three'],
  ['one two three', 13, 'one two three'],
  ['a longer-than-that b', 6, 'a\n  longer-than-that\n  b'],
  ['one two\nthree four', 7, 'one two\nthree\n  four'],
  ['two  spaces', 20, 'two  spaces'],
])('%j in %d columns', (text, columns, folded) => {
  expect(fold(text, columns)).toBe(folded);
});

describe('sizes as users write them', () => {
  test.each([
    ['0', 0],
    ['1', 1],
    ['300000000', 300_000_000],
    ['007', 7],
    ['5b', 5],
    ['5B', 5],
    ['1k', 1000],
    ['1kB', 1000],
    ['1KB', 1000],
    ['1ki', 1024],
    ['256KiB', 262_144],
    ['300MB', 300_000_000],
    ['300m', 300_000_000],
    ['1MiB', 1_048_576],
    ['2g', 2_000_000_000],
    ['1GiB', 1_073_741_824],
    ['1.5kB', 1500],
    ['0.5KiB', 512],
    ['0.001k', 1],
    ['4.1MB', 4_100_000],
    ['16.1k', 16_100],
    ['2.01k', 2010],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ])('%s is %d', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  test.each([
    '',
    ' ',
    '-1',
    '+1',
    '1.5',
    '0.0001k',
    '1e3',
    '0x10',
    '1 MB',
    ' 1',
    '1,000',
    '.5k',
    '1.k',
    'k',
    '1x',
    '1kk',
    '1T',
    '1BiB',
    'Infinity',
    '9007199254740992',
    '9007199254740993',
    '9999999g',
  ])('"%s" is none', (text) => {
    expect(parseBytes(text)).toBeUndefined();
  });
});

describe('colours', () => {
  test('none where there is no terminal', () => {
    const pipe = new PassThrough() as unknown as NodeJS.WriteStream;
    expect(paint(pipe, 'red', 'text')).toBe('text');
  });
});
