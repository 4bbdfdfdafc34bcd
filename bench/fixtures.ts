/** What is measured: the same bytes in every process and on every machine. */
import { seededNumbers } from './random.ts';

const SEED = 0x9112;

/** Bytes of every value, among them CR, LF and digits. */
export function makeBody(length: number): Buffer {
  const body = Buffer.alloc(length);
  const next = seededNumbers(SEED);
  for (let at = 0; at < length; at++) body[at] = next() >>> 24;
  return body;
}

/** The bytes in pieces of this size, the last one perhaps smaller. Views, no copies. */
export function cut(bytes: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}
