/**
 * Which ending a request has earned: one pure table.
 *
 * Trailers go only to a client that said it keeps them, since they break others; a failure behind a clean end goes only
 * to one that said it reads the status, since everybody else would take it for success (spec-notes/x-stream-status.md).
 */
import { type DigestAlgorithm, preferredDigest } from '../../core/content-digest.ts';
import { listMembers } from '../../core/fields.ts';
import { parseItem } from '../../core/structured-fields.ts';
import type { Headers } from '../head/message-head.ts';

/** What of a request decides the ending. `http.IncomingMessage` and what `readRequest` gives are such. */
export interface RequestFacts {
  /** `HEAD` has no body to end. */
  method?: string | undefined;
  /** `1.0` or `1.1`. */
  httpVersion: string;
  /** By lower-case name. */
  headers: Headers;
}

/** How a failed body ends, once its head is out; a message without a body cannot fail then. */
export type FailureEnding = 'clean-failure' | 'abort' | 'reset' | 'none';

/**
 * How a body was ended: with `trailers`; `plain`, a last-chunk or FIN alone; a `clean-failure` in trailers; an `abort`
 * chunk; a `reset`; as an `error-response` in its place; or `none`: it had no content, or nobody was left to tell.
 */
export type Ending = 'trailers' | 'plain' | 'clean-failure' | 'abort' | 'reset' | 'error-response' | 'none';

export interface Negotiated {
  framing: 'chunked' | 'until-close' | 'none';
  /** Whether a good body ends with trailers. Without them, nothing is counted or hashed. */
  hasTrailers: boolean;
  failureEnding: FailureEnding;
  /** The digest that the client prefers; `none` if it refuses all; undefined if it said nothing. */
  preferredDigest: DigestAlgorithm | 'none' | undefined;
  /** Whether the next request may come on this connection. */
  isPersistent: boolean;
}

/** @param isSealed whether the sender can vouch for the end of a good body */
export function negotiate(request: RequestFacts, statusCode: number, isSealed = true): Negotiated {
  const { headers } = request;
  const isOld = request.httpVersion === '1.0';
  const isPersistent = !isOld && !listMembers(headers.connection).includes('close') && !hasContent(headers);
  const wanted = headers['want-content-digest'];
  const common = { isPersistent, preferredDigest: preferredDigest(Array.isArray(wanted) ? wanted.join(', ') : wanted) };

  const isTunnel = request.method === 'CONNECT' && statusCode < 300; // RFC 9112 §6.1
  if (request.method === 'HEAD' || isTunnel || statusCode === 204 || statusCode === 304) {
    return { ...common, framing: 'none', hasTrailers: false, failureEnding: 'none' };
  }
  if (isOld) {
    return { ...common, framing: 'until-close', hasTrailers: false, failureEnding: 'reset' };
  }
  if (!isSealed || !listMembers(headers.te).includes('trailers')) {
    return { ...common, framing: 'chunked', hasTrailers: false, failureEnding: 'abort' };
  }
  const wish = parseItem(String(headers['x-want-stream-status'] ?? ''))?.value;
  const readsStatus = wish?.type === 'boolean' && wish.value;
  return { ...common, framing: 'chunked', hasTrailers: true, failureEnding: readsStatus ? 'clean-failure' : 'abort' };
}

/** Whether content follows the request head. It is not read here, so nothing behind it on the connection can be. */
function hasContent(headers: Headers): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}
