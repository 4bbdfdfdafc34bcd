/**
 * One piece of a message: what it is in the words of the grammar (RFC 9112 §2.1, §4, §5, §7.1), where it stands, and as
 * many of its octets as are worth showing. A piece of any length takes the same little memory.
 */
import { copyOctets, joinOctets } from '../../core/grammar.ts';

export type PieceKind =
  | 'status-line'
  | 'field-line'
  /** A further line of the field line before it. */
  | 'obs-fold'
  /** The CRLF that ends the head. */
  | 'head-end'
  | 'chunk-size'
  | 'chunk-ext'
  | 'chunk-data'
  /** The zeros of a last-chunk. */
  | 'last-chunk'
  | 'trailer-field-line'
  /** The CRLF that ends the body. */
  | 'body-end'
  /** A CRLF that ends a line, or chunk-data. */
  | 'crlf'
  /** Content that is not chunked. */
  | 'content'
  /** Octets behind the message that belong to no other. */
  | 'behind';

export interface Piece {
  kind: PieceKind;
  /** In octets from the start of the input. */
  offset: number;
  length: number;
  /** All of its octets up to `MAX_WHOLE_BYTES`; of a longer one, the first `HEAD_BYTES`. */
  octets: Uint8Array;
  /** Of a longer one, the last `TAIL_BYTES`. */
  tail: Uint8Array;
  /** Whether it was there to its end. */
  isWhole: boolean;
  /** Of a chunk-size, the octets of chunk-data that it announces; of chunk-data or content, how long it was to be. */
  size?: number | undefined;
  note?: string | undefined;
}

/** A field line with a sha-256 digest is shown whole. */
export const MAX_WHOLE_BYTES = 80;
const HEAD_BYTES = 56;
const TAIL_BYTES = 16;

const NOTHING = new Uint8Array(0);

/** A piece that is still coming. */
export class OpenPiece {
  readonly offset: number;
  length = 0;
  /** The first octets, up to `MAX_WHOLE_BYTES`. */
  readonly #first: Uint8Array[] = [];
  /** The last ones of those behind them. */
  #last: Uint8Array = NOTHING;

  constructor(offset: number) {
    this.offset = offset;
  }

  take(input: Uint8Array, start = 0, end = input.length): void {
    const behindFirst = Math.min(end, start + Math.max(0, MAX_WHOLE_BYTES - this.length));
    if (start < behindFirst) this.#first.push(copyOctets(input, start, behindFirst));
    if (behindFirst < end) {
      const behind = input.subarray(Math.max(behindFirst, end - TAIL_BYTES), end);
      this.#last = joinOctets([this.#last, behind]).slice(-TAIL_BYTES);
    }
    this.length += end - start;
  }

  /** The piece, to its end or as far as it came. */
  close(kind: PieceKind, isWhole: boolean, size?: number): Piece {
    const { offset, length } = this;
    const first = joinOctets(this.#first);
    if (length <= MAX_WHOLE_BYTES) return { kind, offset, length, octets: first, tail: NOTHING, isWhole, size };
    const tail = joinOctets([first, this.#last]).slice(-TAIL_BYTES);
    return { kind, offset, length, octets: first.subarray(0, HEAD_BYTES), tail, isWhole, size };
  }
}

/** A piece whose octets are all at hand. */
export function pieceFrom(kind: PieceKind, offset: number, octets: Uint8Array, isWhole = true): Piece {
  const piece = new OpenPiece(offset);
  piece.take(octets);
  return piece.close(kind, isWhole);
}
