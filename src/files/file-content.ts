/** Reading a file that must not change meanwhile: what has been given of one that did is not what the file is now. */
import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';

const READ_BYTES = 262_144;
/** After so many bytes it is looked whether the file is still the same: a large one need not be sent to its end for that. */
const LOOK_BYTES = 128 * READ_BYTES;
/** Pieces that are read ahead: while one is hashed and sent, the next comes (measured: two of half the size cost a third more). */
const AHEAD = 1;

/** The same only for a file that nobody has touched in between: the ctime moves with every write, and cannot be set. */
export function fingerprintOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

/** @throws Error if the file is no longer as it was */
export async function assertUnchanged(handle: FileHandle, stats: BigIntStats): Promise<void> {
  const now = await handle.stat({ bigint: true });
  if (now.size < stats.size) throw new Error(`The file has become shorter: ${now.size} bytes instead of ${stats.size}`);
  if (fingerprintOf(now) !== fingerprintOf(stats)) throw new Error('The file has changed while it was being read');
}

/**
 * The bytes from `first` up to `end`. Buffers are used again where that is allowed: the page faults of fresh ones are an
 * eighth of the CPU that a file costs (measured).
 *
 * @param hasLetGo asked when the next piece is wanted, whether nobody reads from those before any more
 * @throws Error if the file is not the same from the beginning to the end
 */
export async function* readContent(
  handle: FileHandle,
  stats: BigIntStats,
  first: number,
  end: number,
  hasLetGo: () => boolean,
): AsyncGenerator<Buffer> {
  await assertUnchanged(handle, stats);
  const bufferSize = Math.min(READ_BYTES, end - first);
  const free: Buffer[] = [];
  const reads: Promise<Buffer>[] = [];
  try {
    for (let at = first, next = first; at < end; at += READ_BYTES) {
      for (; reads.length <= AHEAD && next < end; next += READ_BYTES) {
        const buffer = free.pop() ?? Buffer.allocUnsafeSlow(bufferSize);
        const read = readPiece(handle, buffer.subarray(0, end - next), next);
        read.catch(() => {}); // it is told when its turn comes
        reads.push(read);
      }
      const data = await reads.shift()!;
      // Before the last piece, for a client that has a length is at its end then; and all that it gets has been read.
      const isDue = at > first && (at - first) % LOOK_BYTES === 0;
      if (isDue || at + data.length === end) await assertUnchanged(handle, stats);
      yield data;
      if (data.length === bufferSize && hasLetGo()) free.push(data);
    }
  } finally {
    await Promise.allSettled(reads); // the file is closed next
  }
}

async function readPiece(handle: FileHandle, buffer: Buffer, start: number): Promise<Buffer> {
  for (let read = 0; read < buffer.length; ) {
    const { bytesRead } = await handle.read(buffer, read, buffer.length - read, start + read);
    if (bytesRead === 0) throw new Error(`The file has become shorter: it ends after ${start + read} bytes`);
    read += bytesRead;
  }
  return buffer;
}
