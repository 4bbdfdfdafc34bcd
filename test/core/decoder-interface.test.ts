/** Strategy: what a caller may rely on besides the grammar: state before, between and after, memory, errors, decodeChunked. */
import { describe, expect, test } from 'vitest';
import { Decoder, decodeChunked } from '../../src/core/decoder.ts';
import { FramingError } from '../../src/core/errors.ts';
import { concat, latin1, octets, pattern } from '../support/octets.ts';

function collect() {
  const data: Uint8Array[] = [];
  const decoder = new Decoder({ onData: (piece) => data.push(new Uint8Array(piece)) }); // a copy: Buffer’s slice is a view
  return { decoder, write: (text: string) => decoder.write(octets(text)), body: () => latin1(concat(data)) };
}

describe('a Decoder', () => {
  test('before anything came', () => {
    const { decoder } = collect();
    expect(decoder).toMatchObject({ done: false, error: undefined, bytes: 0, consumed: 0, abortReason: undefined });
    expect(decoder.rawTrailers).toEqual([]);
    expect(decoder.rest).toEqual(octets(''));
  });

  test('delivers data as it comes', () => {
    const { decoder, write, body } = collect();
    write('5\r\nhe');
    expect(body()).toBe('he');
    expect(decoder).toMatchObject({ bytes: 2, consumed: 5, done: false, error: undefined });
    write('llo\r\n0\r');
    expect(body()).toBe('hello');
    expect(decoder).toMatchObject({ bytes: 5, consumed: 12, done: false });
    write('\n\r\nnext');
    expect(decoder).toMatchObject({ bytes: 5, consumed: 15, done: true });
  });

  test('is done once the message is; its end and further ends change nothing', () => {
    const { decoder, write } = collect();
    write('0\r\n\r\n');
    expect(decoder.done).toBe(true);
    decoder.end();
    decoder.end();
    expect(decoder).toMatchObject({ done: true, error: undefined, consumed: 5 });
  });

  test('RFC 9112 §6.3: keeps what comes behind the message, from any number of writes', () => {
    const { decoder, write } = collect();
    write('0\r\n\r\nHTTP');
    expect(latin1(decoder.rest)).toBe('HTTP');
    write('');
    write('/1.1');
    write(' 200');
    expect(latin1(decoder.rest)).toBe('HTTP/1.1 200');
    expect(latin1(decoder.rest)).toBe('HTTP/1.1 200');
    expect(decoder).toMatchObject({ consumed: 5, error: undefined });
  });

  test('ignores what comes behind an error', () => {
    const { decoder, write, body } = collect();
    write('1\r\na\r\nX');
    const { error } = decoder;
    write('5\r\nhello\r\n0\r\n\r\n');
    decoder.end();
    expect(decoder.error).toBe(error);
    expect(decoder).toMatchObject({ done: false, bytes: 1, consumed: 6 });
    expect(decoder.rest).toHaveLength(0);
    expect(body()).toBe('a');
  });

  test('ignores what comes behind the end', () => {
    const { decoder, write, body } = collect();
    write('5\r\nhe');
    decoder.end();
    write('llo\r\n0\r\n\r\n');
    expect(decoder).toMatchObject({ done: false, bytes: 2, error: { code: 'ERR_FRAMING_TRUNCATED', offset: 5 } });
    expect(body()).toBe('he');
  });

  describe('whose onData throws', () => {
    const LARGE = `1f40\r\n${'a'.repeat(8000)}\r\n`;

    function throwing(input: string) {
      const data: string[] = [];
      const decoder = new Decoder({
        onData: (piece) => {
          data.push(latin1(piece));
          if (data.length === 1) throw new Error('of the application');
        },
      });
      expect(() => decoder.write(octets(input))).toThrow('of the application');
      expect(decoder.done).toBe(false);
      return { decoder, data };
    }

    test.each([
      ['for a run of small chunks', '3\r\nabc\r\n'],
      ['for a large chunk, with others behind it', LARGE + LARGE],
      ['for a chunk that is cut', '5\r\nabc'],
      ['once the message has ended', '3\r\nabc\r\n0\r\n\r\nHTTP/1.1'],
    ])('%s: takes nothing more, and is never done', (_, input) => {
      const { decoder, data } = throwing(input);
      decoder.write(octets('3\r\nxyz\r\n0\r\n\r\n'));
      const { error } = decoder;
      expect(error).toMatchObject({ code: 'ERR_FRAMING_TRUNCATED', offset: 0 });
      decoder.write(octets('0\r\n\r\n'));
      decoder.end();
      expect(decoder.error).toBe(error);
      expect(decoder.done).toBe(false);
      expect(data).toHaveLength(1);
      const ended = throwing(input).decoder;
      ended.end();
      expect(ended.error).toMatchObject({ code: 'ERR_FRAMING_TRUNCATED', offset: 0 });
    });

    test('an error that was found before stays', () => {
      const { decoder } = throwing('3\r\nabc\r\nX');
      decoder.end();
      expect(decoder.error).toMatchObject({ code: 'ERR_FRAMING_MALFORMED', offset: 8 });
    });
  });

  test('that is written to by its own onData is never done', () => {
    const decoder = new Decoder({ onData: () => decoder.write(octets('1\r\nb\r\n')) });
    decoder.write(octets('1\r\na\r\n'));
    decoder.write(octets('0\r\n\r\n'));
    expect(decoder).toMatchObject({ done: false, error: { code: 'ERR_FRAMING_TRUNCATED' } });
  });

  test('empty writes are nothing', () => {
    const { decoder, write } = collect();
    for (const text of ['', '1;x-stream-status=error\r\n', '', '']) write(text);
    decoder.end();
    expect(decoder).toMatchObject({ abortReason: 'error', error: { offset: 25 } });
  });

  test('needs onData, and limits that are limits', () => {
    expect(() => new Decoder({} as never)).toThrow(TypeError);
    expect(() => new Decoder(undefined as never)).toThrow(TypeError);
    expect(() => new Decoder({ onData() {}, limits: { maxSize: 1 } as object })).toThrow(TypeError);
    expect(() => new Decoder({ onData() {}, limits: { maxBodyBytes: -1 } })).toThrow(RangeError);
  });
});

