/**
 * Strategy: each framing as octets in, content and an end out: whole, octet by octet, and with octets behind the body.
 * The chunked reader is the core's Decoder, which has tests of its own.
 */
import { describe, expect, test } from 'vitest';
import { DEFAULT_LIMITS, type Limits } from '../../../src/core/limits.ts';
import type { BodyFraming } from '../../../src/node/head/message-head.ts';
import { type BodyReader, bodyReaderFor } from '../../../src/node/receive/body-reader.ts';
import { byteByByte, concat, everySplit, latin1, octets } from '../../support/octets.ts';

function readerFor(framing: BodyFraming, limits: Partial<Limits> = {}) {
  const pieces: Uint8Array[] = [];
  const reader = bodyReaderFor(framing, { ...DEFAULT_LIMITS, ...limits }, (data) => pieces.push(data));
  return { reader, content: () => latin1(concat(pieces)), pieces };
}

const state = ({ done, error, rest }: BodyReader) => ({ done, code: error?.code, rest: latin1(rest) });

describe('RFC 9112 §6.3 rule 6: a length', () => {
  test('is done with its last octet, at any split', () => {
    for (const pieces of [...everySplit(octets('hello')), byteByByte(octets('hello'))]) {
      const { reader, content } = readerFor({ kind: 'length', bytes: 5 });
      for (const piece of pieces) {
        expect(reader.done).toBe(false);
        if (piece.length > 0) reader.write(piece);
        if (content() === 'hello') break;
      }
      expect(content()).toBe('hello');
      expect(state(reader)).toEqual({ done: true, code: undefined, rest: '' });
      reader.end();
      expect(state(reader)).toEqual({ done: true, code: undefined, rest: '' });
    }
  });

  test('what came behind it is not content', () => {
    const { reader, content } = readerFor({ kind: 'length', bytes: 5 });
    reader.write(octets('helloHTTP/1.1'));
    expect(content()).toBe('hello');
    expect(state(reader)).toEqual({ done: true, code: undefined, rest: 'HTTP/1.1' });
  });

  test('what came behind it is kept though the content is thrown back, and more comes', () => {
    const reader = bodyReaderFor({ kind: 'length', bytes: 5 }, DEFAULT_LIMITS, () => {
      throw new Error('of the application');
    });
    expect(() => reader.write(octets('helloHTTP'))).toThrow('of the application');
    reader.write(octets('/1.1'));
    expect(state(reader)).toEqual({ done: true, code: undefined, rest: 'HTTP/1.1' });
  });

  test('of zero is done at once, and gives no data', () => {
    const { reader, pieces } = readerFor({ kind: 'length', bytes: 0 });
    expect(reader.done).toBe(true);
    reader.write(octets('next'));
    expect(state(reader)).toEqual({ done: true, code: undefined, rest: 'next' });
    expect(pieces).toEqual([]);
  });

  test('RFC 9112 §8: fewer octets are truncated', () => {
    for (let length = 0; length < 5; length++) {
      const { reader, content } = readerFor({ kind: 'length', bytes: 5 });
      reader.write(octets('hello'.slice(0, length)));
      expect(state(reader)).toEqual({ done: false, code: undefined, rest: '' });
      reader.end();
      expect(reader.error).toMatchObject({ code: 'ERR_FRAMING_TRUNCATED', bytes: length, offset: length });
      expect(reader.done).toBe(false);
      expect(content()).toBe('hello'.slice(0, length));
    }
  });

  test('over the limit is refused before any octet', () => {
    const { reader, content } = readerFor({ kind: 'length', bytes: 6 }, { maxBodyBytes: 5 });
    expect(reader.error).toMatchObject({ code: 'ERR_FRAMING_LIMIT' });
    reader.write(octets('hello!'));
    expect(content()).toBe('');
    expect(readerFor({ kind: 'length', bytes: 5 }, { maxBodyBytes: 5 }).reader.error).toBeUndefined();
  });
});

describe('RFC 9112 §6.3 rule 8: until close', () => {
  test('is done with the input, and not before', () => {
    const { reader, content } = readerFor({ kind: 'until-close' });
    for (const piece of byteByByte(octets('hello'))) reader.write(piece);
    expect(state(reader)).toEqual({ done: false, code: undefined, rest: '' });
    reader.end();
    expect(state(reader)).toEqual({ done: true, code: undefined, rest: '' });
    expect(content()).toBe('hello');
  });

  test('may be empty', () => {
    const { reader } = readerFor({ kind: 'until-close' });
    reader.end();
    expect(reader.done).toBe(true);
  });

  test('over the limit is refused where it passes it', () => {
    const { reader, content } = readerFor({ kind: 'until-close' }, { maxBodyBytes: 5 });
    reader.write(octets('hello'));
    expect(reader.error).toBeUndefined();
    reader.write(octets('!'));
    expect(reader.error).toMatchObject({ code: 'ERR_FRAMING_LIMIT', bytes: 5 });
    reader.end();
    expect(reader.done).toBe(false);
    expect(content()).toBe('hello');
  });
});

test('RFC 9112 §6.3 rule 1: no content', () => {
  const { reader, content } = readerFor({ kind: 'none' });
  expect(reader.done).toBe(true);
  reader.write(octets('HTTP/1.1'));
  expect(state(reader)).toEqual({ done: true, code: undefined, rest: 'HTTP/1.1' });
  expect(content()).toBe('');
});

test('RFC 9112 §6.3 rule 4: chunked, with trailers and octets behind it', () => {
  const { reader, content } = readerFor({ kind: 'chunked' });
  reader.write(octets('5\r\nhello\r\n0\r\nA: b\r\n\r\nnext'));
  expect(content()).toBe('hello');
  expect(reader.rawTrailers).toEqual([['A', 'b']]);
  expect(state(reader)).toEqual({ done: true, code: undefined, rest: 'next' });
});

test('limits are passed to the chunked reader', () => {
  const { reader } = readerFor({ kind: 'chunked' }, { maxBodyBytes: 4 });
  reader.write(octets('5\r\nhello\r\n'));
  expect(reader.error).toMatchObject({ code: 'ERR_FRAMING_LIMIT' });
});
