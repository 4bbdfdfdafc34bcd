/** Strategy: the rules for options by themselves. Each public function is held to them in test/options.test.ts. */
import { describe, expect, test } from 'vitest';
import { aBoolean, anAbortSignal, assertOptions, integer, namesAndValues, shown } from '../../src/core/options.ts';

const look = (options: object) => assertOptions('f', options as { isOn?: boolean }, { isOn: aBoolean });

test('what is left out, or undefined, is no slip', () => {
  expect(() => look({})).not.toThrow();
  expect(() => look({ isOn: undefined })).not.toThrow();
  expect(() => look({ isOn: false })).not.toThrow();
  expect(() => look(Object.create(null))).not.toThrow();
});

test.each(['toString', '__proto__', 'constructor', 'ison', ''])('%j is not the name of an option', (name) => {
  const options = Object.defineProperty({}, name, { value: true, enumerable: true });
  expect(() => look(options)).toThrow(`f has no option "${name}"; there are isOn`);
});

test('what the options have inherited is looked at, too', () => {
  expect(() => look(Object.create({ isOn: 'yes' }))).toThrow('isOn must be true or false, not "yes"');
  expect(() => look(Object.create({ other: 1 }))).not.toThrow();
});

test('a number that is none of the integers is a RangeError, anything else a TypeError', () => {
  const check = integer('a number of bytes', 0, 5) as (value: unknown, name: string) => void;
  for (const value of [0, 5]) expect(() => check(value, 'n')).not.toThrow();
  for (const value of [-1, 6, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => check(value, 'n')).toThrow(RangeError);
  }
  for (const value of ['5', null, 5n, [5]]) expect(() => check(value, 'n')).toThrow(TypeError);
});

test('an AbortSignal is one by its shape', () => {
  const check = anAbortSignal as (value: unknown, name: string) => void;
  expect(() => check(AbortSignal.abort(), 'signal')).not.toThrow();
  expect(() => check(new AbortController(), 'signal')).toThrow('signal must be an AbortSignal, not an AbortController');
  expect(() => check({ aborted: false }, 'signal')).toThrow('signal must be an AbortSignal, not an object');
});

test('names and values are no list of pairs', () => {
  const check = namesAndValues as (value: unknown, name: string) => void;
  expect(() => check({ a: 'b' }, 'headers')).not.toThrow();
  expect(() => check(new Map([['a', 'b']]), 'headers')).toThrow('not a Map');
  expect(() => check([['a', 'b']], 'headers')).toThrow('not a list');
});

describe('what was given, in a message', () => {
  test.each([
    ['5', '"5"'],
    [5, '5'],
    [5n, '5'],
    [null, 'null'],
    [true, 'true'],
    [Symbol('x'), 'Symbol(x)'],
    [() => {}, 'a function'],
    [[], 'a list'],
    [{}, 'an object'],
    [Object.create(null), 'an object'],
    [new Headers(), 'a Headers'],
    ['a\r\nb', '"a\\r\\nb"'],
    ['x'.repeat(61), `"${'x'.repeat(60)}…"`],
  ])('%#', (value, text) => {
    expect(shown(value)).toBe(text);
  });
});
