/** respond: a StreamResponse on a raw socket, or on a response of `node:http`, `node:http2` and the frameworks on top of them. */
import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { CreateHasher } from '../../core/content-digest.ts';
import { createHasher } from '../hashing.ts';
import type { ChannelOptions } from './channel.ts';
import { HttpChannel } from './http-channel.ts';
import { Http2Channel } from './http2-channel.ts';
import { inContentFields } from './in-content.ts';
import type { RequestFacts } from './negotiation.ts';
import { assertRespondOptions, type RespondOptions } from './respond-options.ts';
import { takeFromSeal } from './sealed.ts';
import { SocketChannel } from './socket-channel.ts';
import { StreamResponse } from './stream-response.ts';

export type { Ending } from './negotiation.ts';
export type { RespondOptions } from './respond-options.ts';
export type { StreamResponse } from './stream-response.ts';

/** What can be responded on. With a bare socket or stream, `request` has to be given. */
export type RespondTarget = Socket | ServerResponse | Http2ServerResponse | ServerHttp2Stream;

/**
 * A response to stream into. The connection is kept for the next request where HTTP allows it and the framing is whole;
 * otherwise it is closed.
 *
 * With a ServerResponse, fields that were set on it are sent too, and its `statusCode`, as they are when the head is sent:
 * with the first content, the end, or `flushHeaders()`. Content that is to be compressed is compressed first:
 * `pipeline(source, createGzip(), respond(res))`.
 *
 * @throws TypeError without `request` for a socket, for headers, trailers or a digest that cannot be sent, or for a
 *   response that has no connection
 * @throws RangeError for a status that is not final, or an invalid length
 * @throws Error if another response is still open on the socket or the ServerResponse, or its head is out
 * @example
 * http.createServer((req, res) => pipeline(source, respond(res), (error) => log(error)));
 * @example
 * pipeline(source, respond(socket, { request: await readRequest(socket) }), done);
 * @example
 * http2.createServer().on('stream', (stream, headers) => {
 *   const request = { method: headers[':method'], httpVersion: '2.0', headers };
 *   pipeline(source, respond(stream, { request }), done);
 * });
 */
export function respond(target: RespondTarget, options: RespondOptions = {}): StreamResponse {
  return respondWith(createHasher, target, options);
}

const RESPONSE_OF =
  'response of node:http or node:http2 (in Fastify reply.raw, in Koa ctx.res, in Hono c.env.outgoing)';

/** @throws TypeError for what nobody can write to, such as a framework's own response */
export function assertWritable(target: unknown, before: string, behind: string): void {
  if (typeof (target as { write?: unknown } | null | undefined)?.write === 'function') return;
  throw new TypeError(`${before} ${RESPONSE_OF}, ${behind}`);
}

/** @throws Error if it has been answered already, as `respond` does */
export function assertUnanswered(target: RespondTarget): void {
  if ('sendTrailers' in target || 'stream' in target) Http2Channel.assertUnanswered(target);
  else if ('writeHead' in target) HttpChannel.assertUnanswered(target);
}

/** `respond` with hashers of the caller's own. */
export function respondWith(
  createHasher: CreateHasher,
  target: RespondTarget,
  options: RespondOptions,
): StreamResponse {
  assertWritable(target, 'respond takes a', 'a stream of node:http2 or a socket');
  assertRespondOptions(options);
  if (options.framing === 'content') {
    const inherited = 'writeHead' in target ? target.getHeaders() : {};
    options = { ...options, headers: inContentFields(options.headers, inherited) };
  }
  const request = options.request ?? ('writeHead' in target ? (target.req as RequestFacts | undefined) : undefined);
  if (request?.headers === undefined) {
    throw new TypeError(`respond needs the request that is answered: ${requestOption(target)}`);
  }
  const open = (channelOptions: ChannelOptions) => {
    const isStream = 'sendTrailers' in target;
    if (!isStream && !('writeHead' in target)) return new SocketChannel(target, channelOptions);
    if (!target.headersSent) takeFromSeal(target);
    if (isStream || 'stream' in target) return new Http2Channel(target, channelOptions);
    return new HttpChannel(target, channelOptions);
  };
  return new StreamResponse(open, request, options, createHasher);
}

function requestOption(target: RespondTarget): string {
  if ('writeHead' in target) return '{ request }';
  if ('sendTrailers' in target) return "{ request: { method: headers[':method'], httpVersion: '2.0', headers } }";
  return '{ request: await readRequest(socket) }';
}
