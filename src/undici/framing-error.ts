/** Which of our errors a report of undici's about a body is. */
import { StreamError, type StreamErrorCode } from '../core/errors.ts';

const LIMITS = ['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_EXCEEDED_MAX_SIZE'];

export function framingErrorFor(error: Error): StreamError {
  const { code, message } = error as NodeJS.ErrnoException;
  const why = `${message}${code === undefined ? '' : ` (${code})`}`;
  if (isRefusal(error)) return new StreamError('ERR_STREAM_MALFORMED', `undici: ${why}`, { cause: error });
  return new StreamError(streamCodeFor(code), `The body broke off: ${why}`, { cause: error });
}

/** Whether the caller, and not the peer, has put an end to the body: by an abort, or by destroying the dispatcher. */
export function isCancellation(error: Error): boolean {
  const { code, name } = error as NodeJS.ErrnoException;
  return name === 'AbortError' || code === 'UND_ERR_ABORTED' || code === 'UND_ERR_DESTROYED';
}

function streamCodeFor(code: string | undefined): StreamErrorCode {
  if (code === 'UND_ERR_BODY_TIMEOUT') return 'ERR_STREAM_TIMEOUT';
  return LIMITS.includes(code ?? '') ? 'ERR_STREAM_LIMIT' : 'ERR_STREAM_TRUNCATED';
}

/**
 * Whether undici's parser has found a fault of grammar: input that ends too early is none. Only undici 6 gives its
 * errors the code of the fault, such as HPE_INVALID_EOF_STATE; 7 and 8 mean to (measured).
 */
function isRefusal({ name, message }: Error): boolean {
  return name === 'HTTPParserError' && !message.includes('Invalid EOF state');
}
