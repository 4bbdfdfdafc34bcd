/**
 * Strategy: each bound at its last legal octet and at the first one past it. The rules are shown with small numbers, at every
 * split; the default numbers with an attack and its legal neighbour.
 */
import { describe, expect, test } from 'vitest';
import { decodePieces, expectAccepted, expectRefused, expectTruncated } from '../support/decoding.ts';
import { byteByByte, octets } from '../support/octets.ts';

describe('RFC 9112 §7.1.1: maxChunkLineBytes counts a chunk line with its CRLF', () => {
  test('its last legal octet, and the first past it', () => {
    const limits = { maxChunkLineBytes: 10 };
    expectAccepted('5;aaaaaa\r\nhello\r\n0;bbbbbb\r\n\r\n', 'hello', { limits });
    expectRefused('5;aaaaaaa\r\nhello', 'ERR_FRAMING_LIMIT', 10, { limits });
    expectRefused('5\r\nhello\r\n0;bbbbbbb\r\n', 'ERR_FRAMING_LIMIT', 20, { data: 'hello', limits });
  });

  test('leading zeros are bounded by it', () => {
    expectAccepted('05\r\nhello\r\n0\r\n\r\n', 'hello', { limits: { maxChunkLineBytes: 4 } });
    expectRefused('005\r\nhello\r\n', 'ERR_FRAMING_LIMIT', 4, { limits: { maxChunkLineBytes: 4 } });
    expectRefused('0000000005\r\nhello\r\n', 'ERR_FRAMING_LIMIT', 9, { limits: { maxChunkLineBytes: 9 } });
  });

  test('4096 by default', () => {
    const line = (length: number) => `5;${'a'.repeat(length - 4)}\r\n`;
    const body = 'hello\r\n0\r\n\r\n';
    for (const feed of [(data: Uint8Array) => [data], byteByByte]) {
      expect(decodePieces(feed(octets(line(4096) + body)))).toMatchObject({ done: true, data: 'hello' });
      const over = decodePieces(feed(octets(line(4097) + body)));
      expect(over).toMatchObject({ code: 'ERR_FRAMING_LIMIT', offset: 4096, data: '' });
    }
  });
});

describe('maxChunkOverheadBytes bounds what framing outweighs data by, over the whole body', () => {
  // A chunk line is allowed 16 octets and twice its data: 18 for a chunk of one octet.
  const chunk = (lineBytes: number) => `1;${'a'.repeat(lineBytes - 4)}\r\nx\r\n`;
  const limits = { maxChunkOverheadBytes: 10 };

  test('in one chunk', () => {
    expectAccepted(`${chunk(28)}0\r\n\r\n`, 'x', { limits });
    expectRefused(`${chunk(29)}0\r\n\r\n`, 'ERR_FRAMING_LIMIT', 28, { limits });
  });

  test('in several, adding up', () => {
    expectAccepted(`${chunk(23)}${chunk(23)}0\r\n\r\n`, 'xx', { limits });
    const wire = `${chunk(23)}${chunk(23)}${chunk(19)}0\r\n\r\n`;
    expectRefused(wire, 'ERR_FRAMING_LIMIT', 26 + 26 + 18, { data: 'xx', limits });
  });

  test('in a last-chunk', () => {
    expectAccepted(`0;${'a'.repeat(22)}\r\n\r\n`, '', { limits });
    expectRefused(`0;${'a'.repeat(23)}\r\n\r\n`, 'ERR_FRAMING_LIMIT', 26, { limits });
  });

  test('data pays it off', () => {
    const data = 'y'.repeat(16);
    expectAccepted(`${chunk(28)}10\r\n${data}\r\n${chunk(28)}0\r\n\r\n`, `x${data}x`, { limits });
  });

  test('chunks without extensions never add up', () => {
    const wire = `${chunk(28)}${'1\r\nx\r\n'.repeat(40)}0\r\n\r\n`;
    expectAccepted(wire, 'x'.repeat(41), { limits });
  });

  test('16384 by default: tiny chunks with extensions pass it, tiny chunks alone do not', () => {
    const attack = '1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n'; // a line of 42: 24 too many
    const neighbour = '1\r\nx\r\n';
    for (const feed of [(data: Uint8Array) => [data], byteByByte]) {
      const found = decodePieces(feed(octets(`${attack.repeat(1000)}0\r\n\r\n`)));
      // 682 times 24 is 16368, once more is too much: at the LF of that line.
      expect(found).toMatchObject({ code: 'ERR_FRAMING_LIMIT', offset: 682 * 45 + 41, bytes: 682 });
      expect(decodePieces(feed(octets(`${attack.repeat(682)}0\r\n\r\n`)))).toMatchObject({ done: true, bytes: 682 });
      expect(decodePieces(feed(octets(`${neighbour.repeat(20_000)}0\r\n\r\n`)))).toMatchObject({
        done: true,
        bytes: 20_000,
      });
    }
  });
});

