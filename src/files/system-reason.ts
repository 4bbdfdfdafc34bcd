/** What the system says of an error, in words. */
import { getSystemErrorMap } from 'node:util';

/** `connection refused (ECONNREFUSED)`; for an error that is not of the system, its message. */
export function systemReason(error: Error): string {
  // Where a name has several addresses, each has an error.
  const one: NodeJS.ErrnoException = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  const { errno, code, message } = one;
  if (code === 'ENOTFOUND') return 'there is no host of that name (ENOTFOUND)';
  // `write EPROTO 80:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:...`
  const [, tls] = /:error:[^:]*:[^:]*:[^:]*:([^:]+)/.exec(message) ?? [];
  if (code === 'EPROTO' && tls !== undefined) return `TLS failed: ${tls} (EPROTO)`;
  const words = errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1];
  return words === undefined ? message || `${code}` : `${words} (${code})`;
}
