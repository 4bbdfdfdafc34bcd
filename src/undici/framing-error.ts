/** Which of our errors a report of undici's about a body is. */
import { FramingError, type FramingErrorCode } from '../core/errors.ts';

const LIMITS = ['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_EXCEEDED_MAX_SIZE'];

export function framingErrorFor(error: Error): FramingError {
  const { code, message } = error as NodeJS.ErrnoException;
  const why = `${message}${code === undefined ? '' : ` (${code})`}`;
  if (isRefusal(error)) return new FramingError('ERR_FRAMING_MALFORMED', `undici: ${why}`, { cause: error });
  return new FramingError(streamCodeFor(code), `The body broke off: ${why}`, { cause: error });
}

/** Whether the caller, and not the peer, has put an end to the body: by an abort, or by destroying the dispatcher. */
export function isCancellation(error: Error): boolean {
  const { code, name } = error as NodeJS.ErrnoException;
  return name === 'AbortError' || code === 'UND_ERR_ABORTED' || code === 'UND_ERR_DESTROYED';
}

function streamCodeFor(code: string | undefined): FramingErrorCode {
  if (code === 'UND_ERR_BODY_TIMEOUT') return 'ERR_FRAMING_TIMEOUT';
  return LIMITS.includes(code ?? '') ? 'ERR_FRAMING_LIMIT' : 'ERR_FRAMING_TRUNCATED';
}

/**
 * Whether undici's parser has found a fault of grammar: input that ends too early is none. Only undici 6 gives its
 * errors the code of the fault, such as HPE_INVALID_EOF_STATE; 7 and 8 mean to (measured).
 */
function isRefusal({ name, message }: Error): boolean {
  return name === 'HTTPParserError' && !message.includes('Invalid EOF state');
}