describe('maxBodyBytes bounds the content', () => {
  test('by what chunks announce, before any of it is taken: at its first octet', () => {
    const limits = { maxBodyBytes: 5 };
    expectAccepted('5\r\nhello\r\n0\r\n\r\n', 'hello', { limits });
    expectAccepted('4\r\nhell\r\n1\r\no\r\n0\r\n\r\n', 'hello', { limits });
    expectRefused('6\r\nhello!\r\n', 'ERR_FRAMING_LIMIT', 3, { limits });
    expectRefused('4\r\nhell\r\n2\r\no!\r\n', 'ERR_FRAMING_LIMIT', 12, { data: 'hell', limits });
    expectRefused('1fffffffffffff\r\na', 'ERR_FRAMING_LIMIT', 16, { limits });
  });

  test('x-stream-status 4.3: the chunk that aborts a body has no data, so it may stand behind a body of that length', () => {
    const wire = '5\r\nhello\r\n1;x-stream-status="error;type=timeout"\r\n';
    expectTruncated(wire, { data: 'hello', abortReason: 'error;type=timeout', limits: { maxBodyBytes: 5 } });
    expectRefused(`${wire}!`, 'ERR_FRAMING_LIMIT', wire.length, { data: 'hello', limits: { maxBodyBytes: 5 } });
  });

  test('0 is a body without content', () => {
    expectAccepted('0\r\n\r\n', '', { limits: { maxBodyBytes: 0 } });
    expectRefused('1\r\na\r\n0\r\n\r\n', 'ERR_FRAMING_LIMIT', 3, { limits: { maxBodyBytes: 0 } });
  });
});

describe('RFC 9112 §7.1.2: maxTrailerBytes counts the trailer section without its final CRLF', () => {
  test('its last legal octet, and the first past it', () => {
    const limits = { maxTrailerBytes: 11 };
    const trailers: [string, string][] = [
      ['A', 'b'],
      ['C', ''],
    ];
    expectAccepted('0\r\nA: b\r\nC:  \r\n\r\n', '', { trailers, limits: { maxTrailerBytes: 12 } });
    expectAccepted('0\r\nA: b\r\nC: \r\n\r\n', '', { trailers, limits });
    expectRefused('0\r\nA: b\r\nC:  \r\n\r\n', 'ERR_FRAMING_LIMIT', 14, { trailers: [['A', 'b']], limits });
    expectRefused('0\r\nA: b\r\nC: \r\nD', 'ERR_FRAMING_LIMIT', 14, { trailers, limits });
  });

  test('0 is no trailer section', () => {
    expectAccepted('0\r\n\r\n', '', { limits: { maxTrailerBytes: 0 } });
    expectRefused('0\r\nA: b\r\n\r\n', 'ERR_FRAMING_LIMIT', 3, { limits: { maxTrailerBytes: 0 } });
  });

  test('16384 by default', () => {
    const wire = (length: number) => octets(`0\r\nA:${'b'.repeat(length - 4)}\r\n\r\n`);
    for (const feed of [(data: Uint8Array) => [data], byteByByte]) {
      expect(decodePieces(feed(wire(16384)))).toMatchObject({ done: true, rawTrailers: [['A', 'b'.repeat(16380)]] });
      expect(decodePieces(feed(wire(16385)))).toMatchObject({ code: 'ERR_FRAMING_LIMIT', offset: 3 + 16384 });
    }
  });
});

describe('maxTrailerFields counts field lines', () => {
  test('the last legal one, and the first past it', () => {
    expectAccepted('0\r\nA: b\r\n\r\n', '', { trailers: [['A', 'b']], limits: { maxTrailerFields: 1 } });
    const details = { trailers: [['A', 'b']] as [string, string][], limits: { maxTrailerFields: 1 } };
    expectRefused('0\r\nA: b\r\nA: c\r\n\r\n', 'ERR_FRAMING_LIMIT', 14, details);
    expectAccepted('0\r\n\r\n', '', { limits: { maxTrailerFields: 0 } });
  });

  test('128 by default', () => {
    const wire = (count: number) => octets(`0\r\n${'a:\r\n'.repeat(count)}\r\n`);
    expect(decodePieces([wire(128)])).toMatchObject({ done: true });
    expect(decodePieces([wire(129)])).toMatchObject({ code: 'ERR_FRAMING_LIMIT', offset: 3 + 129 * 4 - 1 });
  });
});
