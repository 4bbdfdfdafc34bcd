/** respond: a StreamResponse on a raw socket, or on the ServerResponse of `node:http` and the frameworks on top of it. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ServerResponseChannel } from './http-channel.ts';
import { inContentFields } from './in-content.ts';
import { SocketChannel } from './socket-channel.ts';
import { type RespondOptions, StreamResponse } from './stream-response.ts';

export type { Ending } from './negotiation.ts';
export type { RespondOptions, StreamResponse } from './stream-response.ts';

/**
 * A response to stream into: `pipeline(source, respond(res))` or, on a raw socket,
 * `pipeline(source, respond(socket, { request }))` is all there is to write.
 *
 * The connection is kept for the next request where HTTP allows it and the framing is whole; otherwise it is closed.
 *
 * With a ServerResponse, fields that were set on it are sent too, and its `statusCode` is the default of `status`.
 * Content that is to be compressed comes compressed: `pipeline(source, createGzip(), respond(res))`.
 *
 * @throws TypeError without `request` for a socket, or for headers, trailers or a digest that cannot be sent
 * @throws RangeError for a status that is no final one
 * @throws Error if another response is still open on the socket, or the head of the ServerResponse is out
 */
export function respond(target: Socket | ServerResponse, options: RespondOptions = {}): StreamResponse {
  if (options.framing === 'content') {
    const inherited = isServerResponse(target) ? target.getHeaders() : {};
    options = { ...options, headers: inContentFields(options.headers, inherited) };
  }
  if (isServerResponse(target)) {
    const { request = target.req, status = target.statusCode } = options;
    return new StreamResponse((open) => new ServerResponseChannel(target, open), request, { ...options, status });
  }
  const { request } = options;
  if (request === undefined) {
    throw new TypeError('respond(socket) needs the request that it answers: { request: await readRequest(socket) }');
  }
  return new StreamResponse((open) => new SocketChannel(target, open), request, options);
}

function isServerResponse(target: Socket | ServerResponse): target is ServerResponse {
  return 'writeHead' in target;
}
