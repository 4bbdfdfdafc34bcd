/**
 * Reading a stream piece by piece as it has them. Not by `for await`, which joins the pieces that wait, and so copies them;
 * and not through a Writable: when the stream fails, what waits there is lost.
 */
import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';

/**
 * @param take may return what the next piece waits for
 * @throws what the stream fails with, or `take`
 */
export async function takeAll(stream: Readable, take: (data: Buffer) => Promise<void> | undefined): Promise<void> {
  let isReady: Promise<void> | undefined;
  const fail = (error: Error) => void stream.destroy(error);
  stream.on('data', (data: Buffer) => {
    try {
      isReady = take(data);
    } catch (error) {
      return fail(error as Error);
    }
    if (isReady === undefined) return;
    stream.pause();
    isReady.then(() => stream.resume(), fail);
  });
  try {
    await finished(stream);
  } finally {
    await isReady; // which may be the last one's
  }
}
