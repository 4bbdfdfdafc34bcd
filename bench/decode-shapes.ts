/** What a decoder is given: chunked octets, as reads. The sizes of chunks first, then everything that is not a size. */
import { chunkOf, toChunked } from './chunked.ts';
import { BODY_BYTES, cut, drip, type Fixture, makeBody, READ_BYTES, type Shape } from './fixtures.ts';
import { linesOf, readRealFile } from './real-file.ts';
import { makeTrace } from './tokens.ts';

export const DECODE_SIZES = [16, 64, 256, 1024, 4096, 16384, 65536] as const;

export const DRIP_BYTES = 256 * 1024;
export const TRACE_BYTES = 512 * 1024;

/** A chunk of 2 KiB may have a line of nearly 4 KiB, time and again, within `maxChunkOverheadBytes`. */
export const LONG_EXTENSION = { dataBytes: 2048, text: `;x-signature="${'0123456789abcdef'.repeat(252)}"` };
export const SHORT_EXTENSION = { dataBytes: 64, text: ';name=value' };

export const TRAILER_MESSAGES = 256;
export const TRAILER_FIELDS = 100;

/** Neither borders of chunks nor of reads: 4093 octets of data are 4100 with their framing, and 1447 is prime. */
export const COPRIME = { dataBytes: 4093, readBytes: 1447 };

function sized(size: number): Shape {
  return { name: `${size}`, title: `${size} octets`, make: () => inReads(makeBody(), size) };
}

export const DECODE_SHAPES: readonly Shape[] = [
  ...DECODE_SIZES.map(sized),
  { name: 'whole', title: 'one chunk of 4 MiB', make: () => inReads(makeBody(), BODY_BYTES) },
];

export const ODD_SHAPES: readonly Shape[] = [
  {
    name: 'drip',
    title: '16-octet chunks, each octet a write',
    make: dripping,
  },
  {
    name: 'short-extension',
    title: '64-octet chunks, an extension of 11 octets each',
    make: () => inReads(makeBody(), SHORT_EXTENSION.dataBytes, { extension: SHORT_EXTENSION.text }),
  },
  {
    name: 'long-extension',
    title: '2048-octet chunks, an extension of 4 KiB each',
    make: () => inReads(makeBody(), LONG_EXTENSION.dataBytes, { extension: LONG_EXTENSION.text }),
  },
  { name: 'trailers', title: '256 bodies of 16 octets, 100 trailer fields each', make: trailers },
  {
    name: 'coprime',
    title: '4093-octet chunks, reads of 1447 octets',
    make: () => inReads(makeBody(), COPRIME.dataBytes, { readBytes: COPRIME.readBytes }),
  },
  { name: 'tokens', title: 'tokens of 1 to 12 octets, a burst a read', make: tokens },
  { name: 'lines', title: 'a real file, a chunk a line', make: () => fixtureOf(linesOf(readRealFile())) },
  { name: 'file', title: 'a real file, a chunk for every 64 KiB', make: () => inReads(readRealFile(), READ_BYTES) },
];

function inReads(content: Buffer, chunkBytes: number, { readBytes = READ_BYTES, extension = '' } = {}): Fixture {
  return fixtureOf(cut(content, chunkBytes), { readBytes, extension });
}

function fixtureOf(pieces: Buffer[], { readBytes = READ_BYTES, extension = '' } = {}): Fixture {
  const content = Buffer.concat(pieces);
  const input = [cut(toChunked(pieces, extension), readBytes)];
  return { input, output: content, content, octets: content.length };
}

function dripping(): Fixture {
  const content = makeBody(DRIP_BYTES);
  return { input: [drip(toChunked(cut(content, 16)))], output: content, content, octets: content.length };
}

/** Every burst came in one read. */
function tokens(): Fixture {
  const bursts = makeTrace(TRACE_BYTES);
  const reads: Buffer[] = bursts.map((burst) => Buffer.concat(burst.map((token) => chunkOf(token))));
  reads.push(toChunked([]));
  const content = Buffer.concat(bursts.flat());
  return { input: [reads], output: content, content, octets: content.length };
}

/** Told in octets of the trailer sections: there is hardly any content. */
function trailers(): Fixture {
  const pieces = cut(makeBody(TRAILER_MESSAGES * 16), 16);
  const section = trailerSectionOf(TRAILER_FIELDS);
  const output = Buffer.concat(pieces.flatMap((data) => [data, Buffer.from(section, 'latin1')]));
  return {
    input: pieces.map((data) => [toChunked([data], '', section)]),
    output,
    content: Buffer.concat(pieces),
    octets: TRAILER_MESSAGES * section.length,
  };
}

/** Field lines of 64 octets. */
export function trailerSectionOf(fields: number): string {
  let section = '';
  for (let i = 0; i < fields; i++)
    section += `X-Checksum-${`${i}`.padStart(4, '0')}: ${`${i}`.padStart(45, 'ab12')}\r\n`;
  return section;
}
