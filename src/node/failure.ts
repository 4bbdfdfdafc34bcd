/**
 * What a failure is called on the wire. Messages and stacks stay here: only the type is sent, unless the application
 * describes its errors itself.
 */
import { StreamError } from '../core/errors.ts';
import { isStatusType } from '../core/stream-status.ts';

/** The `type` and `details` of an X-Stream-Status error. */
export interface FailureDescription {
  type?: string;
  details?: string;
}

export type DescribeError = (error: unknown) => FailureDescription | undefined;

/** Never throws: a failing `describeError`, or a type that is no Token, becomes `internal_error`. */
export function describeFailure(error: unknown, describeError: DescribeError | undefined): FailureDescription {
  let described: FailureDescription | undefined;
  try {
    described = describeError?.(error);
    const { type = failureType(error), details } = described ?? {};
    if (!isStatusType(type)) return { type: 'internal_error' };
    return details === undefined ? { type } : { type, details: String(details) };
  } catch {
    return { type: 'internal_error' };
  }
}

function failureType(error: unknown): string {
  if (isTimeout(error)) return 'timeout';
  if (error === null || error === undefined) return 'cancelled'; // destroy() without a reason
  if (error instanceof StreamError) return UPSTREAM_TYPES[error.code] ?? 'source_error';
  return isAbort(error) ? 'cancelled' : 'source_error';
}

/** When the source is itself a response whose end was checked: the words of RFC 9209 §2.3. */
const UPSTREAM_TYPES: Partial<Record<StreamError['code'], string>> = {
  ERR_STREAM_TRUNCATED: 'http_response_incomplete',
  ERR_STREAM_MALFORMED: 'http_protocol_error',
  ERR_NO_RESPONSE: 'http_response_incomplete',
};

function isAbort(error: unknown): boolean {
  return (
    error instanceof Error && (error.name === 'AbortError' || (error as NodeJS.ErrnoException).code === 'ABORT_ERR')
  );
}

function isTimeout(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'TimeoutError' || (error as NodeJS.ErrnoException).code === 'ETIMEDOUT') return true;
  if (error instanceof StreamError) return error.code === 'ERR_STREAM_TIMEOUT';
  return isAbort(error) && isTimeout(error.cause);
}
