/**
 * What a peer can do wrong, one class a layer: the framing of a body, and the head of a message. The third layer, a whole
 * body with its verdict, is `BodyError` (verdict.ts). Each class has a closed union of codes. A code is API and never changes
 * its meaning; a message is for people and may.
 *
 * What the caller does wrong (a trailer name that may not trail, a negative limit) is a TypeError or RangeError.
 */

/** How the framing of a body broke. */
export type FramingErrorCode =
  /** Input ended before the message did. */
  | 'ERR_FRAMING_TRUNCATED'
  /** Input stalled, or took too long. */
  | 'ERR_FRAMING_TIMEOUT'
  /** The framing or the trailer section does not match the grammar (RFC 9112 §7.1). */
  | 'ERR_FRAMING_MALFORMED'
  /** A bound of `Limits` was passed. */
  | 'ERR_FRAMING_LIMIT';

/** What is wrong with a message head, or why there is none. */
export type HeadErrorCode =
  /** The head does not match the grammar, or its framing is ambiguous (RFC 9112 §2 to §6). */
  | 'ERR_HEAD_MALFORMED'
  /** The head passed a bound of `Limits`. */
  | 'ERR_HEAD_LIMIT'
  /** No whole head came in time. */
  | 'ERR_HEAD_TIMEOUT'
  /** The connection closed before a whole response head; `bytes` says how many bytes of one came. */
  | 'ERR_NO_RESPONSE'
  /** The connection closed before a whole request head; `bytes` says how many bytes of one came. */
  | 'ERR_NO_REQUEST';

export interface ErrorDetails {
  /** Where in the bytes of the body (of the head, for a `HeadError`), counted from 0. */
  offset?: number | undefined;
  /** How many bytes of content (of the head) had come. */
  bytes?: number | undefined;
  cause?: unknown;
}

/** What both say: a code, and where in the octets. */
class PeerError extends Error {
  readonly code: string;
  /** The byte (of the body; of the head, for a `HeadError`) that is wrong, counted from 0; undefined where it cannot be told. */
  readonly offset: number | undefined;
  /** Bytes of content (of the head, for a `HeadError`) that had come, where that is known. */
  readonly bytes: number | undefined;

  constructor(code: string, message: string, { offset, bytes, cause }: ErrorDetails = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.offset = offset;
    this.bytes = bytes;
  }
}

/** The framing of a body broke: thrown by `decodeChunked`, in `Decoder.error`, and the `error` of a verdict. */
export class FramingError extends PeerError {
  override readonly name = 'FramingError';
  declare readonly code: FramingErrorCode;
}

/** Input ended before the message did, for a reason that somebody else may tell. */
export function brokenOff(what: string, cause: unknown, details: ErrorDetails = {}): FramingError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new FramingError('ERR_FRAMING_TRUNCATED', what + why, { ...details, cause });
}

/**
 * There is no message head that can be used: thrown by `receive`, `readRequest` and `download`.
 *
 * @example
 * catch (error) { if (error instanceof HeadError && error.code === 'ERR_HEAD_TIMEOUT') tryAgain(); }
 */
export class HeadError extends PeerError {
  override readonly name = 'HeadError';
  declare readonly code: HeadErrorCode;
}
