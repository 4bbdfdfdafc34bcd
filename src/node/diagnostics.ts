/**
 * What `node:diagnostics_channel` is told, for logs and metrics that are not the handler's business. Whoever publishes
 * asks `hasSubscribers` first, so it is free while nobody listens. What a subscriber throws does not come back here.
 */
import { type Channel, channel } from 'node:diagnostics_channel';
import type { Readable, Writable } from 'node:stream';
import type { Verdict } from '../core/verdict.ts';
import type { Ending, RequestFacts } from './send/negotiation.ts';

/**
 * `chunked-trailers:response:start`: the head of a response is on its way.
 *
 * `request` is the very object that `respond` was given or found on `res`, so what a framework has put on it is there:
 * `(message as ResponseStart<express.Request>).request.route`.
 */
export interface ResponseStart<Request extends RequestFacts = RequestFacts> {
  response: Writable;
  request: Request;
  status: number;
}

/** `chunked-trailers:response:end`: a whole response has been sent. */
export interface ResponseEnd<Request extends RequestFacts = RequestFacts> {
  response: Writable;
  request: Request;
  ending: Ending;
  /** Bytes of content that were sent. */
  bytes: number;
}

/** `chunked-trailers:response:failed`: a response ended as a failure, or its client left. */
export interface ResponseFailed<Request extends RequestFacts = RequestFacts> extends ResponseEnd<Request> {
  /** Why; undefined if the client left. */
  error: Error | undefined;
}

/** What received a body. A `download` is the whole file, once; each of its responses is told as `verify` too. */
export type Receiver = 'receive' | 'verify' | 'relay' | 'undici' | 'download' | 'ChunkedDecoder';

/** What a body belongs to, as far as its receiver knows. */
export interface BodyFacts {
  receiver: Receiver;
  method?: string | undefined;
  /** Scheme, host and port that were asked; undefined for the body of a request that was received. */
  origin?: string | undefined;
  /** The request target, with its query, which may hold secrets. */
  path?: string | undefined;
  /** Of the response; undefined for a request, and for the whole of a download. */
  statusCode?: number | undefined;
}

/**
 * `chunked-trailers:body:verdict`: what a receiver concluded. `verdict.kind` is what to count by. `abandoned` is this side's own
 * doing, such as a client that left or a timeout of the application, and no alarm.
 */
export interface BodyVerdict extends BodyFacts {
  verdict: Verdict;
  /** Undefined where the stream is not the receiver's own. */
  body?: Readable;
}

export const responseStart: Channel = channel('chunked-trailers:response:start');
export const responseEnd: Channel = channel('chunked-trailers:response:end');
export const responseFailed: Channel = channel('chunked-trailers:response:failed');
const bodyVerdict: Channel = channel('chunked-trailers:body:verdict');

/** @param factsOf asked only if somebody listens */
export function publishVerdict(verdict: Verdict, factsOf: () => BodyFacts, body?: Readable): void {
  if (!bodyVerdict.hasSubscribers) return;
  bodyVerdict.publish({ ...factsOf(), verdict, ...(body && { body }) } satisfies BodyVerdict);
}
