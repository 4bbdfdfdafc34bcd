/**
 * Seal and verify, with the chunks, beside bare sha-256 in updates of the same size. All read their input where it lies; it
 * is not for the decoder to write to, and of pieces of these sizes it would move none.
 */
import { createHash } from 'node:crypto';
import { toChunked } from '../chunked.ts';
import { cut, makeBody } from '../fixtures.ts';
import { core } from '../library.ts';
import { Part } from '../part.ts';
import { take } from '../sink.ts';

const content = makeBody(1024 * 1024);
const digest = createHash('sha256').update(content).digest();
const trailers = `X-Stream-Status: ok;bytes=${content.length}\r\nContent-Digest: sha-256=:${digest.toString('base64')}:\r\n`;
const createHasher = () => createHash('sha256');

export const part = new Part('seal');

for (const size of [4096, 16384, 65536]) {
  const pieces = cut(content, size);
  const chunked = toChunked(pieces, '', trailers);
  const reads = cut(chunked, 65536);
  const title = (name: string) => `${name}, ${size} bytes`;
  const bare = () => {
    const hash = createHash('sha256');
    for (const piece of pieces) hash.update(piece);
    take(hash.digest());
  };
  const seal = () => {
    const seal = new core.Seal({ algorithms: ['sha-256'], createHasher });
    const encoder = new core.Encoder();
    for (const piece of pieces) {
      seal.update(piece);
      for (const bytes of encoder.write(piece)) take(bytes);
    }
    for (const bytes of encoder.end(seal.finish())) take(bytes);
  };
  const verify = () => {
    const verifier = new core.Verifier({ digest: 'sha-256', createHasher });
    const decoder = new core.Decoder({
      onData: (data) => {
        verifier.update(data);
        take(data);
      },
    });
    for (const read of reads) decoder.write(read);
    const { kind } = verifier.conclude({ error: decoder.error, rawTrailers: decoder.rawTrailers }).verdict;
    if (!decoder.done || kind !== 'complete') throw new Error(`The verdict is ${kind}`);
  };
  part.add(title('sha-256'), bare, digest);
  part.add(title('seal and encode'), seal, chunked);
  part.add(title('decode and verify'), verify, content);
  for (const ours of ['seal and encode', 'decode and verify']) {
    const row = { ours: title(ours), theirs: title('sha-256'), by: 'CPU', target: 1.1 } as const;
    const why =
      ours === 'seal and encode'
        ? 'The octets are counted, framed and copied.'
        : 'The decoder, the updates with views of its input, and the verdict, see [the notes](notes/seal.txt).';
    part.rows.push({ title: `${title(ours)} a piece, beside sha-256 alone`, ...row, why });
  }
}
