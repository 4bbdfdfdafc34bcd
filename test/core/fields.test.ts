/** Strategy: the deny-list of RFC 9110 §6.5.1 by its groups; field lines both ways, with the injections refused. */
import { describe, expect, test } from 'vitest';
import {
  assertTrailerName,
  type FieldPairs,
  fieldPairFromLine,
  fieldValue,
  mayTrail,
  serializeFieldLines,
  serializeTrailers,
  withoutForbiddenTrailers,
} from '../../src/core/fields.ts';
import { latin1, octets } from '../support/octets.ts';

const FORBIDDEN = {
  'message framing': 'Transfer-Encoding Content-Length Trailer TE Connection Keep-Alive Proxy-Connection Upgrade',
  routing: 'Host Location Content-Location Forwarded Via Max-Forwards X-Forwarded-For X-Forwarded-Host',
  authentication:
    'Authorization Proxy-Authorization WWW-Authenticate Proxy-Authenticate Authentication-Info Cookie Set-Cookie',
  'request modifiers':
    'Accept Accept-Charset Accept-Encoding Accept-Language Expect From Referer User-Agent If-Match If-None-Match ' +
    'If-Modified-Since If-Unmodified-Since If-Range Range Prefer',
  'response controls': 'Age Cache-Control Date Expires Pragma Retry-After Vary Warning Set-Cookie',
  'content format': 'Content-Encoding Content-Type Content-Range Content-Language Content-Disposition',
};

describe('which names may trail', () => {
  for (const [group, names] of Object.entries(FORBIDDEN)) {
    test(`RFC 9110 §6.5.1: ${group} may not, in any case`, () => {
      const spellings = names.split(' ').flatMap((name) => [name, name.toLowerCase(), name.toUpperCase()]);
      expect(spellings.filter(mayTrail)).toEqual([]);
      for (const name of spellings) expect(() => assertTrailerName(name), name).toThrow(TypeError);
    });
  }

  test('a seal and what servers put behind a body may', () => {
    const names = [
      'X-Stream-Status',
      'Content-Digest',
      'Repr-Digest',
      'Server-Timing',
      'ETag',
      'Accept-Ranges',
      'grpc-status',
      'x',
    ];
    expect(names.filter((name) => !mayTrail(name))).toEqual([]);
    for (const name of names) assertTrailerName(name);
  });

  test('received, the others are left out of the view, and the order is kept', () => {
    const raw: FieldPairs = [
      ['B', '1'],
      ['content-LENGTH', '5'],
      ['a', '2'],
      ['Host', 'evil'],
      ['B', '3'],
    ];
    expect(withoutForbiddenTrailers(raw)).toEqual([
      ['B', '1'],
      ['a', '2'],
      ['B', '3'],
    ]);
    expect(raw).toHaveLength(5);
  });
});

describe('pairs as field lines', () => {
  test('RFC 9112 §5: name, colon, SP, value, CRLF; order and case kept', () => {
    expect(
      serializeFieldLines([
        ['B', '1'],
        ['a', ''],
        ['B', '\xe9\t"x"'],
      ]),
    ).toBe('B: 1\r\na: \r\nB: \xe9\t"x"\r\n');
    expect(serializeFieldLines([])).toBe('');
  });

  test.each([[''], ['a b'], ['a:'], ['a\r\nb'], ['é'], [' a']])('RFC 9110 §5.1: %j is no field name', (name) => {
    expect(() => serializeFieldLines([[name, 'x']])).toThrow(TypeError);
    expect(() => serializeTrailers([[name, 'x']])).toThrow(TypeError);
  });

  test.each([['a\r\nSet-Cookie: b'], ['a\n'], ['a\r'], ['\0'], ['\x7f'], ['\u0100'], ['€']])(
    'RFC 9110 §5.5: a field value cannot carry %j',
    (value) => {
      expect(() => serializeFieldLines([['X', value]])).toThrow(TypeError);
      expect(() => serializeTrailers([['X', value]])).toThrow(TypeError);
    },
  );

  test('RFC 9112 §7.1.2: a trailer section is its field lines as octets', () => {
    expect(
      latin1(
        serializeTrailers([
          ['X-A', '\xff'],
          ['X-B', '2'],
        ]),
      ),
    ).toBe('X-A: \xff\r\nX-B: 2\r\n');
    expect(serializeTrailers([])).toEqual(octets(''));
  });

  test('RFC 9110 §6.5.1: one forbidden name among others is refused', () => {
    expect(() =>
      serializeTrailers([
        ['X-A', '1'],
        ['content-length', '2'],
      ]),
    ).toThrow(TypeError);
  });
});

describe('field lines as pairs', () => {
  test.each<[string, [string, string]]>([
    ['a:b', ['a', 'b']],
    ['A: b', ['A', 'b']],
    ['a: \t b c \t', ['a', 'b c']],
    ['a:', ['a', '']],
    ['a: \t ', ['a', '']],
    ['a::b: c', ['a', ':b: c']],
    ['a: \xe9\xff', ['a', '\xe9\xff']],
  ])('RFC 9112 §5: %j without the whitespace around its value', (line, pair) => {
    expect(fieldPairFromLine(line)).toEqual(pair);
  });
});

describe('the value of a field', () => {
  const fields: FieldPairs = [
    ['X-A', '1'],
    ['X-B', '2'],
    ['x-a', '3'],
  ];

  test('RFC 9110 §5.3: all its lines in order as a list; names have no case', () => {
    expect(fieldValue(fields, 'X-a')).toBe('1, 3');
    expect(fieldValue(fields, 'x-b')).toBe('2');
  });

  test('none is undefined, an empty one is empty', () => {
    expect(fieldValue(fields, 'x')).toBeUndefined();
    expect(fieldValue([['X', '']], 'x')).toBe('');
  });
});
