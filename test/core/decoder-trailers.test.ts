/** Strategy: field lines of a trailer section that are in the grammar and that are not, and the octets behind the message. */
import { describe, test } from 'vitest';
import type { FieldPairs } from '../../src/core/fields.ts';
import { expectAccepted, expectMalformed, expectTruncated } from '../support/decoding.ts';

describe('RFC 9112 §7.1.2: trailer fields', () => {
  test.each<[string, string, FieldPairs]>([
    ['none', '', []],
    ['one', 'A: b\r\n', [['A', 'b']]],
    ['no whitespace', 'A:b\r\n', [['A', 'b']]],
    ['whitespace around the value', 'A: \t b \t\r\n', [['A', 'b']]],
    ['whitespace within the value', 'A: b \t c\r\n', [['A', 'b \t c']]],
    [
      'no value',
      'A:\r\nB: \t\r\n',
      [
        ['A', ''],
        ['B', ''],
      ],
    ],
    ['colons in the value', 'A::b: c\r\n', [['A', ':b: c']]],
    ['obs-text as latin1', 'A: \x80\xe9\xff\r\n', [['A', '\x80\xe9\xff']]],
    ['a name of all tchars', "!#$%&'*+-.^_`|~09azAZ: b\r\n", [["!#$%&'*+-.^_`|~09azAZ", 'b']]],
    ['a line that reads like a chunk-size', '5: hello\r\n', [['5', 'hello']]],
    [
      'repeated names, in order and in their case',
      'B: 1\r\na: 2\r\nB: 3\r\nb: 4\r\n',
      [
        ['B', '1'],
        ['a', '2'],
        ['B', '3'],
        ['b', '4'],
      ],
    ],
    [
      'RFC 9110 §6.5.1: names that may not trail stay visible',
      'Content-Length: 99\r\nTransfer-Encoding: chunked\r\n',
      [
        ['Content-Length', '99'],
        ['Transfer-Encoding', 'chunked'],
      ],
    ],
  ])('%s', (_, section, trailers) => {
    expectAccepted(`0\r\n${section}\r\n`, '', { trailers });
    expectAccepted(`5\r\nhello\r\n0;a\r\n${section}\r\nrest`, 'hello', { trailers, rest: 'rest' });
  });
});

describe('RFC 9112 §5: what is no field line', () => {
  test.each<[string, string, number, FieldPairs?]>([
    ['no name', ': b\r\n', 0],
    ['no colon', 'A\r\n', 1],
    ['no colon: a second last-chunk', '0\r\n\r\n', 1],
    ['a space before the name', ' A: b\r\n', 0],
    ['a tab before the name', '\tA: b\r\n', 0],
    ['RFC 9112 §5.1: a space before the colon', 'A : b\r\n', 1],
    ['RFC 9112 §5.1: a tab before the colon', 'A\t: b\r\n', 1],
    ['a name that is no token', 'A B: c\r\n', 1],
    ['a name with a delimiter', 'A(: b\r\n', 1],
    ['a name with obs-text', '\xe9: b\r\n', 0],
    ['a name in quotes', '"A": b\r\n', 0],
    ['RFC 9110 §5.5: NUL in a value', 'A: \0\r\n', 3],
    ['RFC 9110 §5.5: another control in a value', 'A: \x1b\r\n', 3],
    ['RFC 9110 §5.5: DEL in a value', 'A: \x7f\r\n', 3],
    ['LF behind a value', 'A: b\n', 4],
    ['LF behind a name', 'A\n', 1],
    ['RFC 9112 §2.2: a bare CR in a value', 'A: b\rc\r\n', 5],
    ['CR CR LF', 'A: b\r\r\n', 5],
    ['RFC 9112 §5.2: obs-fold with a space', 'A: b\r\n c\r\n', 6, [['A', 'b']]],
    ['RFC 9112 §5.2: obs-fold with a tab', 'A: b\r\n\tc\r\n', 6, [['A', 'b']]],
    ['LF as the empty line', 'A: b\r\n\n', 6, [['A', 'b']]],
  ])('%s', (_, section, offset, trailers = []) => {
    expectMalformed(`0\r\n${section}\r\n`, offset + 3, { trailers });
    expectMalformed(`1\r\na\r\n0\r\nX:1\r\n${section}\r\n`, offset + 14, {
      data: 'a',
      trailers: [['X', '1'], ...trailers],
    });
  });
});

describe('RFC 9112 §7.1: what does not end the body', () => {
  test.each([
    ['LF', '0\r\n\n', 3],
    ['CR alone', '0\r\n\rX', 4],
    ['CR CR LF', '0\r\n\r\r\n', 4],
    ['a NUL', '0\r\n\0', 3],
  ])('%s', (_, wire, offset) => {
    expectMalformed(wire, offset);
  });

  test('the last-chunk and its CRLF alone', () => {
    expectTruncated('0\r\n');
    expectTruncated('5\r\nhello\r\n0\r\n', { data: 'hello' });
  });
});

describe('RFC 9112 §6.3: octets behind the message are not its own', () => {
  test.each([
    ['a response', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['another chunked body', '0\r\n\r\n'],
    ['what would be malformed', '\r\n\0\n'],
    ['one octet', 'x'],
  ])('%s', (_, rest) => {
    expectAccepted(`0\r\n\r\n${rest}`, '', { rest });
    expectAccepted(`5\r\nhello\r\n0\r\nA: b\r\n\r\n${rest}`, 'hello', { trailers: [['A', 'b']], rest });
  });
});
