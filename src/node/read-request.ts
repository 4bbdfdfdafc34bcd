/** readRequest: one request head from a raw socket, which is what a server needs before it can respond. */
import type { Socket } from 'node:net';
import { type Limits, resolveLimits } from '../core/limits.ts';
import { parseRequestHead, type RequestHead } from './message-head.ts';
import { readHead } from './read-head.ts';

export interface ReadRequestOptions {
  limits?: Partial<Limits>;
  /** Milliseconds to wait for a whole head. Default 300,000; 0 for no bound. */
  headTimeout?: number;
  signal?: AbortSignal;
}

/**
 * Reads one request head (RFC 9112 §3). Content is not read: `respond` closes the connection behind a request that
 * announced some. On a kept-alive connection, call it again once the response has finished.
 *
 * @throws StreamError ERR_NO_REQUEST (the socket closed first: `bytes` is 0 at an orderly end), ERR_HEAD_MALFORMED,
 *   ERR_HEAD_LIMIT, ERR_STREAM_TIMEOUT; the signal's reason
 */
export async function readRequest(socket: Socket, options: ReadRequestOptions = {}): Promise<RequestHead> {
  const { headTimeout = 300_000, signal } = options;
  const { maxHeadBytes, maxHeadFields } = resolveLimits(options.limits);
  const head = await readHead(socket, {
    closedCode: 'ERR_NO_REQUEST',
    maxHeadBytes,
    timeout: headTimeout,
    signal,
  });
  return parseRequestHead(head, maxHeadFields);
}
