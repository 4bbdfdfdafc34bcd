/** Strategy: RFC 9110 §6.5.1 and §6.6.2 for the application's own trailer fields: only announced names, only ones that may trail. */
import { describe, expect, test } from 'vitest';
import { areTrailers } from '../../src/core/options.ts';
import { type ExtraTrailers, ownTrailers, trailerNames } from '../../src/core/seal.ts';

const extra = (names: string[], fields: ExtraTrailers['fields'] = () => []): ExtraTrailers => ({ names, fields });

describe('the names', () => {
  test('are announced as they were given; none without the option', () => {
    expect(trailerNames(extra(['Server-Timing', 'x-a']))).toEqual(['Server-Timing', 'x-a']);
    expect(trailerNames(undefined)).toEqual([]);
  });

  test.each(['Content-Length', 'transfer-encoding', 'Host', 'Set-Cookie', 'Authorization', 'Content-Type', 'Trailer'])(
    'RFC 9110 §6.5.1: %s may not trail',
    (name) => {
      expect(() => trailerNames(extra([name]))).toThrow(TypeError);
    },
  );

  test.each(['X-Stream-Status', 'content-digest', 'CONTENT-DIGEST'])('%s is the seal’s own', (name) => {
    expect(() => trailerNames(extra([name]))).toThrow(TypeError);
  });

  test.each(['', 'a b', 'a:', 'a\r\nb', 'ä'])('RFC 9110 §5.1: %j is no field name', (name) => {
    expect(() => trailerNames(extra([name]))).toThrow(TypeError);
  });

  test.each([{}, { names: 'A', fields: () => [] }, { names: ['A'] }, { names: ['A'], fields: [] }, { names: [5] }])(
    '%j has another shape',
    (shape) => {
      expect(() => areTrailers(shape as never, 'extraTrailers')).toThrow(TypeError);
    },
  );
});

describe('the fields', () => {
  test('are those of the announced names, in any case, repeated or left out', () => {
    const fields: [string, string][] = [
      ['server-timing', 'a;dur=1'],
      ['Server-Timing', 'b;dur=2'],
    ];
    expect(ownTrailers(extra(['Server-Timing', 'X-Not-Sent'], () => fields))).toEqual(fields);
    expect(ownTrailers(undefined)).toEqual([]);
  });

  test('RFC 9110 §6.6.2: a field that was not announced is a TypeError', () => {
    expect(() => ownTrailers(extra(['A'], () => [['B', 'c']]))).toThrow(/B.*not been announced/);
    expect(() => ownTrailers(extra(['A'], () => [['B', 'c']]))).toThrow(TypeError);
  });

  test('what fields() throws is thrown', () => {
    const error = new Error('no timing');
    const fields = () => {
      throw error;
    };
    expect(() => ownTrailers(extra(['A'], fields))).toThrow(error);
  });
});
