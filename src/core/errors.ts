/**
 * The one error class for everything that a peer can do wrong, and its closed union of codes. A code is API and never
 * changes its meaning; a message is for people and may.
 *
 * What the caller does wrong (a trailer name that may not trail, a negative limit) is a TypeError or RangeError.
 */
import type { Verdict } from './verdict.ts';

/** What a peer did wrong. A code is API and never changes its meaning. */
export type StreamErrorCode =
  /** The sender said that the body failed, in a trailer or in an abort chunk. */
  | 'ERR_STREAM_FAILED'
  /** Input ended before the message did. */
  | 'ERR_STREAM_TRUNCATED'
  /** The framing or the trailer section does not match the grammar. */
  | 'ERR_STREAM_MALFORMED'
  /** A bound of `Limits` was passed. */
  | 'ERR_STREAM_LIMIT'
  /** The byte count or a digest disagrees with what came. */
  | 'ERR_STREAM_MISMATCH'
  /** The framing is complete, but no status came where one was required. */
  | 'ERR_STREAM_UNVERIFIED'
  /** Nothing came for too long. */
  | 'ERR_STREAM_TIMEOUT'
  /** The socket closed before a whole response head; `bytes` says how many octets of one came. */
  | 'ERR_NO_RESPONSE'
  /** The socket closed before a whole request head; `bytes` says how many octets of one came. */
  | 'ERR_NO_REQUEST'
  /** The message head does not match the grammar, or its framing is ambiguous. */
  | 'ERR_HEAD_MALFORMED'
  /** The message head passed a bound of `Limits`. */
  | 'ERR_HEAD_LIMIT';

export interface StreamErrorDetails {
  /** Where in the octets of the message, counted from 0. */
  offset?: number;
  /** How many octets had come. */
  bytes?: number;
  verdict?: Verdict;
  cause?: unknown;
}

export class StreamError extends Error {
  override readonly name = 'StreamError';
  readonly code: StreamErrorCode;
  /** The octet at which the framing broke, counted from the start of the body (of the head, for `ERR_HEAD_*`). */
  readonly offset: number | undefined;
  /** Octets that had come: of the head for `ERR_NO_*` and `ERR_HEAD_*`, of content otherwise. */
  readonly bytes: number | undefined;
  /** The conclusion that ended the stream, where there was a body to judge. */
  readonly verdict: Verdict | undefined;

  constructor(code: StreamErrorCode, message: string, details: StreamErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.offset = details.offset;
    this.bytes = details.bytes;
    this.verdict = details.verdict;
  }
}
