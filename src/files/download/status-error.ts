/** A response whose status is not one of those that bring what was asked for: not 2xx, or a redirect that cannot be followed. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly code = 'ERR_HTTP_STATUS';
  readonly statusCode: number;
  /** Milliseconds that the server asked to be left alone (RFC 9110 §10.2.3), if it did. */
  readonly retryAfter: number | undefined;

  /** @param retryAfter the value of the Retry-After field: seconds, or a date */
  constructor(message: string, statusCode: number, retryAfter?: string) {
    super(message);
    this.statusCode = statusCode;
    if (retryAfter === undefined) return;
    const wait = /^\d+$/.test(retryAfter) ? 1000 * Number(retryAfter) : Date.parse(retryAfter) - Date.now();
    if (wait >= 0) this.retryAfter = wait;
  }
}
