/** respond: a StreamResponse on a raw socket, or on the ServerResponse of `node:http` and the frameworks on top of it. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ChannelOptions } from './channel.ts';
import { HttpChannel } from './http-channel.ts';
import { inContentFields } from './in-content.ts';
import type { RequestFacts } from './negotiation.ts';
import { takeFromSeal } from './sealed.ts';
import { SocketChannel } from './socket-channel.ts';
import { type RespondOptions, StreamResponse } from './stream-response.ts';

export type { Ending } from './negotiation.ts';
export type { RespondOptions, StreamResponse } from './stream-response.ts';

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
 * @throws RangeError for a status that is no final one, or a length that is none
 * @throws Error if another response is still open on the socket or the ServerResponse, or its head is out
 * @example
 * http.createServer((req, res) => pipeline(source, respond(res), (error) => log(error)));
 * @example
 * pipeline(source, respond(socket, { request: await readRequest(socket) }), done);
 */
export function respond(target: Socket | ServerResponse, options: RespondOptions = {}): StreamResponse {
  if (options.framing === 'content') {
    const inherited = isServerResponse(target) ? target.getHeaders() : {};
    options = { ...options, headers: inContentFields(options.headers, inherited) };
  }
  if (isServerResponse(target)) {
    const request = options.request ?? (target.req as RequestFacts | undefined);
    if (request?.headers === undefined) {
      throw new TypeError('respond needs the request that is answered, which this response does not know: { request }');
    }
    const open = (channelOptions: ChannelOptions) => {
      if (!target.headersSent) takeFromSeal(target);
      return new HttpChannel(target, channelOptions);
    };
    return new StreamResponse(open, request, options);
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
