/**
 * Strategy: the grammar of chunks, as a table of chunk lines that are in it and one of octets that are not, with the offset
 * of the first octet that cannot stand where it does. Every wire is decoded whole, byte by byte and at every split.
 * The other halves: decoder-trailers, decoder-limits, decoder-abort, decoder-interface.
 */
import { describe, test } from 'vitest';
import { expectAccepted, expectMalformed, expectRefused, expectTruncated } from '../support/decoding.ts';
import { latin1, pattern } from '../support/octets.ts';

describe('RFC 9112 §7.1: chunked bodies', () => {
  test.each([
    ['no content', '0\r\n\r\n', ''],
    ['one chunk', '5\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['two chunks', '1\r\nh\r\n4\r\nello\r\n0\r\n\r\n', 'hello'],
    ['CRLF as data', '4\r\n\r\n\r\n\r\n0\r\n\r\n', '\r\n\r\n'],
    ['a chunked body as data', 'f\r\n5\r\nhello\r\n0\r\n\r\n\r\n0\r\n\r\n', '5\r\nhello\r\n0\r\n\r\n'],
    ['NUL and obs-text as data', '3\r\n\0\xff\x80\r\n0\r\n\r\n', '\0\xff\x80'],
    ['a size in upper case', 'A\r\n0123456789\r\n0\r\n\r\n', '0123456789'],
    ['a size in lower case', 'a\r\n0123456789\r\n0\r\n\r\n', '0123456789'],
    ['a size of two digits', '1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n', 'abcdefghijklmnopqrstuvwxyz'],
    ['leading zeros', '0005\r\nhello\r\n0\r\n\r\n', 'hello'],
    ['more leading zeros than a number has digits', `${'0'.repeat(40)}5\r\nhello\r\n0\r\n\r\n`, 'hello'],
    ['a last-chunk of several zeros', '5\r\nhello\r\n0000000000000000\r\n\r\n', 'hello'],
  ])('%s', (_, wire, data) => {
    expectAccepted(wire, data);
  });

  test('small chunks and large ones, one after the other', () => {
    const sizes = [1, 700, 2048, 3, 2049, 16, 15];
    const chunks = sizes.map((size) => latin1(pattern(size, size)));
    const wire = chunks.map((data) => `${data.length.toString(16)}\r\n${data}\r\n`).join('');
    expectAccepted(`${wire}0\r\n\r\n`, chunks.join(''));
  });
});

describe('RFC 9112 §7.1.1: chunk extensions', () => {
  test.each([
    ['a name', ';a'],
    ['a name of all tchars', ";!#$%&'*+-.^_`|~09azAZ"],
    ['a token as value', ';a=b'],
    ['a value of all tchars', ";a=!#$%&'*+-.^_`|~09azAZ"],
    ['an empty quoted-string', ';a=""'],
    ['a quoted-string', ';a="b c;d=e,f\t\x21\x7e\x80\xff"'],
    ['quoted-pairs', ';a="\\"\\\\\\a\\ \\\t\\\xff"'],
    ['several', ';a;b=c;d="e";a'],
    ['BWS before ";"', ' ;a'],
    ['BWS of HTABs and SPs before ";"', ' \t ;a'],
    ['BWS behind ";"', '; \ta'],
    ['BWS around "="', ';a \t=\t b'],
    ['BWS around "=" of a quoted-string', ';a = "b"'],
    ['BWS between extensions', ';a ; b = c\t;\td="e" ;f'],
  ])('%s', (_, extensions) => {
    expectAccepted(`5${extensions}\r\nhello\r\n0\r\n\r\n`, 'hello');
    expectAccepted(`5\r\nhello\r\n000${extensions}\r\n\r\n`, 'hello');
  });
});

describe('RFC 9112 §7.1: what is no chunk-size', () => {
  test.each([
    ['nothing', '\r\n', 0],
    ['a space before it', ' 5\r\n', 0],
    ['a letter that is no HEXDIG', 'g\r\n', 0],
    ['a letter behind digits', '5g\r\n', 1],
    ['a sign', '+5\r\n', 0],
    ['a minus', '-5\r\n', 0],
    ['0x', '0x5\r\n', 1],
    ['an underscore', '1_0\r\n', 1],
    ['a decimal point', '5.0\r\n', 1],
    ['a full-width digit', '\xef\xbc\x95\r\n', 0],
    ['an extension alone', ';a\r\n', 0],
    ['a comma', '5,a\r\n', 1],
    ['a NUL', '5\0\r\n', 1],
    ['whitespace alone behind it', '5 \r\n', 2],
    ['a tab alone behind it', '5\t\r\n', 2],
    ['whitespace within', '5 5\r\n', 2],
    ['LF', '5\nhello\n', 1],
    ['LF behind whitespace', '5 \n', 2],
    ['CR alone', '5\rhello', 2],
    ['CR CR LF', '5\r\r\n', 2],
  ])('%s', (_, wire, offset) => {
    expectMalformed(wire, offset);
    expectMalformed(`1\r\na\r\n${wire}`, offset + 6, { data: 'a' });
  });
});

describe('RFC 9112 §7.1.1: what is no chunk extension', () => {
  test.each([
    ['no name', ';\r\n', 2],
    ['no name before ";"', ';;a\r\n', 2],
    ['no name but whitespace', '; ;a\r\n', 3],
    ['no name before "="', ';=b\r\n', 2],
    ['a name that is no token', ';"a"\r\n', 2],
    ['obs-text in a name', ';\xe9\r\n', 2],
    ['a comma behind a name', ';a,b\r\n', 3],
    ['a colon behind a name', ';a:b\r\n', 3],
    ['two names', ';a b\r\n', 4],
    ['whitespace at the end, behind a name', ';a \r\n', 4],
    ['no value', ';a=\r\n', 4],
    ['no value before ";"', ';a=;b\r\n', 4],
    ['no value but whitespace', ';a= \r\n', 5],
    ['two "="', ';a==b\r\n', 4],
    ['"=" behind a value', ';a=b=c\r\n', 5],
    ['two values', ';a=b c\r\n', 6],
    ['obs-text in a value', ';a=\xe9\r\n', 4],
    ['single quotes are tchars: a space between them', ";a='b c'\r\n", 7],
    ['DQUOTE within a token', ';a=b"c"\r\n', 5],
    ['text behind a quoted-string', ';a="b"c\r\n', 7],
    ['two quoted-strings', ';a="b""c"\r\n', 7],
    ['whitespace at the end, behind a value', ';a=b \r\n', 6],
    ['whitespace at the end, behind a quoted-string', ';a="b" \r\n', 8],
    ['CRLF in a quoted-string', ';a="b\r\n"\r\n', 6],
    ['LF in a quoted-string', ';a="b\n"\r\n', 6],
    ['CR in a quoted-pair', ';a="\\\r\n"\r\n', 6],
    ['LF in a quoted-pair', ';a="\\\n"\r\n', 6],
    ['NUL in a quoted-string', ';a="\0"\r\n', 5],
    ['DEL in a quoted-string', ';a="\x7f"\r\n', 5],
    ['NUL in a quoted-pair', ';a="\\\0"\r\n', 6],
    ['LF behind a name', ';a\n', 3],
    ['LF behind ";"', ';\n', 2],
    ['LF behind a value', ';a=b\n', 5],
    ['LF behind a quoted-string', ';a="b"\n', 7],
    ['LF behind whitespace', ';a \n', 4],
    ['CR alone', ';a\rb', 4],
  ])('%s', (_, extensions, offset) => {
    expectMalformed(`5${extensions}hello\r\n0\r\n\r\n`, offset);
    expectMalformed(`0${extensions}\r\n`, offset);
  });
});

describe('RFC 9112 §7.1: what does not end chunk-data', () => {
  test.each([
    ['LF', '5\r\nhello\n0\r\n\r\n', 8, 'hello'],
    ['CR alone', '5\r\nhello\r0\r\n\r\n', 9, 'hello'],
    ['nothing', '5\r\nhello0\r\n\r\n', 8, 'hello'],
    ['whitespace', '5\r\nhello \r\n0\r\n\r\n', 8, 'hello'],
    ['more data', '5\r\nhellooo\r\n0\r\n\r\n', 8, 'hello'],
    ['LF CR', '5\r\nhello\n\r0\r\n\r\n', 8, 'hello'],
    ['less data: the CR is taken for data', '5\r\nhell\r\n0\r\n\r\n', 8, 'hell\r'],
    ['CRLF twice', '5\r\nhello\r\n\r\n0\r\n\r\n', 10, 'hello'],
    ['LF, behind a chunk of many digits', '00000005\r\nhello\n', 15, 'hello'],
    ['LF, behind an extension', '5;a\r\nhello\n', 10, 'hello'],
  ])('%s', (_, wire, offset, data) => {
    expectMalformed(wire, offset, { data });
  });
});

describe('RFC 9112 §7.1: very large sizes', () => {
  test('2^53-1 is read exactly', () => {
    expectTruncated('1fffffffffffff\r\nab', { data: 'ab' });
    expectTruncated('00001FFFFFFFFFFFFF\r\nab', { data: 'ab' });
  });

  test.each([
    ['2^53', '20000000000000', 13],
    ['2^56-1', 'ffffffffffffff', 13],
    ['2^64-1', 'ffffffffffffffff', 13],
    ['2^64, which could wrap to 0', '10000000000000000', 14],
    ['2^64+5, which could wrap to 5', '0010000000000000005', 16],
    ['a thousand digits', 'f'.repeat(1000), 13],
  ])('%s is refused, at the first digit that is too much', (_, size, offset) => {
    expectRefused(`${size}\r\nhello\r\n0\r\n\r\n`, 'ERR_FRAMING_LIMIT', offset);
  });

  test.each([['100000005'], ['80000005'], ['100000000'], ['10000005']])('%s is not cut to 32 or 28 bits', (size) => {
    expectTruncated(`${size}\r\nhello\r\n0\r\n\r\n`, { data: 'hello\r\n0\r\n\r\n' });
  });
});

describe('RFC 9112 §8: a body is incomplete until its last CRLF', () => {
  const wire = '5;a="b"\r\nhello\r\n0 ;c\r\nA: b\r\n\r\n';
  for (let length = 0; length < wire.length; length++) {
    test(`${JSON.stringify(wire.slice(0, length))} is cut short`, () => {
      const dataStart = '5;a="b"\r\n'.length;
      const data = wire.slice(dataStart, Math.min(length, dataStart + 5));
      const hasTrailer = length >= wire.length - 2;
      expectTruncated(wire.slice(0, length), { data, trailers: hasTrailer ? [['A', 'b']] : [] });
    });
  }
});
