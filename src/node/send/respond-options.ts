/** What `respond` can be told, and what of that is refused before anything is sent. */
import type { DigestOption } from '../../core/content-digest.ts';
import type { DescribeError } from '../../core/failure.ts';
import type { FieldPairs } from '../../core/fields.ts';
import { assertWholeContent } from '../../core/in-content.ts';
import {
  aBoolean,
  aFunction,
  anAbortSignal,
  anObject,
  anything,
  areTrailers,
  assertOptions,
  integer,
  JUDGING,
  type OptionChecks,
} from '../../core/options.ts';
import type { ExtraTrailers } from '../../core/seal.ts';
import { timeoutFrom } from '../timeouts.ts';
import { isInContent } from './in-content.ts';
import type { RequestFacts } from './negotiation.ts';
import { applicationFields, assertStatus, type ErrorResponse, type HeadersOption } from './response-head.ts';

export interface RespondOptions {
  /** The request that is answered: it decides how the body may end. */
  request?: RequestFacts;
  /** 200 to 999, as in `node:http`: a proxy passes on what it got. By default that of the ServerResponse when the head is sent, and 200 on a socket. */
  status?: number | undefined;
  /** Without Content-Length, Transfer-Encoding and Trailer, which are `respond`'s own. */
  headers?: HeadersOption | undefined;
  /**
   * Bytes of the content, where known. A client that did not ask for the status gets a Content-Length in place of chunks; one
   * that asked gets chunks, the seal, and the length in `X-Stream-Length`, for its progress. Content of another length is a
   * failure; so that the client sees it, the last byte waits for the end. Behind middleware that may change the content, the
   * length is not sent.
   */
  length?: number | undefined;
  /** What to hash with where the client asks for trailers and prefers nothing else. `sha-256` by default. */
  digest?: DigestOption | undefined;
  /** The application's own trailer fields, for a client that asks for trailers. */
  extraTrailers?: ExtraTrailers | undefined;
  /** What a failure may tell the client. By default a type only, no message. */
  describeError?: DescribeError | undefined;
  /** The response to a failure before the first content. By default 500 with problem+json. */
  errorResponse?: ((error: unknown) => ErrorResponse | undefined) | undefined;
  /** `false` for content whose end is not proven: no trailers vouch for it. `true` by default. */
  seal?: boolean | undefined;
  /**
   * `content`: the chunked body with its seal is itself the content, of type `application/vnd.chunked-trailers`, for a
   * reader that no trailer reaches, such as a page (spec-notes/in-content.md). Every client gets the seal then, and a
   * failure in it; the Content-Type that was set becomes a parameter, and no cache may store the response.
   */
  framing?: 'content' | undefined;
  /** `true` sends the head at once, as `flushHeaders()` does. */
  flushHeaders?: boolean | undefined;
  /** Ends the response as a failure: `cancelled`, or `timeout` for `AbortSignal.timeout()`. */
  signal?: AbortSignal | undefined;
  /**
   * Milliseconds without content from the source or progress to the client. Default 300,000; 0 or Infinity for no bound.
   * On a server with half-open connections, a client that leaves is noticed at the next write, or by this.
   */
  idleTimeout?: number | undefined;
  /**
   * Milliseconds that a failed response may take without progress, and to go on reading after our FIN, so that it does not
   * become RST. Default 5,000; Infinity for no bound.
   */
  lingerTimeout?: number | undefined;
}

export interface Resolved {
  /** Milliseconds; 0 for no bound. */
  idleTimeout: number;
  /** Milliseconds; Infinity for no bound. */
  lingerTimeout: number;
  /** Without `Connection`. */
  fields: FieldPairs;
  asksToClose: boolean;
}

export const RESPOND_CHECKS: OptionChecks<RespondOptions> = {
  request: anything, // respond says what it needs
  status: assertStatus,
  headers: anObject,
  length: integer('a number of bytes', 0),
  digest: JUDGING.digest,
  extraTrailers: areTrailers,
  describeError: aFunction,
  errorResponse: aFunction,
  seal: aBoolean,
  framing: isInContent,
  flushHeaders: aBoolean,
  signal: anAbortSignal,
  idleTimeout: timeoutFrom,
  lingerTimeout: timeoutFrom,
};

/** @throws TypeError, RangeError for invalid options */
export function assertRespondOptions(options: RespondOptions): void {
  assertOptions('respond', options, RESPOND_CHECKS);
  if (options.framing === 'content') assertWholeContent(options.status);
}

/** @throws TypeError for fields that cannot be sent */
export function resolved(options: RespondOptions): Resolved {
  const { headers, lingerTimeout = 5_000 } = options;
  const idleTimeout = timeoutFrom(options.idleTimeout ?? 300_000, 'idleTimeout');
  return { idleTimeout, lingerTimeout, ...applicationFields(headers) };
}
