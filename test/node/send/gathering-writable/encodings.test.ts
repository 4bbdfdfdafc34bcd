/**
 * Strategy: everything that may be written, and much that may not. Text must be what Buffer.from() makes of it, a view
 * its octets; what is refused must be refused with the code of Node's own streams, and the stream go on.
 */
import { describe, expect, test } from 'vitest';
import { pattern } from '../../../support/octets.ts';
import { Gathering } from './streams.ts';
import { compare, run } from './subjects.ts';

describe('what may be written', () => {
  const TEXTS = [
    '',
    'plain',
    'é€😀',
    'a\ud83d',
    '\ude00b',
    '\xff\x00\x7f',
    '48656c6c6f',
    'SGVsbG8=',
    'x'.repeat(10_000),
    '€'.repeat(3000),
  ];

  test.each([
    'utf8',
    'utf-8',
    'UTF-8',
    'UTF8',
    'latin1',
    'binary',
    'ascii',
    'hex',
    'base64',
    'base64url',
    'ucs2',
    'UCS-2',
    'utf16le',
  ])('text as %s, as an argument and as the default', async (encoding) => {
    const expected = Buffer.concat(TEXTS.map((text) => Buffer.from(text, encoding as BufferEncoding)));
    for (const isDefault of [false, true]) {
      const { content } = await compare((s) => {
        if (isDefault) s.note(String(s.stream.setDefaultEncoding(encoding as BufferEncoding) === s.stream));
        for (const text of TEXTS) {
          if (isDefault) s.write(text, s.on('written'));
          else s.write(text, encoding, s.on('written'));
        }
        s.stream.end();
      });
      expect(content === expected.toString('latin1')).toBe(true);
    }
  });

  test('an encoding of one write stays with it', async () => {
    const { content } = await compare((s) => {
      s.stream.setDefaultEncoding('hex');
      s.write('61', s.on('a'));
      s.write('b', 'utf8');
      s.write('63', undefined, s.on('c'));
      s.write('64', null);
      s.end('65');
    });
    expect(content).toBe('abcde');
  });

  test.each<[string, unknown[]]>([
    ['null', [null]],
    ['undefined', [undefined]],
    ['a number', [5]],
    ['a boolean', [true]],
    ['an object', [{}]],
    ['an array', [[1, 2]]],
    ['a symbol', [Symbol('s')]],
    ['an ArrayBuffer', [new ArrayBuffer(4)]],
    ['a String object', [Object('text')]],
    ['text in an unknown encoding', ['a', 'no such encoding']],
    ['a Buffer with an unknown encoding', [Buffer.from('a'), 'no such encoding']],
    ['an encoding that is a number', ['a', 5]],
    ['an encoding that is an object', ['a', {}]],
    ['text as buffer', ['a', 'buffer']],
    ['null with an encoding', [null, 'utf8']],
  ])('%s is refused with the same code, and the stream goes on', async (_, parameters) => {
    const { log, content } = await compare(async (s) => {
      s.write('before ', s.on('before'));
      s.write(...parameters);
      s.write(...parameters, s.on('refused'));
      s.write('behind', s.on('behind'));
      s.end();
      s.write(...parameters);
    });
    expect(log[1]).toMatch(/^→ throws ERR_/);
    expect(log.slice(1, 3)).toEqual([log[1], log[1]]);
    expect(content === 'before behind' || content === '').toBe(true);
  });

  test('setDefaultEncoding refuses what is unknown, and keeps what there was', async () => {
    const { log, content } = await compare((s) => {
      s.attempt(() => s.stream.setDefaultEncoding('no such encoding' as BufferEncoding));
      s.stream.end('é');
    });
    expect(log[0]).toBe('→ throws ERR_UNKNOWN_ENCODING');
    expect(content).toBe('\xc3\xa9');
  });

  test('a Buffer with an encoding, known or "buffer"', async () => {
    const { content } = await compare((s) => {
      s.write(Buffer.from('a'), 'hex', s.on('a'));
      s.write(Buffer.from('b'), 'buffer', s.on('b'));
      s.write(new Uint8Array(Buffer.from('c')), 'latin1', s.on('c'));
      s.end();
    });
    expect(content).toBe('abc');
  });

  test('a callback that is no function is as none', async () => {
    const { content } = await compare((s) => {
      s.write('a', 'utf8', 5);
      s.write('b', 'utf8', null);
      s.end('c', 'utf8', {});
    });
    expect(content).toBe('abc');
  });

  test.each<[string, ArrayBufferView]>([
    ['Uint8Array', Uint8Array.of(1, 2, 3)],
    ['a part of a Uint8Array', pattern(20).subarray(3, 9)],
    ['DataView', new DataView(pattern(20).buffer, 2, 5)],
    ['Uint16Array', Uint16Array.of(1, 2, 0xffff)],
    ['Float64Array', Float64Array.of(1.5, -2)],
    ['BigInt64Array', BigInt64Array.of(5n)],
    ['Uint8ClampedArray', Uint8ClampedArray.of(7, 8)],
    ['a view of shared memory', new Uint8Array(new SharedArrayBuffer(4)).fill(9)],
    ['a large DataView', new DataView(pattern(50_000).buffer, 100)],
  ])('%s is its octets', async (_, view) => {
    const { log, content } = await run(new Gathering(), (s) => {
      s.write(view, s.on('view'));
      s.end('|');
    });
    const octets = Buffer.from(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength).toString('latin1');
    expect(content === `${octets}|`).toBe(true);
    expect(log).toContain('view: ok');
  });
});
