/**
 * The pieces of a chunked body (RFC 9112 §7.1), in any split of the input:
 *
 *     chunk-size [ chunk-ext ] CRLF chunk-data CRLF ... last-chunk [ chunk-ext ] CRLF *( field-line CRLF ) CRLF
 *
 * It judges nothing: it is given the octets that the Decoder has accepted, and no other. Therefore a chunk line ends at
 * its first CR, since no quoted-string can hold one, and what begins no CRLF in the trailer section is a field line.
 */

import { mayTrail } from '../../core/fields.ts';
import { COLON, CR, HEX_VALUE, LF, latin1FromOctets } from '../../core/grammar.ts';
import type { ChunkFold } from './chunk-fold.ts';
import { OpenPiece, type Piece, type PieceKind } from './piece.ts';

const SIZE = 0;
const EXTENSION = 1;
const LINE_CRLF = 2;
const DATA = 3;
const DATA_CRLF = 4;
const TRAILER_START = 5;
const FIELD_LINE = 6;
const FIELD_CRLF = 7;
const END_CRLF = 8;

/** What is being read in each state. A chunk-size of zeros turns out to be a last-chunk. */
const KINDS: readonly PieceKind[] = [
  ...(['chunk-size', 'chunk-ext', 'crlf', 'chunk-data', 'crlf'] as const),
  ...(['trailer-field-line', 'trailer-field-line', 'crlf', 'body-end'] as const),
];

/** More digits are read octet by octet. */
const MAX_FAST_DIGITS = 7;

export class ChunkedPieces {
  readonly #fold: ChunkFold;
  #state = SIZE;
  #open: OpenPiece | undefined;
  #offset: number;
  #size = 0;
  #remaining = 0;
  #chunkOffset = 0;
  #hasExtension = false;
  /** Of chunk lines that came to their CRLF, that of a last-chunk included. */
  extensions = 0;

  constructor(fold: ChunkFold, offset: number) {
    this.#fold = fold;
    this.#offset = offset;
  }

  /** The next octets, all of which the Decoder has accepted. */
  write(input: Uint8Array): void {
    let at = 0;
    while (at < input.length) {
      if (this.#state === SIZE && this.#open === undefined) {
        at = this.#wholeChunks(input, at);
        if (at === input.length) return;
      }
      at = this.#step(input, at);
    }
  }

  /** Nothing more is to come: shows what has been held, and the piece that was being read as far as it came. */
  flush(): void {
    if (this.#open !== undefined) this.#close(KINDS[this.#state]!, false);
    this.#fold.flush();
  }

  /** Where whole chunks are counted only: counts those that lie in the input and have no extension; returns behind them. */
  #wholeChunks(input: Uint8Array, from: number): number {
    let at = from;
    while (this.#fold.isFolding) {
      let size = 0;
      let behind = at;
      for (; behind - at < MAX_FAST_DIGITS; behind++) {
        const digit = HEX_VALUE[input[behind] ?? LF]!;
        if (digit === 255) break;
        size = (size << 4) | digit;
      }
      const end = behind + 2 + size + 2;
      if (size === 0 || input[behind] !== CR || end > input.length) break;
      this.#fold.chunkEnd(this.#offset, end - at, size, false);
      this.#offset += end - at;
      at = end;
    }
    return at;
  }

  #step(input: Uint8Array, at: number): number {
    switch (this.#state) {
      case SIZE: {
        let end = at;
        for (; end < input.length && HEX_VALUE[input[end]!] !== 255; end++) {
          this.#size = this.#size * 16 + HEX_VALUE[input[end]!]!;
        }
        this.#take(input, at, end);
        if (end === input.length) return end;
        this.#chunkOffset = this.#close(this.#size === 0 ? 'last-chunk' : 'chunk-size', true, this.#size).offset;
        this.#hasExtension = input[end] !== CR;
        this.#state = this.#hasExtension ? EXTENSION : LINE_CRLF;
        return end;
      }
      case EXTENSION:
      case FIELD_LINE: {
        const isField = this.#state === FIELD_LINE;
        const cr = input.indexOf(CR, at);
        const end = cr === -1 ? input.length : cr;
        this.#take(input, at, end);
        if (cr === -1) return end;
        this.#close(isField ? 'trailer-field-line' : 'chunk-ext', true);
        if (!isField) this.extensions++;
        this.#state = isField ? FIELD_CRLF : LINE_CRLF;
        return end;
      }
      case DATA: {
        const end = Math.min(input.length, at + this.#remaining);
        this.#take(input, at, end);
        this.#remaining -= end - at;
        if (this.#remaining > 0) return end;
        this.#close('chunk-data', true, this.#size);
        this.#state = DATA_CRLF;
        return end;
      }
      case TRAILER_START:
        this.#state = input[at] === CR ? END_CRLF : FIELD_LINE;
        return at;
      default:
        return this.#crlf(input, at);
    }
  }

  #crlf(input: Uint8Array, at: number): number {
    this.#take(input, at, at + 1);
    if (input[at] !== LF) return at + 1;
    this.#close(KINDS[this.#state]!, true);
    if (this.#state === DATA_CRLF) {
      const length = this.#offset - this.#chunkOffset;
      this.#fold.chunkEnd(this.#chunkOffset, length, this.#size, this.#hasExtension);
      this.#size = 0;
      this.#state = SIZE;
    } else if (this.#state === LINE_CRLF) {
      this.#remaining = this.#size;
      this.#state = this.#size === 0 ? TRAILER_START : DATA;
    } else {
      this.#state = TRAILER_START; // behind the last CRLF nothing more is written
    }
    return at + 1;
  }

  #take(input: Uint8Array, start: number, end: number): void {
    this.#open ??= new OpenPiece(this.#offset);
    this.#open.take(input, start, end);
    this.#offset += end - start;
  }

  #close(kind: PieceKind, isWhole: boolean, size?: number): Piece {
    const piece = this.#open!.close(kind, isWhole, kind === 'chunk-data' ? this.#size : size);
    if (kind === 'trailer-field-line') piece.note = noteOn(piece);
    this.#open = undefined;
    this.#fold.piece(piece);
    return piece;
  }
}

/** A field that nobody may act on (RFC 9110 §6.5.1). */
function noteOn({ octets }: Piece): string | undefined {
  const name = latin1FromOctets(octets, 0, Math.max(0, octets.indexOf(COLON)));
  return mayTrail(name) ? undefined : 'may not trail';
}
