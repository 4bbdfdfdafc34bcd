/** Decode + verify: sealed chunked octets in, content and a verdict out, against the digest alone. */
import type Benchmark from 'benchmark';
import { toChunked } from './chunked.ts';
import { BODY_BYTES, cut, type Fixture, makeBody, READ_BYTES, type Shape } from './fixtures.ts';
import { loadCore } from './library.ts';
import { createHasher, digestOf, HASHED_SIZES, sha256, WANTED } from './sha256.ts';
import { take } from './sink.ts';
import { buildSuite, type Implementation, named, type SuiteFile, type Work } from './suite.ts';

export const SEALED_SHAPES: readonly Shape[] = HASHED_SIZES.map((name) => ({
  name,
  title: `${name} octets`,
  make: () => sealed(Number(name)),
}));

function sealed(size: number): Fixture {
  const content = makeBody();
  const digest = digestOf(content).toString('base64');
  const section = `X-Stream-Status: ok;bytes=${BODY_BYTES}\r\nContent-Digest: sha-256=:${digest}:\r\n`;
  const input = [cut(toChunked(cut(content, size), '', section), READ_BYTES)];
  return { input, output: content, content, octets: content.length };
}

const implementations: readonly Implementation[] = [
  { name: 'verify', label: 'decode + verify', load: loadVerify },
  sha256,
];

async function loadVerify(): Promise<Work> {
  const { Decoder, Verifier } = await loadCore();
  const memory = Buffer.alloc(READ_BYTES);
  return (messages) => {
    for (const reads of messages) {
      const verifier = new Verifier({ digest: 'sha-256', createHasher });
      const decoder = new Decoder({
        onData: (data) => {
          verifier.update(data);
          take(data);
        },
      });
      for (const read of reads) {
        memory.set(read);
        decoder.write(memory.subarray(0, read.length), true);
      }
      const { kind } = verifier.conclude({ error: decoder.error, rawTrailers: decoder.rawTrailers }).verdict;
      if (!decoder.done || kind !== 'complete') throw new Error(`The verdict is ${kind}`);
    }
  };
}

export function createSuite(implementation: string, options: Benchmark.Options = {}): Promise<Benchmark.Suite> {
  return buildSuite(named(implementations, implementation), SEALED_SHAPES, options);
}

export const verify: SuiteFile = {
  name: 'verify',
  about:
    'The same body sealed, read 64 KiB at a time: decoded, counted, hashed and judged. Against sha-256 of the same ' +
    'octets in updates of 64 KiB, without framing. Each read is copied first, as a socket would bring it, and decoded ' +
    'in place, as `receive` does.',
  caveat: 'No stream, no event loop and no system call is part of any figure.',
  shapes: SEALED_SHAPES,
  implementations,
  comparisons: [{ name: 'sha-256', of: 'verify', over: 'sha-256', atLeast: WANTED }],
  createSuite,
};
