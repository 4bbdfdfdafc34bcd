/** The ordinary response that a request gets when its source fails before the first octet (RFC 9457 problem+json). */
import { STATUS_CODES } from 'node:http';
import type { FieldPairs } from '../../core/fields.ts';
import { applicationFields, type HeadersOption } from './response-head.ts';

export interface ErrorResponse {
  /** 500 by default; 400 to 599. */
  status?: number;
  headers?: HeadersOption;
  /** A string is sent as UTF-8. By default a problem+json object that says no more than the status. */
  body?: string | Uint8Array;
}

export type MakeErrorResponse = (error: unknown) => ErrorResponse | undefined;

/** An error response, ready to be sent. */
export interface ErrorMessage {
  status: number;
  fields: FieldPairs;
  content: Uint8Array;
}

/**
 * What to send for this error. A `makeErrorResponse` that throws, or gives what cannot be sent, gets the default
 * instead: the client must not be left without an answer.
 */
export function errorMessage(
  error: unknown,
  makeErrorResponse: MakeErrorResponse | undefined,
  defaultStatus = 500,
): ErrorMessage {
  try {
    return messageFrom(makeErrorResponse?.(error) ?? {}, defaultStatus);
  } catch {
    return messageFrom({}, defaultStatus);
  }
}

function messageFrom(response: ErrorResponse, defaultStatus: number): ErrorMessage {
  const { status = defaultStatus, headers = {}, body } = response;
  if (!Number.isInteger(status) || status < 400 || status > 599) {
    throw new RangeError(`The status of an error response must be an integer from 400 to 599, not ${status}`);
  }
  const { fields } = applicationFields(headers);
  if (body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array)) {
    throw new TypeError('The body of an error response is a string or a Uint8Array');
  }
  const content = typeof body === 'string' ? Buffer.from(body) : (body ?? Buffer.from(defaultBody(status)));
  if (body === undefined && !fields.some(([name]) => name.toLowerCase() === 'content-type')) {
    fields.push(['Content-Type', 'application/problem+json']);
  }
  fields.push(['Content-Length', String(content.length)]);
  return { status, fields, content };
}

function defaultBody(status: number): string {
  return `${JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status })}\n`;
}
