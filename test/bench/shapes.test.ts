import { describe, expect, it } from 'vitest';
import { fromChunked } from '../../bench/chunked.ts';
import {
  COPRIME,
  DECODE_SHAPES,
  DECODE_SIZES,
  DRIP_BYTES,
  LONG_EXTENSION,
  ODD_SHAPES,
  SHORT_EXTENSION,
  TRAILER_FIELDS,
  TRAILER_MESSAGES,
} from '../../bench/decode-shapes.ts';
import { ENCODE_SHAPES, ENCODE_SIZES } from '../../bench/encode-shapes.ts';
import { BODY_BYTES, makeBody, READ_BYTES, type Shape, shapeNamed, TICK_BYTES } from '../../bench/fixtures.ts';
import { GROWING } from '../../bench/growth.ts';
import { readRealFile } from '../../bench/real-file.ts';
import { digestOf } from '../../bench/sha256.ts';
import { MAX_BURST_TOKENS, MAX_TOKEN_BYTES } from '../../bench/tokens.ts';
import { SEALED_SHAPES } from '../../bench/verify.ts';
import { Decoder } from '../../src/core/decoder.ts';
import { DEFAULT_LIMITS } from '../../src/core/limits.ts';

const SIZES = [16, 64, 256, 1024, 4096, 16384, 65536];

const decodeShapes = [...DECODE_SHAPES, ...ODD_SHAPES];

it('the shapes cover every size, and have a name each', () => {
  expect(DECODE_SIZES).toEqual(SIZES);
  expect(ENCODE_SIZES).toEqual(SIZES);
  for (const shapes of [decodeShapes, ENCODE_SHAPES, SEALED_SHAPES]) {
    expect(new Set(shapes.map(({ name }) => name)).size).toBe(shapes.length);
    expect(new Set(shapes.map(({ title }) => title)).size).toBe(shapes.length);
  }
});

describe.each(titled([...decodeShapes, ...SEALED_SHAPES]))('decode: $title', ({ shape }) => {
  const { input, output, content } = shape.make();

  it('is whole messages within the default limits, with the content and the trailers that are expected', () => {
    const decoded = input.map((reads) => {
      const pieces: Buffer[] = [];
      const decoder = new Decoder({ onData: (data) => pieces.push(Buffer.from(data)) });
      for (const read of reads) decoder.write(read);
      expect(decoder.error).toBeUndefined();
      expect(decoder.done).toBe(true);
      expect(decoder.rest.length).toBe(0);
      return { content: Buffer.concat(pieces), trailers: decoder.rawTrailers };
    });
    expect(Buffer.concat(decoded.map((message) => message.content)).equals(content)).toBe(true);
    if (output !== content) {
      const lines = decoded.map((message) => [
        message.content,
        Buffer.from(message.trailers.map(([name, value]) => `${name}: ${value}\r\n`).join('')),
      ]);
      expect(Buffer.concat(lines.flat()).equals(output)).toBe(true);
    }
  });
});

describe('decode shapes', () => {
  it.each(SIZES)('%d octets: all chunks are of this size, and the reads of 64 KiB', (size) => {
    const { chunks, reads, content } = taken(DECODE_SHAPES, `${size}`);
    expect(chunks.every((chunk) => chunk === size)).toBe(true);
    expect(reads.slice(0, -1).every((read) => read.length === READ_BYTES)).toBe(true);
    expect(content.equals(makeBody())).toBe(true);
  });

  it('small chunks of a read leave the decoder together; large ones leave as views of it', () => {
    const gathered = piecesOf('16');
    expect(gathered.some(({ isView }) => !isView)).toBe(true);
    expect(gathered.length).toBeLessThanOrEqual(2 * shapeNamed(DECODE_SHAPES, '16').make().input[0]!.length);
    for (const size of ['4096', '16384', '65536', 'whole']) {
      expect(piecesOf(size).every(({ isView }) => isView)).toBe(true);
    }
  });

  it('whole: is one chunk', () => {
    expect(taken(DECODE_SHAPES, 'whole').chunks).toEqual([BODY_BYTES]);
  });

  it('drip: every read is of one octet, every chunk of 16', () => {
    const { chunks, reads } = taken(ODD_SHAPES, 'drip');
    expect(reads.every((read) => read.length === 1)).toBe(true);
    expect(chunks.length).toBe(DRIP_BYTES / 16);
    expect(new Set(chunks)).toEqual(new Set([16]));
  });

  it('extensions: a short one, and one as long as the limits allow for ever', () => {
    for (const [name, extension] of [
      ['short-extension', SHORT_EXTENSION],
      ['long-extension', LONG_EXTENSION],
    ] as const) {
      const { chunks, octets } = taken(ODD_SHAPES, name);
      expect(new Set(chunks)).toEqual(new Set([extension.dataBytes]));
      const lines = octets.toString('latin1').split(`${extension.text}\r\n`).length - 1;
      expect(lines).toBe(chunks.length);
    }
    const line = LONG_EXTENSION.dataBytes.toString(16).length + LONG_EXTENSION.text.length + '\r\n'.length;
    expect(line).toBeGreaterThan(4000);
    expect(line).toBeLessThanOrEqual(DEFAULT_LIMITS.maxChunkLineBytes);
    expect(line).toBeLessThanOrEqual(16 + 2 * LONG_EXTENSION.dataBytes);
  });

  it('trailers: 256 messages with 100 field lines of 64 octets each', () => {
    const { input, octets } = shapeNamed(ODD_SHAPES, 'trailers').make();
    expect(input.length).toBe(TRAILER_MESSAGES);
    for (const reads of input) {
      const lines = fromChunked(Buffer.concat(reads)).trailerSection.split('\r\n').slice(0, -1);
      expect(lines.length).toBe(TRAILER_FIELDS);
      expect(lines.every((line) => line.length === 62)).toBe(true);
    }
    expect(octets).toBe(256 * 100 * 64);
  });

  it('coprime: no border of a chunk is the border of a read', () => {
    const { chunks, reads, octets } = taken(ODD_SHAPES, 'coprime');
    expect(chunks.slice(0, -1).every((chunk) => chunk === COPRIME.dataBytes)).toBe(true);
    const framed = COPRIME.dataBytes + 'ffd\r\n\r\n'.length;
    expect(greatestCommonDivisor(framed, COPRIME.readBytes)).toBe(1);
    const borders = new Set<number>();
    for (let at = framed; at < octets.length; at += framed) borders.add(at);
    expect(borders.size).toBeGreaterThan(1000);
    let at = 0;
    for (const read of reads.slice(0, -1)) {
      at += read.length;
      expect(borders.has(at)).toBe(false);
    }
  });

  it('tokens: each token is a chunk, each burst a read', () => {
    const { chunks, reads } = taken(ODD_SHAPES, 'tokens');
    expect(Math.max(...chunks)).toBeLessThanOrEqual(MAX_TOKEN_BYTES);
    const perRead = reads.slice(0, -1).map((read) => fromChunked(Buffer.concat([read, reads.at(-1)!])).sizes.length);
    expect(Math.max(...perRead)).toBe(MAX_BURST_TOKENS);
    expect(Math.min(...perRead)).toBe(1);
    expect(perRead.reduce((sum, count) => sum + count)).toBe(chunks.length);
  });

  it('lines and file: are the real file', () => {
    expect(taken(ODD_SHAPES, 'lines').content.equals(readRealFile())).toBe(true);
    expect(taken(ODD_SHAPES, 'file').content.equals(readRealFile())).toBe(true);
    const sizes = taken(ODD_SHAPES, 'lines').chunks;
    expect(new Set(sizes).size).toBeGreaterThan(100);
  });
});

