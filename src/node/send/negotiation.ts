/**
 * Which ending a request has earned: one pure table (spec-notes/x-stream-status.md 3).
 *
 * Trailers go only to a client that said it keeps them, since they break others; a failure after a clean end, and the abort
 * line, go only to one that said it reads the status: others would take the first, and some the second, for success.
 */
import { algorithmsOf, type DigestAlgorithm, type DigestOption, preferredDigest } from '../../core/content-digest.ts';
import { listMembers } from '../../core/fields.ts';
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
  const negotiated: Negotiated = {
    framing: 'none',
    hasTrailers: false,
    failureEnding: 'none',
    preferredDigest: preferred(headers['want-content-digest']),
    isPersistent: !isOld && !asksToClose(headers.connection) && !hasContent(headers),
  };

  if (hasNoContent(request.method, statusCode)) return negotiated;
  const readsStatus = isTrue(headers['x-want-stream-status']);
  const keepsTrailers = !isOld && isSealed && asksForTrailers(headers.te);
  negotiated.hasTrailers = keepsTrailers;
  // A harness for tests may give a request without a version.
  if (request.httpVersion?.startsWith('2')) {
    negotiated.framing = hasLength && !keepsTrailers && !readsStatus ? 'length' : 'frames';
    negotiated.failureEnding = keepsTrailers && readsStatus ? 'clean-failure' : 'reset';
  } else if (hasLength && !keepsTrailers && (isOld || !readsStatus)) {
    negotiated.framing = 'length';
    negotiated.failureEnding = 'cut';
  } else if (isOld) {
    negotiated.framing = 'until-close';
    negotiated.failureEnding = 'reset';
  } else {
    negotiated.framing = 'chunked';
    negotiated.failureEnding = !readsStatus ? 'cut' : keepsTrailers ? 'clean-failure' : 'abort';
  }
  return negotiated;
}

/** What to hash with: what the client prefers, else what the application says; nothing if either refuses. */
export function algorithmsFor({ preferredDigest }: Negotiated, digest: DigestOption): readonly DigestAlgorithm[] {
  if (digest === false || preferredDigest === 'none') return [];
  return preferredDigest !== undefined ? [preferredDigest] : algorithmsOf(digest);
}

/** The last Want-Content-Digest: most clients of a server send the same. */
let lastWanted: string | undefined;
let lastPreferred: Negotiated['preferredDigest'];

function preferred(wanted: string | readonly string[] | undefined): Negotiated['preferredDigest'] {
  if (wanted === undefined) return undefined;
  const list = String(wanted);
  if (list !== lastWanted) {
    lastPreferred = preferredDigest(list);
    lastWanted = list;
  }
  return lastPreferred;
}

/** The list is taken apart only where it can have the member: that costs more than all the rest (measured). */
function asksToClose(connection: string | readonly string[] | undefined): boolean {
  return connection !== undefined && /close/i.test(String(connection)) && listMembers(connection).includes('close');
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
