/**
 * Encoding: writes in, in ticks, chunked octets out. A tick's writes as one chunk, and a chunk for every write, against
 * a plain copy of the same octets in the same pieces.
 */
import type Benchmark from 'benchmark';
import { fromChunked } from './chunked.ts';
import { loadCoalescing } from './coalescing.ts';
import { ENCODE_SHAPES } from './encode-shapes.ts';
import type { Fixture } from './fixtures.ts';
import { loadCore } from './library.ts';
import { take, takeRange } from './sink.ts';
import { buildSuite, type Implementation, named, type SuiteFile, type Work } from './suite.ts';

/** Small enough to stay in a cache, which is to the copy's advantage. */
const COPY_BYTES = 64 * 1024;
/** Where the octets are copied on either side. Larger ones are handed on as they came, by the Encoder those of 4 KiB. */
const COPIED = ['16', '64', '256', '1024', 'tokens', 'lines'];

const implementations: readonly Implementation[] = [
  { name: 'coalesced', label: 'coalesced', load: loadCoalesced, isRight: isSameContent },
  { name: 'encoder', label: 'Encoder', load: loadEncoder },
  { name: 'memcpy', label: 'memcpy', load: loadCopy, isRight: (output, { content }) => output.equals(content) },
];

async function loadCoalesced(): Promise<Work> {
  const [coalesce, { Encoder }] = await Promise.all([loadCoalescing(), loadCore()]);
  return (ticks) => {
    const send = coalesce(take);
    for (const writes of ticks) send(writes);
    for (const octets of new Encoder().end()) take(octets);
  };
}

/** Where the borders of chunks lie is the encoder's affair. */
function isSameContent(output: Buffer, { content }: Fixture): boolean {
  return fromChunked(output).content.equals(content);
}

async function loadEncoder(): Promise<Work> {
  const { Encoder } = await loadCore();
  return (ticks) => {
    const encoder = new Encoder();
    for (const writes of ticks) {
      for (const data of writes) {
        for (const octets of encoder.write(data)) take(octets);
      }
    }
    for (const octets of encoder.end()) take(octets);
  };
}

async function loadCopy(): Promise<Work> {
  const target = new Uint8Array(COPY_BYTES);
  return (ticks) => {
    let at = 0;
    for (const writes of ticks) {
      for (const data of writes) {
        if (at + data.length > COPY_BYTES) at = 0;
        target.set(data, at);
        takeRange(target, at, at + data.length);
        at += data.length;
      }
    }
  };
}

export function createSuite(implementation: string, options: Benchmark.Options = {}): Promise<Benchmark.Suite> {
  return buildSuite(named(implementations, implementation), ENCODE_SHAPES, options);
}

export const encode: SuiteFile = {
  name: 'encode',
  about:
    'A body of 4 MiB written in pieces of each size, 64 KiB of them in a tick: one chunk a tick (coalesced), and one ' +
    'chunk a write (Encoder), against a copy of the same pieces, one by one, to a place of 64 KiB that is used over and ' +
    "over. Then text as a language model streams it, and a real file, TypeScript's lib.dom.d.ts.",
  caveat:
    'Large pieces are handed on uncopied: the figures there are the cost of making a chunk, not a bandwidth, and have no ' +
    'ratio to a copy. No stream, no event loop and no system call is part of any figure.',
  shapes: ENCODE_SHAPES,
  implementations,
  comparisons: [
    { name: 'memcpy', of: 'coalesced', over: 'memcpy', shapes: [...COPIED, '4096'], atLeast: { 16: 0.5 } },
    { name: 'a-chunk-a-write', of: 'coalesced', over: 'encoder' },
    { name: 'encoder-memcpy', of: 'encoder', over: 'memcpy', shapes: COPIED },
  ],
  createSuite,
};
