/** The limit that hashing sets: bare sha-256 of the octets, 64 KiB at a time. */
import { createHash } from 'node:crypto';
import { cut, type Fixture } from './fixtures.ts';
import { take } from './sink.ts';
import type { Implementation, Work } from './suite.ts';

const UPDATE_BYTES = 64 * 1024;

/** The sizes of chunk that are sealed and verified, and what the project wants there. */
export const HASHED_SIZES = ['64', '1024', '4096', '16384', '65536'];
export const WANTED = { 64: 0.6, 1024: 0.95, 4096: 0.95, 16384: 0.95, 65536: 0.95 };

export const sha256: Implementation = {
  name: 'sha-256',
  label: 'bare sha-256',
  load: loadSha256,
  inputOf: ({ content }) => [cut(content, UPDATE_BYTES)],
  isRight: (output, { content }) => output.equals(digestOf(content)),
};

async function loadSha256(): Promise<Work> {
  return (groups) => {
    const hash = createHash('sha256');
    for (const pieces of groups) {
      for (const piece of pieces) hash.update(piece);
    }
    take(hash.digest());
  };
}

export function digestOf(content: Fixture['content']): Buffer {
  return createHash('sha256').update(content).digest();
}

/** The library's shape of a hasher, as src/node gives it. */
export function createHasher(algorithm: string) {
  return createHash(algorithm.replace('-', ''));
}
