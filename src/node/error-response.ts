/** The ordinary response that a request gets when its source fails before the first octet (RFC 9457 problem+json). */
import { STATUS_CODES } from 'node:http';
import { applicationFields, assertStatus, type HeadersOption, serializeResponseHead } from './response-head.ts';

export interface ErrorResponse {
  /** 500 by default. */
  status?: number;
  headers?: HeadersOption;
  /** A string is sent as UTF-8. By default a problem+json object that says no more than the status. */
  body?: string | Uint8Array;
}

export type MakeErrorResponse = (error: unknown) => ErrorResponse | undefined;

/**
 * The whole message. A `makeErrorResponse` that throws, or gives what cannot be sent, gets the default instead: the
 * client must not be left without an answer.
 */
export function serializeErrorResponse(
  error: unknown,
  makeErrorResponse: MakeErrorResponse | undefined,
  { isHead, isPersistent }: { isHead: boolean; isPersistent: boolean },
): Buffer {
  const serialize = (response: ErrorResponse) => {
    const { status = 500, headers = {}, body = defaultBody(status) } = response;
    assertStatus(status);
    const { fields } = applicationFields(headers);
    const content = typeof body === 'string' ? Buffer.from(body) : body;
    if (!fields.some(([name]) => name.toLowerCase() === 'content-type') && response.body === undefined) {
      fields.push(['Content-Type', 'application/problem+json']);
    }
    fields.push(['Content-Length', String(content.length)]);
    if (!isPersistent) fields.push(['Connection', 'close']);
    const head = serializeResponseHead(status, fields);
    return isHead ? head : Buffer.concat([head, content]);
  };
  try {
    return serialize(makeErrorResponse?.(error) ?? {});
  } catch {
    return serialize({});
  }
}

function defaultBody(status: number): string {
  return `${JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status })}\n`;
}
