/** Seal + encode: writes in, chunked octets with a status and a digest out, against the digest alone. */
import type Benchmark from 'benchmark';
import { fromChunked } from './chunked.ts';
import { loadCoalescing } from './coalescing.ts';
import { ENCODE_SHAPES } from './encode-shapes.ts';
import { type Fixture, shapeNamed } from './fixtures.ts';
import { loadCore } from './library.ts';
import { createHasher, digestOf, HASHED_SIZES, sha256, WANTED } from './sha256.ts';
import { take } from './sink.ts';
import { buildSuite, type Implementation, named, type SuiteFile, type Work } from './suite.ts';

const shapes = HASHED_SIZES.map((name) => shapeNamed(ENCODE_SHAPES, name));

const implementations: readonly Implementation[] = [
  { name: 'seal', label: 'seal + encode', load: loadSeal, isRight: isSealed },
  sha256,
];

async function loadSeal(): Promise<Work> {
  const [{ Encoder, Seal }, coalesce] = await Promise.all([loadCore(), loadCoalescing()]);
  return (ticks) => {
    const seal = new Seal({ algorithms: ['sha-256'], createHasher });
    const send = coalesce(take, (data) => seal.update(data));
    for (const writes of ticks) send(writes);
    for (const octets of new Encoder().end(seal.finish())) take(octets);
  };
}

function isSealed(output: Buffer, { content }: Fixture): boolean {
  const found = fromChunked(output);
  const status = `X-Stream-Status: ok;bytes=${content.length}\r\n`;
  const digest = `Content-Digest: sha-256=:${digestOf(content).toString('base64')}:\r\n`;
  return found.content.equals(content) && found.trailerSection === status + digest;
}

export function createSuite(implementation: string, options: Benchmark.Options = {}): Promise<Benchmark.Suite> {
  return buildSuite(named(implementations, implementation), shapes, options);
}

export const seal: SuiteFile = {
  name: 'seal',
  about:
    'A body of 4 MiB, sealed and encoded: counted, hashed, framed, and ended with a status and a digest. Against ' +
    'sha-256 of the same octets in updates of 64 KiB, without framing.',
  caveat: 'No stream, no event loop and no system call is part of any figure.',
  shapes,
  implementations,
  comparisons: [{ name: 'sha-256', of: 'seal', over: 'sha-256', atLeast: WANTED }],
  createSuite,
};
