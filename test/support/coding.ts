/** ChunkedEncoder and ChunkedDecoder fed and read by hand: octets in, octets and an end out. */
import type { Readable, Writable } from 'node:stream';
import { latin1 } from './octets.ts';
import { closed } from './sockets.ts';

/** Everything that a stream gives, and the error that ended it. `hasEnded` says whether it said 'end'. */
export interface Outcome {
  data: string;
  error: (Error & { code?: string }) | undefined;
  hasEnded: boolean;
}

/** Reads until 'end' or 'error'. */
export async function outcome(stream: Readable): Promise<Outcome> {
  const outcome: Outcome = { data: '', error: undefined, hasEnded: false };
  await new Promise<void>((resolve) => {
    stream.on('data', (data) => {
      outcome.data += latin1(data);
    });
    stream.on('end', () => {
      outcome.hasEnded = true;
      resolve();
    });
    stream.on('error', (error) => {
      outcome.error = error;
      resolve();
    });
  });
  // An 'end' behind an error would be a lie: give it the time to come.
  if (outcome.error !== undefined) await closed(stream);
  return outcome;
}

/** Writes the pieces, each when there is room for it, and ends. */
export async function feed(
  stream: Writable,
  pieces: Iterable<string | Uint8Array>,
  { ends = true } = {},
): Promise<void> {
  for (const piece of pieces) {
    const octets = typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece;
    if (!stream.write(octets) && !stream.destroyed) {
      await new Promise((resolve) => stream.once('drain', resolve).once('close', resolve));
    }
  }
  if (ends) stream.end();
}
