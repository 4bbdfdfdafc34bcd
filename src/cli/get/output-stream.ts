/**
 * Where content goes that is no file: standard output, a pipe, a device. It is written to as it stands. A descriptor of
 * ours is used itself: opened anew by its name, a file in its place would be emptied. A FIFO is opened and written to
 * without waiting in the thread pool, which would hold the process after Ctrl-C for as long as nobody reads.
 */
import { constants, createWriteStream, fstatSync, open, type Stats, statSync } from 'node:fs';
import { Socket } from 'node:net';
import path from 'node:path';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const READER_INTERVAL = 50;

const DESCRIPTOR = /^\/(?:dev|proc\/self)\/fd\/(\d{1,9})$/;
const NAMED: Readonly<Record<string, number>> = { '/dev/stdout': 1, '/dev/stderr': 2 };

/** Whether it is written to as it stands: not a regular file, wherever that is, or one that is to be made. */
export function isStream(output: string): boolean {
  if (descriptorOf(output) !== undefined) return true;
  const stats = statSync(output, { throwIfNoEntry: false });
  return stats !== undefined && !stats.isFile() && !stats.isDirectory();
}

/** @throws Error of the file system; the signal's reason */
export async function openOutput(output: string, signal: AbortSignal): Promise<Writable> {
  const fd = descriptorOf(output);
  if (fd === 1) return process.stdout;
  if (fd === 2) return process.stderr;
  if (fd !== undefined) return isPipe(fstatSync(fd)) ? pipeFrom(fd) : createWriteStream('', { fd });
  return isPipe(statSync(output)) ? pipeFrom(await openFifo(output, signal)) : createWriteStream(output);
}

function descriptorOf(output: string): number | undefined {
  const file = path.resolve(output);
  if (Object.hasOwn(NAMED, file)) return NAMED[file];
  const [, digits] = DESCRIPTOR.exec(file) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

function isPipe(stats: Stats): boolean {
  return stats.isFIFO() || stats.isSocket();
}

function pipeFrom(fd: number): Writable {
  return new Socket({ fd, readable: false, writable: true });
}

/** Once somebody reads it. */
async function openFifo(output: string, signal: AbortSignal): Promise<number> {
  const flags = constants.O_WRONLY | (constants.O_NONBLOCK ?? 0);
  for (;;) {
    signal.throwIfAborted();
    try {
      return await promisify(open)(output, flags);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
    }
    await sleep(READER_INTERVAL, undefined, { signal });
  }
}
