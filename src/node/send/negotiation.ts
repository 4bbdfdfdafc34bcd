/**
 * Which ending a request has earned: one pure table (spec-notes/x-stream-status.md 3).
 *
 * Trailers go only to a client that said it keeps them, since they break others; a failure after a clean end, and the abort
 * line, go only to one that said it reads the status: others would take the first, and some the second, for success.
 */
import { algorithmsOf, type DigestAlgorithm, type DigestOption, preferredDigest } from '../../core/content-digest.ts';
import { type HeadFields, headValue, listMembers } from '../../core/fields.ts';
import { parseItem } from '../../core/structured-fields.ts';
import { hasNoContent } from '../head/message-head.ts';

/** What of a request decides the ending. An `http.IncomingMessage` is one, and what `readRequest` gives. */
export interface RequestFacts {
  /** `HEAD` has no body to end. */
  method?: string | undefined;
  /** `1.0`, `1.1` or `2.0`. */
  httpVersion: string;
  /** By name. */
  headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** How a failed body ends, once its head is out; a message without a body cannot fail then. */
export type FailureEnding = 'clean-failure' | 'abort' | 'cut' | 'reset' | 'none';

/**
 * How a body was ended: with `trailers`; `plain`, a last-chunk, its full length or FIN alone; a `clean-failure` in
 * trailers; an `abort` line and FIN; a `cut`, FIN alone before the end; a `reset`; as an `error-response` in its place; or
 * `none`: it had no content, or nobody was left to tell.
 */
export type Ending = 'trailers' | 'plain' | 'clean-failure' | 'abort' | 'cut' | 'reset' | 'error-response' | 'none';

export interface Negotiated {
  /** `frames`: those of HTTP/2. */
  framing: 'chunked' | 'frames' | 'length' | 'until-close' | 'none';
  /** Whether a good body ends with trailers. Without them, nothing is counted or hashed. */
  hasTrailers: boolean;
  failureEnding: FailureEnding;
  /** The digest that the client prefers; `none` if it refuses all; undefined if it said nothing. */
  preferredDigest: DigestAlgorithm | 'none' | undefined;
  /** Whether the next request may come on this connection. */
  isPersistent: boolean;
}

export interface Offer {
  /** Whether the sender can vouch for the end of a good body. */
  isSealed?: boolean;
  /** Whether it knows the length of the content: whoever did not ask for more gets that. */
  hasLength?: boolean;
}

export function negotiate(
  request: RequestFacts,
  statusCode: number,
  { isSealed = true, hasLength = false }: Offer = {},
): Negotiated {
  const { headers } = request;
  const isOld = request.httpVersion === '1.0' || request.httpVersion === '0.9';
  const isPersistent = !isOld && !listMembers(headers.connection).includes('close') && !hasContent(headers);
  const wanted = headers['want-content-digest'];
  const preferred =
    wanted === undefined ? undefined : preferredDigest(headValue(headers as HeadFields, 'want-content-digest'));
  const common = { isPersistent, preferredDigest: preferred, hasTrailers: false };

  if (hasNoContent(request.method, statusCode)) return { ...common, framing: 'none', failureEnding: 'none' };
  const readsStatus = isTrue(headers['x-want-stream-status']);
  const keepsTrailers = !isOld && isSealed && asksForTrailers(headers.te);
  // A harness for tests may give a request without a version.
  if (request.httpVersion?.startsWith('2')) {
    const framing = hasLength && !keepsTrailers && !readsStatus ? 'length' : 'frames';
    const failureEnding = keepsTrailers && readsStatus ? 'clean-failure' : 'reset';
    return { ...common, framing, hasTrailers: keepsTrailers, failureEnding };
  }
  if (hasLength && !keepsTrailers && (isOld || !readsStatus)) {
    return { ...common, framing: 'length', failureEnding: 'cut' };
  }
  if (isOld) return { ...common, framing: 'until-close', failureEnding: 'reset' };
  if (!keepsTrailers) return { ...common, framing: 'chunked', failureEnding: readsStatus ? 'abort' : 'cut' };
  return {
    ...common,
    framing: 'chunked',
    hasTrailers: true,
    failureEnding: readsStatus ? 'clean-failure' : 'cut',
  };
}

/** What to hash with: what the client prefers, else what the application says; nothing if either refuses. */
export function algorithmsFor({ preferredDigest }: Negotiated, digest: DigestOption): readonly DigestAlgorithm[] {
  if (digest === false || preferredDigest === 'none') return [];
  return preferredDigest !== undefined ? [preferredDigest] : algorithmsOf(digest);
}

/** Whether the list has the member `trailers`, which takes no weight (RFC 9110 §10.1.4): with one, it is something else. */
function asksForTrailers(te: string | readonly string[] | undefined): boolean {
  return te !== undefined && /(?:^|,)[ \t]*trailers[ \t]*(?:,|$)/i.test(String(te));
}

/** Whether the value is the Boolean true; its parameters are ignored (RFC 9651 §3.3.6). */
function isTrue(value: string | readonly string[] | undefined): boolean {
  if (value === '?1') return true;
  const item = value === undefined ? undefined : parseItem(String(value))?.value;
  return item?.type === 'boolean' && item.value;
}

/** Whether content follows the request head. It is not read here, so nothing after it on the connection can be. */
function hasContent(headers: RequestFacts['headers']): boolean {
  const length = headers['content-length'];
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}
