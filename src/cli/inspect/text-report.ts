/**
 * The annotation for people: a row a piece, with its offset, what it is, and its octets; a CRLF stands in the row of what
 * it ends. An error is underlined at the octets to blame.
 */
import type { styleText } from 'node:util';
import { formatCount } from '../terminal.ts';
import { escapeControls, escapeOctets } from './escape.ts';
import type { ChunksEvent, ErrorEvent, InspectEvent, Report, VerdictEvent } from './event.ts';
import { byteCount, counted, labelOf } from './labels.ts';
import { MAX_WHOLE_BYTES, type Piece, type PieceKind } from './piece.ts';

export type Paint = (format: Parameters<typeof styleText>[0], text: string) => string;
type Colour = Parameters<Paint>[0];

const OFFSET_WIDTH = 12;
const LABEL_WIDTH = 36;
const MARGIN = ' '.repeat(OFFSET_WIDTH + 2);

const COLOURS: Partial<Record<PieceKind, Colour>> = {
  'status-line': 'bold',
  'chunk-size': 'cyan',
  'chunk-ext': 'magenta',
  'last-chunk': 'cyan',
  'trailer-field-line': 'green',
  behind: 'yellow',
};

const VERDICT_COLOURS: Partial<Record<VerdictEvent['kind'], Colour>> = { complete: 'green', unverified: 'yellow' };

interface Row {
  offset: number;
  label: string;
  octets: string;
  /** Where a CRLF in the same row would stand. */
  end: number;
}

export class TextReport implements Report {
  readonly #paint: Paint;
  #text = '';
  #messages = 0;
  /** The last row: its CRLF may be to come. */
  #row: Row | undefined;
  #error: ErrorEvent | undefined;

  constructor(paint: Paint) {
    this.#paint = paint;
  }

  add(event: InspectEvent): void {
    if (event.type === 'piece') return this.#addPiece(event.piece);
    this.#endRow();
    switch (event.type) {
      case 'message':
        if (++this.#messages === 1) this.#addTitle();
        else this.#text += `\n${this.#paint('bold', `message ${this.#messages}`)}\n`;
        break;
      case 'chunks':
        return this.#addChunks(event);
      case 'error':
        return this.#addError(event);
      case 'verdict':
        return this.#addVerdict(event);
    }
  }

  addUnread(offset: number, length: number): void {
    this.#text += `${String(offset).padStart(OFFSET_WIDTH)}  ${byteCount(length)} from the error on, not looked at further\n`;
  }

  take(isLast = false): string {
    if (isLast) this.#endRow();
    const text = this.#text;
    this.#text = '';
    return text;
  }

  #addTitle(): void {
    const title = `${'offset'.padStart(OFFSET_WIDTH)}  ${'what it is'.padEnd(LABEL_WIDTH)}  bytes`;
    this.#text += `${this.#paint('bold', title)}\n`;
  }

  #addPiece(piece: Piece): void {
    const row = this.#row;
    if (piece.kind === 'crlf' && row?.end === piece.offset) {
      row.label += piece.isWhole ? ', CRLF' : ', CR';
      row.octets += this.#paint('dim', escapeOctets(piece.octets));
      row.end = -1;
      return this.#endRow();
    }
    this.#endRow();
    const { offset, length } = piece;
    this.#row = { offset, label: labelOf(piece), octets: this.#octetsOf(piece), end: offset + length };
  }

  #octetsOf({ kind, octets, tail, length }: Piece): string {
    const colour = COLOURS[kind];
    const shown = (part: Uint8Array) =>
      colour === undefined ? escapeOctets(part) : this.#paint(colour, escapeOctets(part));
    if (tail.length === 0) return shown(octets);
    const omitted = byteCount(length - octets.length - tail.length);
    return `${shown(octets)}${this.#paint('dim', ` … ${omitted} … `)}${shown(tail)}`;
  }

  #endRow(): void {
    if (this.#row !== undefined) this.#addRow(this.#row.offset, this.#row.label, this.#row.octets);
    this.#row = undefined;
  }

  #addRow(offset: number, label: string, octets: string): void {
    const place = this.#paint('dim', String(offset).padStart(OFFSET_WIDTH));
    this.#text += octets === '' ? `${place}  ${label}\n` : `${place}  ${label.padEnd(LABEL_WIDTH)}  ${octets}\n`;
  }

  #addChunks({ offset, from, to, bytes, smallest, largest, extensions }: ChunksEvent): void {
    const range =
      smallest === largest
        ? `${formatCount(smallest)} each`
        : `${formatCount(smallest)} to ${formatCount(largest)} each`;
    const also = extensions > 0 ? `; ${formatCount(extensions)} with an extension` : '';
    const label = from === to ? `chunk ${from}` : `chunks ${from} to ${to}`;
    this.#addRow(offset, label, this.#paint('dim', `… ${byteCount(bytes)} of chunk-data, ${range}${also} …`));
  }

  #addError(error: ErrorEvent): void {
    const { offset, reason, octets, blamed } = error;
    this.#error = error;
    const shown = octets.subarray(0, MAX_WHOLE_BYTES);
    const guilty = escapeOctets(shown.subarray(0, blamed));
    const behind = escapeOctets(shown.subarray(blamed));
    const label = octets.length === 0 ? 'here the input ends' : 'here it breaks';
    const underlined = guilty === '' ? '' : this.#paint(['red', 'underline'], guilty);
    this.#addRow(
      offset,
      this.#paint('red', octets.length === 0 ? label : label.padEnd(LABEL_WIDTH)),
      underlined + this.#paint('dim', behind),
    );
    const indent = ' '.repeat(OFFSET_WIDTH + 2 + LABEL_WIDTH + 2);
    this.#text += `${indent}${this.#paint('red', '^'.repeat(Math.max(1, guilty.length)))}\n`;
    this.#text += `${MARGIN}${this.#paint('red', escapeControls(reason))}\n`;
  }

  #addVerdict({ kind, code, reason, digest, digestPlace, status, counts, hint }: VerdictEvent): void {
    const { octets, contentOctets, chunks, chunkExtensions, trailerFields } = counts;
    const colour = code === undefined ? (VERDICT_COLOURS[kind] ?? 'red') : 'red';
    const verdict = this.#paint(colour, kind) + (code === undefined ? '' : ` [${code}]`);
    // What was found and expected has been told at the error.
    const why = reason === this.#error?.reason ? ` at offset ${this.#error.offset}` : `: ${escapeControls(reason)}`;
    const ofDigest = digest === 'ignored' ? `${digestPlace} not checked: ${kind}` : `${digestPlace}: ${digest}`;
    const facts = [
      ...(status === undefined ? [] : [`status ${escapeControls(status)}`]),
      `${byteCount(contentOctets)} of content${chunks > 0 ? ` in ${counted(chunks, 'chunk')}` : ''}`,
      ...(chunkExtensions > 0 ? [counted(chunkExtensions, 'chunk extension')] : []),
      ...(trailerFields > 0 ? [counted(trailerFields, 'trailer field')] : []),
      ...(digest === undefined || digest === 'absent' ? [] : [ofDigest]),
      this.#error === undefined ? `${byteCount(octets)} in all` : `${byteCount(octets)} up to there`,
    ];
    this.#text += `\n${verdict}${why}\n  ${facts.join(', ')}\n`;
    if (hint !== undefined) this.#text += `  ${this.#paint('yellow', 'hint:')} ${hint}\n`;
  }
}
