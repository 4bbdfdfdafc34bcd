/** Strategy: heads whole, cut in two anywhere and octet by octet; the limit on both sides of its last octet. */
import { describe, expect, test } from 'vitest';
import { HeadScanner } from '../../../src/node/head/head-scanner.ts';
import { byteByByte, everySplit, latin1, octets } from '../../support/octets.ts';

const HEAD = 'GET / HTTP/1.1\r\nA: b\r\n\r\n';

/** What a scanner finds in the pieces: the head, and what of its piece was left. */
function scan(pieces: Iterable<Uint8Array>, maxHeadBytes = 64, skipsEmptyLines = false) {
  const scanner = new HeadScanner(maxHeadBytes, skipsEmptyLines);
  for (const piece of pieces) {
    const found = scanner.write(piece);
    if (found !== undefined) return { head: latin1(found.head), rest: latin1(found.rest) };
  }
  return { bytes: scanner.bytes };
}

describe('RFC 9112 §2.1: the head ends with an empty line', () => {
  test('at any split', () => {
    expect(scan(byteByByte(octets(HEAD)))).toEqual({ head: HEAD, rest: '' });
    for (const pieces of everySplit(octets(HEAD))) expect(scan(pieces)).toEqual({ head: HEAD, rest: '' });
  });

  test('and what lies behind it is the rest, more heads included', () => {
    expect(scan([octets(`${HEAD}${HEAD}\n`)])).toEqual({ head: HEAD, rest: `${HEAD}\n` });
  });

  test('no proper prefix has one', () => {
    for (let length = 0; length < HEAD.length; length++) {
      expect(scan([octets(HEAD.slice(0, length))])).toEqual({ bytes: length });
    }
  });

  test('more octets than the first room holds', () => {
    const long = `A: ${'b'.repeat(5000)}\r\n\r\n`;
    expect(scan(byteByByte(octets(long)), 8192)).toEqual({ head: long, rest: '' });
    expect(scan([octets(long)], 8192)).toEqual({ head: long, rest: '' });
  });
});

describe('RFC 9112 §2.2: empty lines before a request', () => {
  test('are passed over, at any split', () => {
    const input = octets(`\r\n\r\n${HEAD}`);
    expect(scan(byteByByte(input), 64, true)).toEqual({ head: HEAD, rest: '' });
    for (const pieces of everySplit(input)) expect(scan(pieces, 64, true)).toEqual({ head: HEAD, rest: '' });
  });

  test('are a head where they are not', () => {
    expect(scan([octets(`\r\n${HEAD}`)])).toEqual({ head: '\r\n', rest: HEAD });
  });

  test('must end too: eight are passed over, one more is malformed, at any split', () => {
    expect(scan([octets('\r\n'.repeat(8) + HEAD)], 64, true)).toEqual({ head: HEAD, rest: '' });
    const refusal = expect.objectContaining({ code: 'ERR_HEAD_MALFORMED' });
    expect(() => scan([octets('\r\n'.repeat(9))], 64, true)).toThrow(refusal);
    expect(() => scan(byteByByte(octets('\r\n'.repeat(9))), 64, true)).toThrow(refusal);
  });
});

describe('RFC 9112 §2.2: a bare LF is refused', () => {
  test.each([
    ['\n', 0],
    ['GET / HTTP/1.1\n', 14],
    ['GET / HTTP/1.1\r\nA: b\n\n', 20],
    ['GET / HTTP/1.1\r\n\n', 16],
    ['GET / HTTP/1.1\r\nA: b\r\r\n\n', 23],
    ['\r\r\n\n', 3],
  ])('%j at octet %i, at any split', (text, offset) => {
    const refusal = expect.objectContaining({ code: 'ERR_HEAD_MALFORMED', offset });
    expect(() => scan(byteByByte(octets(text)))).toThrow(refusal);
    for (const pieces of everySplit(octets(text))) expect(() => scan(pieces)).toThrow(refusal);
  });
});

describe('the limit', () => {
  test('as long as the limit, whatever lies behind it', () => {
    expect(scan([octets(HEAD + 'x'.repeat(100))], HEAD.length)).toEqual({ head: HEAD, rest: 'x'.repeat(100) });
    expect(scan(byteByByte(octets(HEAD)), HEAD.length)).toEqual({ head: HEAD, rest: '' });
  });

  test('one octet over it, at any split', () => {
    const refusal = expect.objectContaining({ code: 'ERR_HEAD_LIMIT' });
    expect(() => scan(byteByByte(octets(HEAD)), HEAD.length - 1)).toThrow(refusal);
    for (const pieces of everySplit(octets(HEAD))) expect(() => scan(pieces, HEAD.length - 1)).toThrow(refusal);
  });

  test('as many octets as the limit without an end are waited with, one more is refused', () => {
    expect(scan([octets('A'.repeat(64))])).toEqual({ bytes: 64 });
    expect(() => scan([octets('A'.repeat(65))])).toThrow(expect.objectContaining({ code: 'ERR_HEAD_LIMIT' }));
  });
});
