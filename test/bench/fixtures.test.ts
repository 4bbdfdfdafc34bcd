import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  BODY_BYTES,
  cut,
  DECODE_SHAPES,
  decodeFixture,
  ENCODE_SHAPES,
  encodeFixture,
  makeBody,
  READ_BYTES,
  type Shape,
  titleOf,
  toChunked,
} from '../../bench/fixtures.ts';
import { Decoder, decodeChunked } from '../../src/core/decoder.ts';
import { Encoder } from '../../src/core/encoder.ts';

const BODY_SHA256 = '5d84399ad0c4870ceb83b5621480737e7cfb832d2bece4806e59057f8ddd799b';
const SIZES = [16, 64, 256, 1024, 4096, 16384, 65536];

describe('the body of the benchmarks', () => {
  it('is the same octets everywhere, and of every value', () => {
    const body = makeBody();
    expect(body.length).toBe(BODY_BYTES);
    expect(createHash('sha256').update(body).digest('hex')).toBe(BODY_SHA256);
    expect(new Set(body).size).toBe(256);
  });

  it('is cut into pieces that are all of it, the last one perhaps smaller', () => {
    const octets = makeBody(1000);
    const pieces = cut(octets, 300);
    expect(pieces.map((piece) => piece.length)).toEqual([300, 300, 300, 100]);
    expect(Buffer.concat(pieces).equals(octets)).toBe(true);
  });

  it('RFC 9112 §7.1: is chunked as chunk-size, extension and data, with a last-chunk', () => {
    const chunked = toChunked(Buffer.from('abcdefghijklmnopq'), { size: 16, path: '', extension: ';a=b' });
    expect(chunked.toString()).toBe('10;a=b\r\nabcdefghijklmnop\r\n1;a=b\r\nq\r\n0\r\n\r\n');
  });
});

describe('the shapes', () => {
  it('cover every size, once a title', () => {
    for (const shapes of [DECODE_SHAPES, ENCODE_SHAPES]) {
      const plain = shapes.filter(({ extension }) => extension === undefined);
      expect(plain.map(({ size }) => size)).toEqual(SIZES);
      expect(new Set(shapes.map(titleOf)).size).toBe(shapes.length);
    }
  });
});

describe.each(DECODE_SHAPES.map((shape) => ({ title: titleOf(shape), shape })))('decode: $title', ({ shape }) => {
  const { input, output } = decodeFixture(shape);

  it('is reads of 64 KiB that decode to the body', () => {
    expect(input.slice(0, -1).every((read) => read.length === READ_BYTES)).toBe(true);
    const chunked = Buffer.concat(input);
    const { body, consumed } = decodeChunked(chunked);
    expect(consumed).toBe(chunked.length);
    expect(output.equals(body)).toBe(true);
    expect(output.equals(makeBody())).toBe(true);
  });

  it('takes the path that it is named for', () => {
    const { views, copies } = piecesDecoded(input);
    const chunks = BODY_BYTES / shape.size;
    switch (shape.path) {
      case 'gathered':
        expect(copies).toBeGreaterThan(0);
        expect(views + copies).toBeLessThanOrEqual(input.length);
        break;
      case 'views':
        expect(copies).toBe(0);
        expect(views).toBeGreaterThanOrEqual(chunks);
        break;
      case 'split':
        expect(copies).toBe(0);
        expect(framedBytes(shape)).toBeGreaterThan(READ_BYTES);
        break;
      case 'by octet':
        // The fast path takes no chunk that has an extension, and every one of these has.
        expect(shape.extension).toMatch(/^;/);
        expect(Buffer.concat(input).length).toBe(chunks * framedBytes(shape) + '0\r\n\r\n'.length);
        break;
      default:
        expect.unreachable(`no check for the path ${shape.path}`);
    }
  });
});

describe.each(ENCODE_SHAPES.map((shape) => ({ title: titleOf(shape), shape })))('encode: $title', ({ shape }) => {
  const { input, output } = encodeFixture(shape);

  it('is the body in pieces, and its chunked octets', () => {
    expect(input.every((piece) => piece.length === shape.size)).toBe(true);
    expect(Buffer.concat(input).equals(makeBody())).toBe(true);
    expect(Buffer.from(decodeChunked(output).body).equals(makeBody())).toBe(true);
  });

  it('takes the path that it is named for', () => {
    const encoder = new Encoder();
    for (const data of input) {
      const pieces = encoder.write(data);
      if (pieces.length !== (shape.path === 'copied' ? 1 : 3) || (pieces.length === 3 && pieces[1] !== data)) {
        expect.unreachable(`${pieces.length} pieces for ${data.length} octets, ${shape.path}`);
      }
    }
  });
});

/** How many pieces of content leave the decoder as views of its input, and how many in memory of its own. */
function piecesDecoded(reads: Buffer[]): { views: number; copies: number } {
  const count = { views: 0, copies: 0 };
  const decoder = new Decoder({
    onData: ({ buffer }) => {
      if (buffer === reads[0]!.buffer) count.views++;
      else count.copies++;
    },
  });
  for (const read of reads) decoder.write(read);
  expect(decoder.done).toBe(true);
  return count;
}

/** A chunk of this shape with its framing. */
function framedBytes({ size, extension = '' }: Shape): number {
  return size.toString(16).length + extension.length + 2 + size + 2;
}
