/**
 * Messages that grow, for the fits of time against size: each kind in sizes that span 16 times at least, within the
 * default limits of the library.
 */
import { toChunked } from './chunked.ts';
import { trailerSectionOf } from './decode-shapes.ts';
import { cut, drip, makeBody, READ_BYTES } from './fixtures.ts';

const KIB = 1024;
const DATA = makeBody(16);

export interface Growing {
  name: string;
  title: string;
  /** Octets of what grows. */
  sizes: readonly number[];
  /** The reads of a message of this size. */
  make(size: number): Buffer[];
}

export const GROWING: readonly Growing[] = [
  {
    name: 'drip',
    title: '16-octet chunks, each octet a write',
    sizes: [16 * KIB, 32 * KIB, 64 * KIB, 128 * KIB, 256 * KIB],
    make: (size) => drip(toChunked(cut(makeBody(size), 16))),
  },
  {
    name: 'chunks',
    title: '16-octet chunks, reads of 64 KiB',
    sizes: [64 * KIB, 256 * KIB, 1024 * KIB, 4096 * KIB],
    make: (size) => cut(toChunked(cut(makeBody(size), 16)), READ_BYTES),
  },
  {
    name: 'one-write',
    title: '16-octet chunks, all in one write',
    sizes: [64 * KIB, 256 * KIB, 1024 * KIB, 4096 * KIB],
    make: (size) => [toChunked(cut(makeBody(size), 16))],
  },
  {
    name: 'mixed',
    title: 'chunks of 16, 16 and 2048 octets in turn, all in one write',
    sizes: [64 * KIB, 256 * KIB, 1024 * KIB, 4096 * KIB],
    make: (size) => [toChunked(cut(makeBody(size), 2080).flatMap(smallSmallLarge))],
  },
  {
    name: 'extension',
    title: 'one chunk extension',
    sizes: [128, 256, 512, 1024, 2048, 4032],
    make: (size) => [toChunked([DATA], extensionOf(size))],
  },
  {
    name: 'extension-drip',
    title: 'one chunk extension, each octet a write',
    sizes: [128, 256, 512, 1024, 2048, 4032],
    make: (size) => drip(toChunked([DATA], extensionOf(size))),
  },
  {
    name: 'trailers',
    title: 'trailer fields of 64 octets',
    sizes: [256, 512, 1024, 2048, 4096, 8192],
    make: (size) => [toChunked([DATA], '', trailerSectionOf(size / 64))],
  },
  {
    name: 'trailer-drip',
    title: 'one trailer field, each octet a write',
    sizes: [512, 1024, 2048, 4096, 8192, 16000],
    make: (size) => drip(toChunked([DATA], '', `X-Long: ${'x'.repeat(size - 'X-Long: \r\n'.length)}\r\n`)),
  },
];

export function growingNamed(name: string): Growing {
  const found = GROWING.find((growing) => growing.name === name);
  if (found === undefined) throw new TypeError(`Nothing that grows is named ${name}`);
  return found;
}

function smallSmallLarge(piece: Buffer): Buffer[] {
  return [piece.subarray(0, 16), piece.subarray(16, 32), piece.subarray(32)].filter(({ length }) => length > 0);
}

function extensionOf(length: number): string {
  return `;x=${'y'.repeat(length - ';x='.length)}`;
}
