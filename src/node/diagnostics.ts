/**
 * What `node:diagnostics_channel` is told, for logs and metrics that are not the handler's business. Whoever publishes
 * asks `hasSubscribers` first, so it is free while nobody listens. What a subscriber throws does not come back here.
 */
import { type Channel, channel } from 'node:diagnostics_channel';
import type { Readable, Writable } from 'node:stream';
import type { Verdict } from '../core/verdict.ts';
import type { Ending, RequestFacts } from './send/negotiation.ts';

/** `chunked-trailers:response:start`: the head of a response is on its way. */
export interface ResponseStart {
  response: Writable;
  request: RequestFacts;
  status: number;
}

/** `chunked-trailers:response:end`: a whole response has been sent. */
export interface ResponseEnd {
  response: Writable;
  request: RequestFacts;
  ending: Ending;
  /** Octets of content that were sent. */
  bytes: number;
}

/** `chunked-trailers:response:failed`: a response ended as a failure, or its client left. */
export interface ResponseFailed extends ResponseEnd {
  /** Why; undefined if the client left. */
  error: Error | undefined;
}

/** `chunked-trailers:body:verdict`: what a receiver concluded. */
export interface BodyVerdict {
  body: Readable;
  verdict: Verdict;
}

export const responseStart: Channel = channel('chunked-trailers:response:start');
export const responseEnd: Channel = channel('chunked-trailers:response:end');
export const responseFailed: Channel = channel('chunked-trailers:response:failed');
export const bodyVerdict: Channel = channel('chunked-trailers:body:verdict');
