/**
 * What an application may hand over as a name, a value, a type or a message, knowingly or from its own users: with CR, LF,
 * NUL and whatever turns into one of them where code units are cut to octets; and things that are no strings.
 */
import fc from 'fast-check';

const PARTS = [
  ...['\r', '\n', '\0', '\r\n', '\r\n\r\n', '\n\n', '\r\n ', '\r\n\t', '\v', '\f', '\x1b', '\x7f', '\x85', '\u2028'],
  // The low octets are 0D, 0A and 00.
  ...['\u010d', '\u010a', '\u0100', '\u0d0a', '\u560d\u560a', '\u{1f40d}\u{1f40a}', '\ud80d', '\udc0a'],
  ...[
    'a',
    'x-y',
    'X: y',
    'Set-Cookie: a=b',
    'HTTP/1.1 200 OK',
    '0\r\n\r\n',
    ' ',
    '\t',
    '"',
    '\\',
    ';',
    ':',
    '=',
    '%0d%0a',
  ],
];

export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.array(fc.constantFrom(...PARTS), { minLength: 1, maxLength: 5 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 12 }),
);

/** Strings, and what is none; some of those are harmless when they are looked at, and hostile afterwards. */
export const hostileThing: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: hostileText },
  fc.constantFrom<unknown>(null, undefined, true, 1, Number.NaN, -1, 1.5, Symbol.iterator, () => 'a\r\nb'),
  hostileText.map((text) => [text]),
  hostileText.map((text) => Buffer.from(text)),
  fc.tuple(hostileText, fc.nat(3)).map(([text, looks]) => {
    let left = looks;
    return { length: 1, toString: () => (left-- > 0 ? 'a' : text) };
  }),
);

/** For where a test wants the odd good one among them. */
export const perhapsHostile = (good: string): fc.Arbitrary<string> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(good) }, { weight: 1, arbitrary: hostileText }) as fc.Arbitrary<string>;

/** Nothing but what one line may carry: no CR, LF, NUL or other control but HTAB. */
export const LINE = /^[\t\x20-\x7e\x80-\xff]*$/;
