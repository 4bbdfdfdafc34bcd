/**
 * receive: reads one response from a raw socket. The head first (interim responses passed over), then a body that ends
 * only on a good verdict. Afterwards the socket is the caller's again if the framing was whole and the connection may
 * go on; in every other case it is destroyed, since nobody can say where the next message would start.
 */

import type { Socket } from 'node:net';
import { listMembers } from '../../core/fields.ts';
import { type Limits, resolveLimits } from '../../core/limits.ts';
import { anAbortSignal, areLimits, aString, assertOptions, JUDGING, type OptionChecks } from '../../core/options.ts';
import { type JudgingOptions, Verifier } from '../../core/verifier.ts';
import { destroyOnAbort } from '../abort-signal.ts';
import { createHasher } from '../hashing.ts';
import { malformed, parseResponseHead, type ResponseHead, responseFraming } from '../head/message-head.ts';
import { readHead } from '../head/read-head.ts';
import { claimForReading } from '../socket-use.ts';
import { BODY_TIMEOUTS, type BodyTimeoutOptions, bodyTimeoutsFrom, timeoutFrom } from '../timeouts.ts';
import { bodyReaderFor } from './body-reader.ts';
import { ReceivedBody } from './received-body.ts';
import { SocketSource } from './socket-source.ts';

export interface ReceiveOptions extends JudgingOptions, BodyTimeoutOptions {
  /** The method of the request that was sent: a response to HEAD has no content. `GET` by default. */
  method?: string;
  /** Bounds on what the peer may send: `DEFAULT_LIMITS`, and these instead of the same there. */
  limits?: Partial<Limits>;
  /** Cancels: `receive` rejects with the signal's reason, or its body is destroyed with an AbortError of that cause. */
  signal?: AbortSignal;
  /** Milliseconds to wait for a whole head. Default 300,000; 0 or Infinity for no bound. */
  headTimeout?: number;
}

const CHECKS: OptionChecks<ReceiveOptions> = {
  ...JUDGING,
  ...BODY_TIMEOUTS,
  method: aString,
  limits: areLimits,
  signal: anAbortSignal,
  headTimeout: timeoutFrom,
};

/** What `receive` resolves with: the head, and the body to read. */
export interface ReceivedResponse extends ResponseHead {
  /** The content. Its `verdict` settles when it has ended, and never rejects. */
  body: ReceivedBody;
}

/**
 * Reads the response to a request that has been written to the socket. When the body has ended, the socket is the
 * caller's again if the framing was whole and the connection may go on; otherwise it has been destroyed.
 *
 * What comes after the response is never parsed. It lies in the socket for the next `receive`, and
 * `body.leftoverBytes` tells of it: **if no further request had been sent, nobody asked for it,** and it would pass for
 * the response to the next one, so destroy the socket. What comes later still waits in the paused socket: whoever keeps
 * one idle does well to give it a 'data' listener that destroys it, and to `resume()` it.
 *
 * @throws HeadError ERR_NO_RESPONSE (`bytes`: those of a head that came), ERR_HEAD_MALFORMED, ERR_HEAD_LIMIT,
 *   ERR_HEAD_TIMEOUT; the signal's reason. The socket is destroyed then.
 * @throws Error if another message is being read from the socket; TypeError, RangeError for invalid options
 * @example
 * socket.write('GET / HTTP/1.1\r\nHost: example.com\r\nTE: trailers\r\nX-Want-Stream-Status: ?1\r\nConnection: TE\r\n\r\n');
 * const { statusCode, body } = await receive(socket);
 * await pipeline(body, destination); // rejects unless the body is whole
 */
export async function receive(socket: Socket, options: ReceiveOptions = {}): Promise<ReceivedResponse> {
  assertOptions('receive', options, CHECKS);
  const { method = 'GET', signal } = options;
  const timeouts = bodyTimeoutsFrom(options);
  const headTimeout = timeoutFrom(options.headTimeout ?? 300_000, 'headTimeout');
  const limits = resolveLimits(options.limits);
  const judging: JudgingOptions = { require: options.require, digest: options.digest };
  const release = claimForReading(socket);
  try {
    const head = await readFinalHead(socket, limits, headTimeout, signal);
    const framing = responseFraming(head, method);
    const { headers, statusCode } = head;
    const hasContent = framing.kind !== 'none';
    const verifier = new Verifier({ ...judging, headers, statusCode, hasContent, createHasher });
    let source!: SocketSource;
    const facts = () => ({ receiver: 'receive', method, statusCode }) as const;
    const body = new ReceivedBody(
      verifier,
      (sink) => {
        const reader = bodyReaderFor(framing, limits, (data) => sink.deliver(data));
        source = new SocketSource(socket, reader, sink, { timeouts, isPersistent: isPersistent(head), release });
        return source;
      },
      facts,
    );
    destroyOnAbort(signal, body);
    source.start();
    return { ...head, body };
  } catch (error) {
    release();
    socket.destroy();
    throw error;
  }
}

async function readFinalHead(
  socket: Socket,
  limits: Readonly<Limits>,
  headTimeout: number,
  signal: AbortSignal | undefined,
): Promise<ResponseHead> {
  const deadline = performance.now() + headTimeout;
  let maxHeadBytes = limits.maxHeadBytes; // for all heads together: interim responses must end too
  for (;;) {
    const timeout = headTimeout > 0 ? Math.max(1, Math.ceil(deadline - performance.now())) : 0;
    const octets = await readHead(socket, { closedCode: 'ERR_NO_RESPONSE', maxHeadBytes, timeout, signal });
    const head = parseResponseHead(octets, limits.maxHeadFields);
    if (head.statusCode === 101) throw malformed('101 Switching Protocols, which was not asked for (RFC 9110 §15.2.2)');
    if (head.statusCode >= 200) return head;
    maxHeadBytes -= octets.length;
  }
}

/** Whether the connection may carry another response (RFC 9112 §9.3). */
function isPersistent({ httpVersion, headers }: ResponseHead): boolean {
  const connection = listMembers(headers.connection);
  return httpVersion === '1.0' ? connection.includes('keep-alive') : !connection.includes('close');
}
