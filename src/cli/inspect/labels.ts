/** What a piece is, in the words of the grammar and for people. */
import { formatCount } from '../terminal.ts';
import type { Piece, PieceKind } from './piece.ts';

const LABELS: Readonly<Record<PieceKind, string>> = {
  'status-line': 'status-line',
  'field-line': 'field line',
  'obs-fold': 'field line, folded (obs-fold)',
  'head-end': 'CRLF that ends the head',
  'chunk-size': 'chunk-size',
  'chunk-ext': 'chunk extension',
  'chunk-data': 'chunk-data',
  'last-chunk': 'last-chunk',
  'trailer-field-line': 'trailer field line',
  'body-end': 'CRLF that ends the body',
  crlf: 'CRLF',
  content: 'content',
  behind: 'bytes after the message',
};

export function labelOf(piece: Piece): string {
  const words = [LABELS[piece.kind] + amountOf(piece)];
  if (piece.note !== undefined) words.push(piece.note);
  if (!piece.isWhole && piece.size === undefined) words.push('not whole');
  return words.join(', ');
}

function amountOf({ kind, size, length, isWhole }: Piece): string {
  switch (kind) {
    case 'chunk-size':
      return size === undefined ? '' : `: ${byteCount(size)}`;
    case 'chunk-data':
    case 'content':
      return isWhole ? `: ${byteCount(length)}` : `: ${formatCount(length)} of ${byteCount(size ?? length)}`;
    case 'behind':
      return `: ${formatCount(length)}`;
    default:
      return '';
  }
}

export function byteCount(count: number): string {
  const digits = count < 1000 ? count : formatCount(count); // toLocaleString takes as long as the rest of a row (measured)
  return `${digits} ${count === 1 ? 'byte' : 'bytes'}`;
}

export function counted(count: number, one: string): string {
  return `${formatCount(count)} ${one}${count === 1 ? '' : 's'}`;
}
