/**
 * Content that waits to be sent, and leaves as one chunk. Small data is gathered in a slab; large data stays where it is.
 *
 * A slab is used again once the socket has let go of it: a fresh one costs more than the copy into it (measured: 6 µs of
 * page faults for 64 KiB, 1.4 µs for the copy). Two sizes, so that a response that sends a little at a time holds little.
 */

import { FRAMING_BYTES, OpenChunk } from '../../core/chunk.ts';
import type { Encoder } from '../../core/encoder.ts';

/**
 * What a response may hold before it asks its source to wait. Two pieces of a file stream, so that they leave together
 * (measured: a third less CPU than with half of it, for pieces of 4 to 64 KiB; twice of it gains nothing more).
 */
export const MAX_WAITING_BYTES = 131_072;
/** Data up to this length is copied; larger data is handed on as it is. */
export const MAX_COPIED_BYTES = 8192;

const SMALL_BYTES = 2048;
/** Octets of data that a small slab holds. */
export const SMALL_SLAB_ROOM = SMALL_BYTES - FRAMING_BYTES;
/** All that may wait, and the write that exceeded it. */
const LARGE_BYTES = MAX_WAITING_BYTES + MAX_COPIED_BYTES + FRAMING_BYTES;
/** Slabs of one size that are kept for the next user. */
const MAX_KEPT = 16;

const kept = { small: [] as Buffer[], large: [] as Buffer[] };

/** The most octets of UTF-8 for a UTF-16 code unit. */
const MAX_UTF8_BYTES = 3;
/** Text up to this length is copied without a call while it is ASCII. */
const MAX_LOOP_CHARACTERS = 24;

export class OutgoingContent {
  /** Bytes. */
  size = 0;
  /** What comes before the chunk that is open. */
  #pieces: Uint8Array[] | undefined;
  #slabs: Buffer[] | undefined;
  #chunk: OpenChunk | undefined;
  #isLarge: boolean;

  /** @param isLarge whether much is expected, because the last content was much */
  constructor(isLarge = false) {
    this.#isLarge = isLarge;
  }

  /** Whether it was more than a small slab holds. */
  get isLarge(): boolean {
    return this.size > SMALL_SLAB_ROOM;
  }

  /** Data up to `MAX_COPIED_BYTES` is copied; larger data is to stay as it is until it has been sent. */
  add(data: Uint8Array): void {
    const { length } = data;
    this.size += length;
    if (length <= MAX_COPIED_BYTES) {
      this.#makeRoom(length).append(data);
    } else {
      this.#endRun();
      this.#addPiece(data);
    }
  }

  /** Text as UTF-8. @returns its octets */
  addText(text: string): number {
    const { length } = text;
    if (length * MAX_UTF8_BYTES > MAX_COPIED_BYTES) {
      const data = Buffer.from(text);
      this.add(data);
      return data.length;
    }
    const chunk = this.#makeRoom(length * MAX_UTF8_BYTES);
    const written = writeText(chunk.slab as Buffer, text, chunk.end);
    chunk.end += written;
    this.size += written;
    return written;
  }

  /** All of it, unframed. */
  pieces(): Uint8Array[] {
    const before = this.#pieces ?? [];
    return this.#chunk === undefined || this.#chunk.size === 0 ? before : [...before, this.#chunk.data];
  }

  /** One chunk with all of it. */
  framed(encoder: Encoder): Uint8Array[] {
    if (this.#chunk !== undefined && this.#pieces === undefined) return encoder.close(this.#chunk);
    return encoder.writeAll(this.pieces());
  }

  /** All has left: nobody reads from the slabs any more. */
  release(): void {
    for (const slab of this.#slabs ?? []) giveBackSlab(slab);
  }

  #makeRoom(length: number): OpenChunk {
    const chunk = this.#chunk;
    if (chunk !== undefined && chunk.room >= length) return chunk;
    if (chunk === undefined && !this.#isLarge && length <= SMALL_SLAB_ROOM) return this.#open('small');
    this.#isLarge = true;
    if (chunk === undefined || chunk.size > SMALL_SLAB_ROOM) {
      this.#endRun();
      return this.#open('large');
    }
    const larger = this.#open('large');
    larger.append(chunk.data);
    return larger;
  }

  #open(size: 'small' | 'large'): OpenChunk {
    const slab = takeSlab(size);
    if (this.#slabs === undefined) this.#slabs = [slab];
    else this.#slabs.push(slab);
    this.#chunk = new OpenChunk(slab);
    return this.#chunk;
  }

  #endRun(): void {
    if (this.#chunk !== undefined) this.#addPiece(this.#chunk.data);
    this.#chunk = undefined;
  }

  #addPiece(piece: Uint8Array): void {
    if (this.#pieces === undefined) this.#pieces = [piece];
    else this.#pieces.push(piece);
  }
}

/** @returns the octets written */
function writeText(slab: Buffer, text: string, start: number): number {
  const { length } = text;
  if (length > MAX_LOOP_CHARACTERS) return slab.write(text, start);
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 127) return slab.write(text, start);
    slab[start + i] = unit;
  }
  return length;
}

export function takeSlab(size: 'small' | 'large'): Buffer {
  return kept[size].pop() ?? Buffer.allocUnsafeSlow(size === 'small' ? SMALL_BYTES : LARGE_BYTES);
}

/** Nobody may read from the slab any more. */
export function giveBackSlab(slab: Buffer): void {
  const others = slab.length === SMALL_BYTES ? kept.small : kept.large;
  if (others.length < MAX_KEPT) others.push(slab);
}
