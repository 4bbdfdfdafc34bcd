/** The pieces of a message head (RFC 9112 §2.1), and the line at which a head that cannot be read breaks. */
import type { HeadError } from '../../core/errors.ts';
import { CR, HTAB, joinOctets, LF, octetsFromLatin1, SP } from '../../core/grammar.ts';
import { type Piece, type PieceKind, pieceFrom } from './piece.ts';

const CRLF = octetsFromLatin1('\r\n');

/** Up to and with its LF, or as far as it came. */
function* linesOf(octets: Uint8Array): Generator<{ start: number; end: number }> {
  for (let start = 0; start < octets.length; ) {
    const lf = octets.indexOf(LF, start);
    const end = lf === -1 ? octets.length : lf + 1;
    yield { start, end };
    start = end;
  }
}

/** Where the CRLF of a line starts, or what there is of it. */
function textEnd(octets: Uint8Array, end: number): number {
  if (octets[end - 1] === LF && octets[end - 2] === CR) return end - 2;
  return octets[end - 1] === CR ? end - 1 : end;
}

/** @param head octets from its start, at `offset` of the input, perhaps not to its end */
export function headPieces(head: Uint8Array, offset: number): Piece[] {
  const pieces: Piece[] = [];
  const add = (kind: PieceKind, start: number, end: number, isWhole: boolean) => {
    if (start < end) pieces.push(pieceFrom(kind, offset + start, head.subarray(start, end), isWhole));
  };
  for (const { start, end } of linesOf(head)) {
    const behindText = textEnd(head, end);
    const hasCrlf = end - behindText === 2;
    if (start === behindText && start > 0) {
      add('head-end', start, end, hasCrlf);
    } else {
      const isFolded = head[start] === SP || head[start] === HTAB;
      add(start === 0 ? 'status-line' : isFolded ? 'obs-fold' : 'field-line', start, behindText, behindText < end);
      add('crlf', behindText, end, hasCrlf);
    }
  }
  return pieces;
}

/**
 * Where the line stands, without its CRLF, with which the head breaks: the one that is no field line, or that makes the
 * framing ambiguous together with those before it.
 *
 * @param head a whole head, which `read` refuses by throwing `cause`
 */
export function brokenLine(
  head: Uint8Array,
  cause: HeadError,
  read: (head: Uint8Array) => unknown,
): { start: number; end: number } {
  for (const { start, end } of linesOf(head)) {
    try {
      read(joinOctets([head.subarray(0, end), CRLF]));
    } catch (error) {
      const { code, message } = error as HeadError;
      // The message of a limit counts all lines, those behind the first one over it too.
      const isSame = code === cause.code && (code === 'ERR_HEAD_LIMIT' || message === cause.message);
      if (isSame) return { start, end: textEnd(head, end) };
    }
  }
  return { start: 0, end: textEnd(head, head.length) };
}
