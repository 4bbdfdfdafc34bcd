/**
 * The zeros at the end of what has come of a compressed body, which wait for what follows. A decompressor stops at the end of
 * its stream, and whoever reads from it is told of an end then, while the body may still be cut or fail. Padding is zeros, and
 * zeros inside a compressed stream are followed by more; so what waits is padding, or a byte or two for a moment.
 */
import { type FieldPairs, fieldValue, listMembers } from '../core/fields.ts';

/** Beyond that it is handed on: what is kept is bounded, and no padding is known to be as long. */
const MAX_HELD_BYTES = 131_072;

export function isCompressed(headers: FieldPairs): boolean {
  return listMembers(fieldValue(headers, 'content-encoding')).some((coding) => coding !== 'identity');
}

export class HeldZeros {
  #bytes = 0;

  /** @returns the pieces that are not to wait */
  take(data: Buffer): Buffer[] {
    let end = data.length;
    while (end > 0 && data[end - 1] === 0) end--;
    const pieces = end === 0 ? [] : [...this.release(), data.subarray(0, end)];
    this.#bytes += data.length - end;
    return this.#bytes > MAX_HELD_BYTES ? [...pieces, ...this.release()] : pieces;
  }

  /** @returns what has been waiting */
  release(): Buffer[] {
    const bytes = this.#bytes;
    this.#bytes = 0;
    return bytes === 0 ? [] : [Buffer.alloc(bytes)];
  }
}
