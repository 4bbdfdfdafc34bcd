/**
 * What a failure is called on the wire. Messages and stacks stay here: only the type is sent, unless the application
 * describes its errors itself.
 */
import { FramingError, type FramingErrorCode, HeadError, type HeadErrorCode } from './errors.ts';
import { isStatusType } from './stream-status.ts';
import { BodyError, type BodyErrorCode } from './verdict.ts';

/** The `type` and `details` of an X-Stream-Status error. */
export interface FailureDescription {
  /** A Token of at most 64 characters; `source_error`, `timeout` or what else fits by default. Any other text is sent as `internal_error`. */
  type?: string;
  /** For people, cut at 256 bytes; what is not printable ASCII is escaped. None by default. */
  details?: string;
}

/** What a failure may tell the recipient; `undefined` for the default, a type and no message. */
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

/** The type for an error that nobody has described. */
export function failureType(error: unknown): string {
  const isReceived = error instanceof BodyError || error instanceof FramingError || error instanceof HeadError;
  if (isReceived) return RECEIVED_TYPES[error.code] ?? 'source_error';
  if (isTimeout(error)) return 'timeout';
  if ((error as { code?: unknown } | null | undefined)?.code === 'ERR_SERVER_SHUTDOWN') return 'server_shutdown';
  return error === null || error === undefined || isAbort(error) ? 'cancelled' : 'source_error';
}

/** When the source is itself a received message: the words of RFC 9209 §2.3. */
const RECEIVED_TYPES: Partial<Record<BodyErrorCode | FramingErrorCode | HeadErrorCode, string>> = {
  ERR_BODY_TRUNCATED: 'http_response_incomplete',
  ERR_BODY_MALFORMED: 'http_protocol_error',
  ERR_BODY_LIMIT: 'http_response_body_size',
  ERR_BODY_TIMEOUT: 'http_response_timeout',
  ERR_FRAMING_TRUNCATED: 'http_response_incomplete',
  ERR_FRAMING_MALFORMED: 'http_protocol_error',
  ERR_FRAMING_LIMIT: 'http_response_body_size',
  ERR_FRAMING_TIMEOUT: 'http_response_timeout',
  ERR_HEAD_TIMEOUT: 'http_response_timeout',
  ERR_NO_RESPONSE: 'http_response_incomplete',
};

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || (error as { code?: unknown }).code === 'ABORT_ERR');
}

function isTimeout(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'TimeoutError' || (error as { code?: unknown }).code === 'ETIMEDOUT') return true;
  return isAbort(error) && isTimeout(error.cause);
}
