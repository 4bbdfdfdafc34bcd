/** Decoding what is not a matter of size: input octet by octet, extensions, trailers, borders that never meet, text. */
import type Benchmark from 'benchmark';
import { ODD_SHAPES } from './decode-shapes.ts';
import { decoderComparisons, decoders } from './decoders.ts';
import { buildSuite, named, type SuiteFile } from './suite.ts';

export function createSuite(implementation: string, options: Benchmark.Options = {}): Promise<Benchmark.Suite> {
  return buildSuite(named(decoders, implementation), ODD_SHAPES, options);
}

export const decodeOdd: SuiteFile = {
  name: 'decode-odd',
  about:
    'The same decoders on what is not a matter of size: each octet a write of its own (a body of 256 KiB); chunk ' +
    'extensions; trailer sections, told in their own octets; borders of chunks and reads that never meet; text as a ' +
    'language model streams it (512 KiB, each token a chunk, each burst a read); and a real file, ' +
    "TypeScript's lib.dom.d.ts (2.3 MB).",
  caveat:
    'Trailer fields are counted, not looked at: the peers give text or octets, the Decoder pairs of text. A peer reads a ' +
    'message head of two lines for each of the 256 bodies with trailers. http-parser-js does not check an extension.',
  shapes: ODD_SHAPES,
  implementations: decoders,
  comparisons: decoderComparisons,
  createSuite,
};
