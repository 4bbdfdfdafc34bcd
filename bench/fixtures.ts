/**
 * What is measured: one body of random octets, cut into chunks of each size. The generator is seeded, so every process
 * and every machine works on the same octets. The chunked octets are made here, plainly and without the library: they
 * are what its output is checked against. Shapes are named for the path that they take through the library, and
 * test/bench/fixtures.test.ts holds them to it.
 */

export const BODY_BYTES = 4 * 1024 * 1024;
/** What one read of a socket brings, at most: Node reads into buffers of this size. */
export const READ_BYTES = 64 * 1024;

const SEED = 0x9112;
const CRLF = Buffer.from('\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

export interface Shape {
  /** Octets of data in a chunk. */
  size: number;
  path: string;
  /** What follows each chunk-size. */
  extension?: string;
}

/**
 * - gathered: small chunks of one read leave the decoder together, copied once
 * - views: each chunk leaves on its own, as a view of the read
 * - split: no chunk lies wholly in a read
 * - by octet: an extension sends each chunk line through the state machine
 */
export const DECODE_SHAPES: readonly Shape[] = [
  { size: 16, path: 'gathered' },
  { size: 64, path: 'gathered' },
  { size: 256, path: 'gathered' },
  { size: 1024, path: 'views' },
  { size: 4096, path: 'views' },
  { size: 16384, path: 'views' },
  { size: 65536, path: 'split' },
  { size: 64, path: 'by octet', extension: ';name=value' },
];

/**
 * - copied: the data is copied behind its chunk header, into one piece
 * - by reference: the data is handed on as it came, between its header and its CRLF
 */
export const ENCODE_SHAPES: readonly Shape[] = [
  { size: 16, path: 'copied' },
  { size: 64, path: 'copied' },
  { size: 256, path: 'copied' },
  { size: 1024, path: 'copied' },
  { size: 4096, path: 'by reference' },
  { size: 16384, path: 'by reference' },
  { size: 65536, path: 'by reference' },
];

export function titleOf({ size, path }: Shape): string {
  return `${size} octets, ${path}`;
}

/** The body: octets of every value, among them CR, LF and digits. The generator is the LCG of Numerical Recipes. */
export function makeBody(length = BODY_BYTES): Buffer {
  const body = Buffer.alloc(length);
  let state = SEED;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    body[at] = state >>> 24;
  }
  return body;
}

/** The octets in pieces of this size, the last one perhaps smaller. Views, no copies. */
export function cut(octets: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < octets.length; at += size) pieces.push(octets.subarray(at, at + size));
  return pieces;
}

/** The body in the chunked coding (RFC 9112 §7.1), without trailers. */
export function toChunked(body: Buffer, { size, extension = '' }: Shape): Buffer {
  const parts: Buffer[] = [];
  for (const data of cut(body, size)) {
    parts.push(Buffer.from(`${data.length.toString(16)}${extension}\r\n`, 'latin1'), data, CRLF);
  }
  return Buffer.concat([...parts, LAST_CHUNK]);
}

/** Pieces for an implementation to work through, and the octets that must come out. */
export interface Fixture {
  input: Buffer[];
  output: Buffer;
}

export function decodeFixture(shape: Shape): Fixture {
  const body = makeBody();
  return { input: cut(toChunked(body, shape), READ_BYTES), output: body };
}

export function encodeFixture(shape: Shape): Fixture {
  const body = makeBody();
  return { input: cut(body, shape.size), output: toChunked(body, shape) };
}
