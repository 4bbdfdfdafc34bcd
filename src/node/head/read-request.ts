/** readRequest: one request head from a raw socket, which is what a server needs before it can respond. */

import type { Socket } from 'node:net';
import { type Limits, resolveLimits } from '../../core/limits.ts';
import { anAbortSignal, areLimits, assertOptions, type OptionChecks } from '../../core/options.ts';
import { register } from '../draining.ts';
import { claimForReading, isWritten, whenWritten } from '../socket-use.ts';
import { timeoutFrom } from '../timeouts.ts';
import { parseRequestHead, type RequestHead } from './message-head.ts';
import { readHead } from './read-head.ts';

export interface ReadRequestOptions {
  /** Bounds on what the peer may send: `DEFAULT_LIMITS`, and these instead of the same there. */
  limits?: Partial<Limits>;
  /** Milliseconds to wait for a whole head. Default 300,000; 0 or Infinity for no bound. */
  headTimeout?: number;
  /** Cancels: `readRequest` rejects with the signal's reason. */
  signal?: AbortSignal;
}

const CHECKS: OptionChecks<ReadRequestOptions> = {
  limits: areLimits,
  headTimeout: timeoutFrom,
  signal: anAbortSignal,
};

/** Milliseconds for the application to answer a request that could not be read. */
const ANSWER_TIMEOUT = 3000;

/** After a head that could not be read nobody knows where the next one starts, so nothing is left to hand back. */
function closeUnlessAnswered(socket: Socket): void {
  if (socket.destroyed) return;
  const close = () => {
    if (isWritten(socket))
      timer.refresh(); // the response closes it
    else socket.destroy();
  };
  const timer = setTimeout(close, ANSWER_TIMEOUT).unref();
  socket.once('close', () => clearTimeout(timer));
}

/**
 * Reads one request head (RFC 9112 §3). Content is not read: `respond` closes the connection after a request that
 * announced some, and whether there is a Host is left to the application. On a kept-alive connection, call it again: it
 * waits for the end of the response that is open.
 *
 * After an error the socket cannot be used for another request: answer and close it, or leave that to `readRequest`, which
 * destroys it three seconds later.
 *
 * @throws HeadError ERR_NO_REQUEST (the socket closed first: `bytes` is 0 at an orderly end), ERR_HEAD_MALFORMED,
 *   ERR_HEAD_LIMIT, ERR_HEAD_TIMEOUT; the signal's reason
 * @throws Error if another request is being read from the socket; TypeError, RangeError for invalid options
 * @example
 * net.createServer(async (socket) => {
 *   const request = await readRequest(socket);
 *   pipeline(source, respond(socket, { request }), done);
 * });
 */
export async function readRequest(socket: Socket, options: ReadRequestOptions = {}): Promise<RequestHead> {
  assertOptions('readRequest', options, CHECKS);
  const { signal } = options;
  const timeout = timeoutFrom(options.headTimeout ?? 300_000, 'headTimeout');
  const { maxHeadBytes, maxHeadFields } = resolveLimits(options.limits);
  const release = claimForReading(socket); // at once: a response that is opened meanwhile leaves the reading to us
  let onIdle = () => {};
  try {
    if (isWritten(socket)) await whenWritten(socket);
    onIdle = register(socket, 'idle', { end: () => socket.destroy(), kill: () => {} });
    const head = await readHead(socket, { closedCode: 'ERR_NO_REQUEST', maxHeadBytes, timeout, signal });
    return parseRequestHead(head, maxHeadFields);
  } catch (error) {
    closeUnlessAnswered(socket);
    throw error;
  } finally {
    onIdle();
    release();
  }
}
