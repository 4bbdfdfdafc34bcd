/** Decoding chunks of every size: reads of 64 KiB in, content out, the content only counted. */
import type Benchmark from 'benchmark';
import { DECODE_SHAPES, DECODE_SIZES } from './decode-shapes.ts';
import { decoderComparisons, decoders } from './decoders.ts';
import { buildSuite, named, type SuiteFile } from './suite.ts';

/** What the project wants, by shape. */
const WANTED: Record<string, Record<string, number>> = {
  'node-parser': { 16: 40, 64: 20, 256: 20, 1024: 30, 4096: 30, 65536: 50 },
  wasm: Object.fromEntries([...DECODE_SIZES, 'whole'].map((name) => [name, 2])),
};

export function createSuite(implementation: string, options: Benchmark.Options = {}): Promise<Benchmark.Suite> {
  return buildSuite(named(decoders, implementation), DECODE_SHAPES, options);
}

export const decode: SuiteFile = {
  name: 'decode',
  about:
    'A body of 4 MiB in chunks of each size, read 64 KiB at a time, the content only counted. The peers are the parser of ' +
    "node:http, reached by `process.binding('http_parser')` (deprecated, and gone from Node 24); llhttp as undici has " +
    'it, in WebAssembly, each read copied into its memory; and http-parser-js, which is JavaScript as well.',
  caveat:
    'No side touches the octets of large chunks, but for the copy into WebAssembly: from 4096 octets on the figures are ' +
    'the cost of finding chunks, not a bandwidth. The native parser pays for a call from C++ into JavaScript per chunk. ' +
    'The peers also read message heads, which is left out here but for one. No stream, socket or digest is part of it.',
  shapes: DECODE_SHAPES,
  implementations: decoders,
  comparisons: decoderComparisons.map((comparison) => ({ ...comparison, atLeast: WANTED[comparison.over] ?? {} })),
  createSuite,
};
