/** chunk-size CRLF (RFC 9112 §7.1), written backwards to where the data starts, so that its length need not be known. */
import { CR, LF, octetsFromLatin1 } from './grammar.ts';

/** A chunk header of up to 14 hex digits (2^53-1) and CRLF. */
export const MAX_HEADER_BYTES = 16;

const HEX_DIGITS = octetsFromLatin1('0123456789abcdef');

/**
 * Writes the header of a chunk whose data starts at `dataStart`, just before it.
 *
 * @returns where the header starts, at most `MAX_HEADER_BYTES` before
 */
export function writeHeaderBefore(octets: Uint8Array, dataStart: number, size: number): number {
  octets[dataStart - 1] = LF;
  octets[dataStart - 2] = CR;
  let at = dataStart - 2;
  let rest = size;
  do {
    octets[--at] = HEX_DIGITS[rest % 16]!;
    rest = Math.floor(rest / 16);
  } while (rest > 0);
  return at;
}
