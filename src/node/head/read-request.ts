/** readRequest: one request head from a raw socket, which is what a server needs before it can respond. */
import type { Socket } from 'node:net';
import { type Limits, resolveLimits } from '../../core/limits.ts';
import { claimForReading, whenWritten } from '../socket-use.ts';
import { timeoutFrom } from '../timeouts.ts';
import { parseRequestHead, type RequestHead } from './message-head.ts';
import { readHead } from './read-head.ts';

export interface ReadRequestOptions {
  limits?: Partial<Limits>;
  /** Milliseconds to wait for a whole head. Default 300,000; 0 or Infinity for no bound. */
  headTimeout?: number;
  signal?: AbortSignal;
}

/**
 * Reads one request head (RFC 9112 §3). Content is not read: `respond` closes the connection behind a request that
 * announced some, and whether there is a Host is left to the application. On a kept-alive connection, call it again: it
 * waits for the end of the response that is open.
 *
 * @throws HeadError ERR_NO_REQUEST (the socket closed first: `bytes` is 0 at an orderly end), ERR_HEAD_MALFORMED,
 *   ERR_HEAD_LIMIT, ERR_HEAD_TIMEOUT; the signal's reason
 * @throws Error if another request is being read from the socket; TypeError, RangeError for options that are none
 */
export async function readRequest(socket: Socket, options: ReadRequestOptions = {}): Promise<RequestHead> {
  const { signal } = options;
  const timeout = timeoutFrom('headTimeout', options.headTimeout ?? 300_000);
  const { maxHeadBytes, maxHeadFields } = resolveLimits(options.limits);
  await whenWritten(socket);
  const release = claimForReading(socket);
  try {
    const head = await readHead(socket, { closedCode: 'ERR_NO_REQUEST', maxHeadBytes, timeout, signal });
    return parseRequestHead(head, maxHeadFields);
  } finally {
    release();
  }
}
