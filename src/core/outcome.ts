/**
 * Which verdicts let a stream end, and which error the others end it with (design: data is provisional until the end).
 */
import { StreamError, type StreamErrorCode } from './errors.ts';
import type { Verdict } from './verdict.ts';

/**
 * When a body without a status is an error: `announced`, if the head's Trailer field named X-Stream-Status, or if one
 * came and could not be read; `always`; `never`.
 */
export type Require = 'announced' | 'always' | 'never';

/** @throws TypeError for any other value */
export function assertRequire(require: Require): void {
  if (require !== 'announced' && require !== 'always' && require !== 'never') {
    throw new TypeError(`require must be "announced", "always" or "never", not ${JSON.stringify(require)}`);
  }
}

/**
 * The error that a stream with this verdict is to be destroyed with; `undefined` if it may end.
 *
 * @param isAnnounced whether the head's Trailer field named X-Stream-Status
 */
export function streamErrorFor(verdict: Verdict, require: Require, isAnnounced: boolean): StreamError | undefined {
  const code = codeFor(verdict, require, isAnnounced);
  if (code === undefined) return undefined;
  const { bytes, error, reason } = verdict;
  return new StreamError(code, reason, {
    bytes,
    verdict,
    ...(error?.offset !== undefined && { offset: error.offset }),
    ...(error !== undefined && { cause: error }),
  });
}

function codeFor(verdict: Verdict, require: Require, isAnnounced: boolean): StreamErrorCode | undefined {
  switch (verdict.kind) {
    case 'complete':
      return undefined;
    case 'failed':
      return 'ERR_STREAM_FAILED';
    case 'truncated':
      return verdict.error.code === 'ERR_STREAM_TIMEOUT' ? 'ERR_STREAM_TIMEOUT' : 'ERR_STREAM_TRUNCATED';
    case 'malformed':
      return verdict.error.code === 'ERR_STREAM_LIMIT' ? 'ERR_STREAM_LIMIT' : 'ERR_STREAM_MALFORMED';
    case 'mismatch':
      return 'ERR_STREAM_MISMATCH';
    case 'unverified': {
      const isExpected = isAnnounced || verdict.isStatusUnreadable;
      return require === 'always' || (require === 'announced' && isExpected) ? 'ERR_STREAM_UNVERIFIED' : undefined;
    }
  }
}
