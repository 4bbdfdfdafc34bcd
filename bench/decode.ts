/**
 * Decoding: reads of 64 KiB in, content out, the content only counted. The peer is the parser inside Node, driven as
 * node:http drives it, without the streams around it.
 */
import type Benchmark from 'benchmark';
import { DECODE_SHAPES, decodeFixture } from './fixtures.ts';
import { loadCore } from './library.ts';
import { loadNodeParser, nodeParserAbsence } from './node-parser.ts';
import { take } from './sink.ts';
import { buildSuite, type Implementation, named, type SuiteFile, type Work } from './suite.ts';

const implementations: readonly Implementation[] = [
  { name: 'decoder', label: 'Decoder', load: loadDecoder },
  { name: 'http-parser', label: "Node's HTTPParser", load: loadNodeParser, absence: nodeParserAbsence },
];

async function loadDecoder(): Promise<Work> {
  const { Decoder } = await loadCore();
  const options = { onData: take };
  return (reads) => {
    const decoder = new Decoder(options);
    for (const read of reads) decoder.write(read);
    if (!decoder.done) throw new Error('The decoder is not done', { cause: decoder.error });
  };
}

export function createSuite(implementation: string, options: Benchmark.Options = {}): Promise<Benchmark.Suite> {
  return buildSuite(named(implementations, implementation), DECODE_SHAPES, decodeFixture, options);
}

export const decode: SuiteFile = {
  name: 'decode',
  about:
    'A body of 4 MiB in chunks of each size, read 64 KiB at a time. The peer is the parser of node:http, reached by ' +
    "`process.binding('http_parser')`: deprecated, and gone from Node 24. Paths: gathered, the small " +
    'chunks of a read leave together, copied once; views, each chunk leaves by itself, uncopied; split, no chunk lies ' +
    'wholly in a read; by octet, every chunk has an extension (`;name=value`).',
  caveat:
    'Both sides hand on views of large chunks without touching their octets, so from 4096 octets on the figures are the ' +
    'cost of finding chunks, not a bandwidth. Node pays for a call from C++ into JavaScript per chunk, and its parser ' +
    'also reads message heads, which is left out here but for one. No stream, socket or digest is part of it.',
  shapes: DECODE_SHAPES,
  implementations,
  ratios: [{ of: 'decoder', over: 'http-parser' }],
  createSuite,
};
