/**
 * Content that waits to be sent, and leaves as one chunk. Small data is gathered in a slab; large data stays where it is.
 */
import type { Encoder } from '../../core/encoder.ts';
import { OpenChunk } from '../../core/open-chunk.ts';
import { giveBackSlab, MAX_COPIED_BYTES, SMALL_SLAB_ROOM, takeSlab } from './slabs.ts';

/** The most octets of UTF-8 for a UTF-16 code unit. */
const MAX_UTF8_BYTES = 3;
/** Text up to this length is copied without a call while it is ASCII. */
const MAX_LOOP_CHARACTERS = 24;

export class OutgoingContent {
  /** Octets. */
  size = 0;
  /** What comes before the chunk that is open. */
  readonly #pieces: Uint8Array[] = [];
  readonly #slabs: Buffer[] = [];
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
    if (this.#chunk?.append(data)) return;
    if (length <= MAX_COPIED_BYTES) {
      this.#makeRoom(length).append(data);
    } else {
      this.#endRun();
      this.#pieces.push(data);
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
    return this.#chunk === undefined || this.#chunk.size === 0 ? this.#pieces : [...this.#pieces, this.#chunk.data];
  }

  /** One chunk with all of it. */
  framed(encoder: Encoder): Uint8Array[] {
    if (this.#chunk !== undefined && this.#pieces.length === 0) return encoder.close(this.#chunk);
    return encoder.writeAll(this.pieces());
  }

  /** All has left: nobody reads from the slabs any more. */
  release(): void {
    for (const slab of this.#slabs) giveBackSlab(slab);
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
    this.#slabs.push(slab);
    this.#chunk = new OpenChunk(slab);
    return this.#chunk;
  }

  #endRun(): void {
    if (this.#chunk !== undefined) this.#pieces.push(this.#chunk.data);
    this.#chunk = undefined;
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
