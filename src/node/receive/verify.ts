/**
 * verify: the body of a message that `node:http` has received, which ends only on a good verdict. Node frames; what it
 * reports of that is mapped onto our verdicts by the MessageSource.
 */

import type { ClientRequest, IncomingMessage } from 'node:http';
import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { isIPv6 } from 'node:net';
import type { CreateHasher } from '../../core/content-digest.ts';
import { anAbortSignal, assertOptions, JUDGING, namesAndValues, type OptionChecks } from '../../core/options.ts';
import { type JudgingOptions, Verifier } from '../../core/verifier.ts';
import { destroyOnAbort } from '../abort-signal.ts';
import type { BodyFacts, Receiver } from '../diagnostics.ts';
import { createHasher as platformHasher } from '../hashing.ts';
import { type HeaderFields, hasNoContent } from '../head/message-head.ts';
import { BODY_TIMEOUTS, type BodyTimeoutOptions, bodyTimeoutsFrom } from '../timeouts.ts';
import { Http2Source } from './http2-source.ts';
import { MessageSource, requestOf } from './message-source.ts';
import { type BodySink, type BodySource, ReceivedBody } from './received-body.ts';

export interface VerifyOptions extends JudgingOptions, BodyTimeoutOptions {
  /** Cancels: the body is destroyed with an AbortError. */
  signal?: AbortSignal;
  /** Needed for a stream of HTTP/2: the head that its 'response' event gave. */
  headers?: IncomingHttpHeaders;
}

export const VERIFY_CHECKS: OptionChecks<VerifyOptions> = {
  ...JUDGING,
  ...BODY_TIMEOUTS,
  signal: anAbortSignal,
  headers: namesAndValues,
};

/**
 * The content of a response, to be read in the place of the message itself.
 *
 * Call it in the 'response' handler: what has been read before is not checked. An error before there is a response (a
 * connection refused, a socket that hangs up) is an 'error' of the request, which is yours to listen to.
 *
 * @throws TypeError for invalid options, or a message that is being read already or decodes to strings
 * @example
 * http.get(url, { headers: requestHeaders() }, (response) => pipeline(verify(response), destination, done));
 * @example
 * const stream = http2.connect(origin).request({ ':path': path, ...requestHeaders({ connection: false }) });
 * stream.on('response', (headers) => pipeline(verify(stream, { headers }), destination, done));
 */
export function verify(message: IncomingMessage | ClientHttp2Stream, options: VerifyOptions = {}): ReceivedBody {
  assertMessage('verify', message);
  assertOptions('verify', options, VERIFY_CHECKS);
  return verifyFor('verify', message, options);
}

/** `verify` for a receiver that is told with the verdict, and may have hashers of its own. */
export function verifyFor(
  receiver: Receiver,
  message: IncomingMessage | ClientHttp2Stream,
  options: VerifyOptions,
  createHasher: CreateHasher = platformHasher,
): ReceivedBody {
  const { verifier, facts, connect } = incomingFrom(receiver, message, options, createHasher);
  let source!: StartableSource;
  const body = new ReceivedBody(
    verifier,
    (sink) => {
      source = connect(sink);
      return source;
    },
    () => facts,
  );
  destroyOnAbort(options.signal, body);
  source.start();
  return body;
}

/** A body that is about to come: who judges it, what is told with the verdict, and the way to its content. */
export interface Incoming {
  verifier: Verifier;
  facts: BodyFacts;
  /** To be called once, and what it gives started once. */
  connect(sink: BodySink): StartableSource;
}

export interface StartableSource extends BodySource {
  start(): void;
}

/** @throws as `verify` */
export function incomingFrom(
  receiver: Receiver,
  message: IncomingMessage | ClientHttp2Stream,
  options: VerifyOptions,
  createHasher: CreateHasher = platformHasher,
): Incoming {
  assertMessage(receiver, message);
  const { require, digest } = options;
  const timeouts = bodyTimeoutsFrom(options);
  const { headers, ...target } = 'sentHeaders' in message ? streamFacts(message, options) : messageFacts(message);
  const { method, statusCode } = target;
  // A request that was received has content whatever its method.
  const hasContent = statusCode === undefined || !hasNoContent(method, statusCode);
  const verifier = new Verifier({
    headers: headers as HeaderFields,
    statusCode,
    hasContent,
    require,
    digest,
    createHasher,
  });
  assertUnread(message);
  return {
    verifier,
    facts: { receiver, ...target },
    connect: (sink) => {
      const isStream = 'sentHeaders' in message;
      return isStream ? new Http2Source(message, timeouts, sink) : new MessageSource(message, timeouts, sink);
    },
  };
}

type Facts = Omit<BodyFacts, 'receiver'> & { headers: object };

function messageFacts(message: IncomingMessage): Facts {
  const statusCode = message.statusCode ?? undefined; // null for a request
  return { headers: message.headers, statusCode, ...targetOf(message) };
}

/** @throws TypeError without the head */
function streamFacts({ sentHeaders }: ClientHttp2Stream, { headers }: VerifyOptions): Facts {
  if (headers === undefined)
    throw new TypeError("A stream does not keep its head: verify(stream, { headers }) in 'response'");
  const origin = `${sentHeaders[':scheme'] ?? 'https'}://${sentHeaders[':authority']}`;
  return {
    headers,
    statusCode: Number(headers[':status']),
    method: String(sentHeaders[':method'] ?? 'GET'),
    origin,
    path: String(sentHeaders[':path'] ?? '/'),
  };
}

/** What was asked for, and of whom; of a request that was received, its own line. */
function targetOf(message: IncomingMessage): Pick<BodyFacts, 'method' | 'origin' | 'path'> {
  const request = requestOf(message);
  if (request === undefined) return { method: message.method, path: message.url };
  const { method, protocol, path } = request;
  const origin = `${protocol}//${request.getHeader('host') ?? peerOf(request, message)}`;
  return { method, origin, path };
}

/** Of a request whose fields were given as a list, Node does not tell the Host. */
function peerOf({ host }: ClientRequest, { socket }: IncomingMessage): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${socket.remotePort}`;
}

/** @throws TypeError for what is no message, such as a Response of fetch */
function assertMessage(receiver: Receiver, message: unknown): void {
  if (typeof message === 'object' && message !== null && 'readableEncoding' in message) return;
  throw new TypeError(
    receiver === 'relay'
      ? 'relay takes a message of node:http or a Response of fetch'
      : `${receiver} takes a message of node:http or a stream of node:http2. For fetch there are verifyInterceptor of ` +
          'chunked-trailers/undici and verifyResponse of chunked-trailers/web',
  );
}

/** @throws TypeError for a message of which bytes have been read, or would come as text */
function assertUnread(message: IncomingMessage | ClientHttp2Stream): void {
  if (message.readableEncoding !== null) {
    throw new TypeError('This message has setEncoding: leave it out, and decode what verify returns');
  }
  if (message.readableDidRead || message.readableFlowing) {
    throw new TypeError('This message is being read already: verify it first, and read what verify returns');
  }
}