describe('an error', () => {
  const errorOf = (wire: string) => {
    const { decoder, write } = collect();
    write(wire);
    decoder.end();
    return decoder.error;
  };

  test('is a FramingError with its offset and the octets of content before it', () => {
    const error = errorOf('5\r\nhello\n');
    expect(error).toBeInstanceOf(FramingError);
    expect(error).toMatchObject({ code: 'ERR_FRAMING_MALFORMED', offset: 8, bytes: 5 });
  });

  test.each([
    ['5\r\nhello\n', /byte 8.*LF.*expected CRLF/],
    ['5 \r\n', /byte 2.*CR.*expected.*;/],
    ['x', /byte 0.*"x".*expected.*chunk-size/],
    ['5\r\nhe', /byte 5.*input ended.*expected 3 more bytes/],
    ['0\r\nA\0', /byte 4.*0x00.*expected.*:/],
  ])('says what was found in %j, where, and what was expected', (wire, message) => {
    expect(errorOf(wire)?.message).toMatch(message);
  });
});

describe('memory: the input belongs to the caller, who may use it again when write has returned', () => {
  /** Writes the wire in pieces of this length, through one and the same array. */
  function decodeReusing(wire: string, memory: Uint8Array, length: number) {
    const { decoder, body } = collect();
    for (let at = 0; at < wire.length; at += length) {
      memory.fill(0x21);
      const piece = octets(wire.slice(at, at + length));
      memory.set(piece);
      decoder.write(memory.subarray(0, piece.length));
    }
    memory.fill(0x21);
    decoder.end();
    return { decoder, body: body() };
  }

  const kinds: [string, (length: number) => Uint8Array][] = [
    ['a Uint8Array', (length) => new Uint8Array(length)],
    ['a Buffer', (length) => Buffer.alloc(length)],
  ];

  describe.each(kinds)('%s', (_, allocate) => {
    test('body and trailers', () => {
      const wire = '5;a="b"\r\nhello\r\n1\r\n!\r\n0\r\nX-Stream-Status: ok;bytes=6\r\nB: c\r\n\r\n';
      for (const length of [1, 2, 3, 7, 50]) {
        const { decoder, body } = decodeReusing(wire, allocate(length), length);
        expect(body).toBe('hello!');
        expect(decoder.done).toBe(true);
        expect(decoder.rawTrailers).toEqual([
          ['X-Stream-Status', 'ok;bytes=6'],
          ['B', 'c'],
        ]);
      }
    });

    test('the reason of an abort chunk', () => {
      for (const length of [1, 2, 3, 7, 50]) {
        const { decoder } = decodeReusing('1;x-stream-status="error;type=timeout"\r\n', allocate(length), length);
        expect(decoder.abortReason).toBe('error;type=timeout');
      }
    });

    test('the octets behind the message', () => {
      const { decoder } = decodeReusing('0\r\n\r\nHTTP/1.1', allocate(3), 3);
      expect(latin1(decoder.rest)).toBe('HTTP/1.1');
    });

    test('is not written to', () => {
      const wire = concat(
        [3, 2049, 1, 2048, 5].flatMap((size) => [
          octets(`${size.toString(16)}\r\n`),
          pattern(size, size),
          octets('\r\n'),
        ]),
      );
      const memory = allocate(wire.length);
      memory.set(wire);
      new Decoder({ onData() {} }).write(memory);
      expect(latin1(memory)).toBe(latin1(wire));
    });
  });
});

describe('decodeChunked', () => {
  test('RFC 9112 §7.1: body, trailers and the length of one whole message', () => {
    const wire = octets('5\r\nhello\r\n1\r\n!\r\n0\r\nA: b\r\nHost: evil\r\n\r\nrest');
    expect(decodeChunked(wire)).toEqual({
      body: octets('hello!'),
      trailers: [['A', 'b']],
      rawTrailers: [
        ['A', 'b'],
        ['Host', 'evil'],
      ],
      consumed: 39,
    });
  });

  test('an empty body', () => {
    expect(decodeChunked(octets('0\r\n\r\n'))).toEqual({
      body: octets(''),
      trailers: [],
      rawTrailers: [],
      consumed: 5,
    });
  });

  test.each([
    ['5\r\nhe', 'ERR_FRAMING_TRUNCATED', 5],
    ['', 'ERR_FRAMING_TRUNCATED', 0],
    ['5 \r\n', 'ERR_FRAMING_MALFORMED', 2],
    ['fffffffffffffffff\r\n', 'ERR_FRAMING_LIMIT', 13],
  ])('%j throws the FramingError', (wire, code, offset) => {
    const decode = () => decodeChunked(octets(wire));
    expect(decode).toThrow(FramingError);
    expect(decode).toThrow(expect.objectContaining({ code, offset }));
  });

  test('takes limits', () => {
    const wire = octets('5\r\nhello\r\n0\r\n\r\n');
    expect(() => decodeChunked(wire, { limits: { maxBodyBytes: 4 } })).toThrow(FramingError);
    expect(latin1(decodeChunked(wire, { limits: { maxBodyBytes: 5 } }).body)).toBe('hello');
  });
});
