/** What the annotator tells of its input, in order. All offsets are in octets from the start of the input. */
import type { FramingErrorCode, HeadErrorCode } from '../../core/errors.ts';
import type { BodyErrorCode, DigestState, Verdict } from '../../core/verdict.ts';
import type { Piece } from './piece.ts';

/** The start of a message. */
export interface MessageEvent {
  type: 'message';
  offset: number;
  /** A whole response, or a chunked body without a head. */
  form: 'response' | 'chunked-body';
}

export interface PieceEvent {
  type: 'piece';
  piece: Piece;
}

/** Whole chunks that are not shown one by one. */
export interface ChunksEvent {
  type: 'chunks';
  offset: number;
  /** Octets of the chunks, framing included. */
  length: number;
  /** Counted from 1. */
  from: number;
  to: number;
  /** Octets of chunk-data: of all of them, of the smallest, of the largest. */
  bytes: number;
  smallest: number;
  largest: number;
  /** How many have a chunk extension. */
  extensions: number;
}

/** Where the message breaks. Nothing behind it is looked at. */
export interface ErrorEvent {
  type: 'error';
  offset: number;
  code: FramingErrorCode | HeadErrorCode;
  /** What was found, and what was expected. */
  reason: string;
  /** What stands there, as far as it had come: nothing at the end of input. */
  octets: Uint8Array;
  /** How many of these are to blame. */
  blamed: number;
}

export interface Counts {
  /** Of the message, its head included. */
  octets: number;
  contentOctets: number;
  chunks: number;
  chunkExtensions: number;
  trailerFields: number;
}

/** The conclusion of one message. */
export interface VerdictEvent {
  type: 'verdict';
  /** `no-response`: there was no well-formed head, and so nothing to judge. */
  kind: Verdict['kind'] | 'no-response';
  /** Undefined if the body may end. */
  code: BodyErrorCode | HeadErrorCode | undefined;
  reason: string;
  /** `ignored`: the body did not come whole, so there was nothing to check. */
  digest: DigestState | undefined;
  /** Where the digest came, in words; undefined if none came. */
  digestPlace: string | undefined;
  /** The status-line without its version. */
  status: string | undefined;
  counts: Counts;
  exitCode: number;
  hint: string | undefined;
}

export type InspectEvent = MessageEvent | PieceEvent | ChunksEvent | ErrorEvent | VerdictEvent;

export type Emit = (event: InspectEvent) => void;

/** What both ways of writing the annotation have in common: events in, text out. */
export interface Report {
  add(event: InspectEvent): void;
  /** How much of a file lies behind the error. */
  addUnread(offset: number, length: number): void;
  /** The text since the last call. With `isLast`, a row that may go on is in it too. */
  take(isLast?: boolean): string;
}