describe.each(titled(ENCODE_SHAPES))('encode: $title', ({ shape }) => {
  const { input, output, content } = shape.make();

  it('is writes in ticks, and the chunk that each of them makes', () => {
    const writes = input.flat();
    expect(Buffer.concat(writes).equals(content)).toBe(true);
    const found = fromChunked(output);
    expect(found.content.equals(content)).toBe(true);
    expect(found.sizes.join()).toBe(writes.map(({ length }) => length).join());
  });

  it('has no more in a tick than a response takes before it wants to be waited for', () => {
    for (const writes of input) {
      const before = writes.slice(0, -1).reduce((sum, { length }) => sum + length, 0);
      expect(before).toBeLessThan(TICK_BYTES);
    }
  });
});

describe('sealed shapes', () => {
  it.each(titled(SEALED_SHAPES))('$title: end with a status and the digest of the content', ({ shape }) => {
    const { input, content } = shape.make();
    const { trailerSection, sizes } = fromChunked(Buffer.concat(input.flat()));
    expect(sizes.every((size) => `${size}` === shape.name)).toBe(true);
    expect(trailerSection).toContain(`ok;bytes=${content.length}\r\n`);
    expect(trailerSection).toContain(`sha-256=:${digestOf(content).toString('base64')}:`);
  });
});

describe.each(GROWING.map((growing) => ({ name: growing.name, growing })))('growth: $name', ({ growing }) => {
  it('spans 16 times at least, within the default limits', () => {
    const { sizes, make } = growing;
    expect(sizes.at(-1)! / sizes[0]!).toBeGreaterThanOrEqual(16);
    for (const size of [sizes[0]!, sizes.at(-1)!]) {
      const decoder = new Decoder({ onData: () => {} });
      for (const read of make(size)) decoder.write(read);
      expect(decoder.error).toBeUndefined();
      expect(decoder.done).toBe(true);
    }
  });

  it('grows by what the size says', () => {
    const [first, last] = [growing.sizes[0]!, growing.sizes.at(-1)!];
    const grown = growing.sizes.map((size) => Buffer.concat(growing.make(size)).length);
    const share = (grown.at(-1)! - grown[0]!) / (last - first);
    // The framing of the chunks grows as well.
    expect(share).toBeGreaterThanOrEqual(0.99);
    expect(share).toBeLessThan(1.5);
  });
});

function titled(shapes: readonly Shape[]): { title: string; shape: Shape }[] {
  return shapes.map((shape) => ({ title: shape.title, shape }));
}

/** A fixture of one message, as it was cut. */
function taken(shapes: readonly Shape[], name: string) {
  const { input, content } = shapeNamed(shapes, name).make();
  expect(input.length).toBe(1);
  const octets = Buffer.concat(input[0]!);
  return { reads: input[0]!, octets, content, chunks: fromChunked(octets).sizes };
}

/** The pieces of content that the decoder hands on. */
function piecesOf(name: string): { isView: boolean }[] {
  const { reads } = taken(DECODE_SHAPES, name);
  const pieces: { isView: boolean }[] = [];
  const decoder = new Decoder({ onData: ({ buffer }) => pieces.push({ isView: buffer === reads[0]!.buffer }) });
  for (const read of reads) decoder.write(read);
  return pieces;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
