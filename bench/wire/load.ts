/**
 * What a sender is asked for, as the target of the request says it: `/16/1000` is a piece of 16 octets written 1000
 * times, `/trace/1000` a thousand bursts of the trace. The content is text without CR and LF, so that two CRLF in a row,
 * behind the head, can only be the end of the message.
 */
import { createHash } from 'node:crypto';
import { burstAt, traceBytes } from './trace.ts';

export interface Load {
  /** Octets of a piece. */
  size: number | 'trace';
  /** Pieces, or bursts. */
  count: number;
}

export const SIZES = [16, 64, 256, 1024, 4096, 16384, 65536] as const;

const HASHED_AT_ONCE = 65536;

export function targetOf({ size, count }: Load): string {
  return `/${size}/${count}`;
}

/** @throws TypeError for a target that names no load */
export function loadFrom(target: string): Load {
  const match = /^\/(trace|[1-9]\d*)\/(\d+)$/.exec(target);
  if (match === null) throw new TypeError(`No load is named ${target}`);
  return { size: match[1] === 'trace' ? 'trace' : Number(match[1]), count: Number(match[2]) };
}

/** A load of about so many octets. */
export function loadOf(size: Load['size'], octets: number): Load {
  const manyTimes = 1000;
  const each = size === 'trace' ? traceBytes(manyTimes) / manyTimes : size;
  return { size, count: Math.max(1, Math.round(octets / each)) };
}

export function octetsOf({ size, count }: Load): number {
  return size === 'trace' ? traceBytes(count) : size * count;
}

export function makePiece(size: number): Buffer {
  return Buffer.alloc(size, 'The quick brown fox jumps over the lazy dog. ');
}

/** The sha-256 of the content, in base64. */
export function digestOf({ size, count }: Load): string {
  const hash = createHash('sha256');
  if (size === 'trace') {
    for (let i = 0; i < count; i++) hash.update(burstAt(i).join(''));
    return hash.digest('base64');
  }
  const piece = makePiece(size);
  const together = Math.max(1, Math.floor(HASHED_AT_ONCE / size));
  const many = Buffer.concat(Array<Buffer>(together).fill(piece));
  let left = count;
  for (; left >= together; left -= together) hash.update(many);
  return hash.update(many.subarray(0, left * size)).digest('base64');
}
