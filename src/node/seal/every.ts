/**
 * chunked-trailers/seal: imported for its effect. Every response that a server of `node:http`, `node:https` or `node:http2`
 * makes in this process is sealed. `seal(res, options)` adds options to one, `respond(res)` takes the seal off one.
 *
 * HTTP/1.1 has a channel of its own. For HTTP/2, each server is met with its first connection, before anything comes on it:
 * on every Node there is, where those for streams are of Node 22.17 and 24.2 on.
 */

import { subscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import type {
  Http2Server,
  Http2ServerRequest,
  Http2ServerResponse,
  IncomingHttpHeaders,
  ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import { seal } from './seal.ts';

subscribe('http.server.request.start', (message) => {
  seal((message as { response: ServerResponse }).response);
});

const met = new WeakSet<object>();

subscribe('net.server.socket', (message) => {
  const { server } = (message as { socket: Socket & { server?: Http2Server | null } }).socket;
  if (!server || met.has(server)) return;
  met.add(server);
  if (!('updateSettings' in server)) return; // told by its shape: `node:http2` is loaded by who uses it
  server.prependListener('stream', sealStream);
  // With its first 'request' listener, such a server makes a response for each stream, and answers CONNECT.
  if (server.listenerCount('request') > 0) server.prependListener('request', sealResponse);
});

function sealStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  seal(stream, { request: { method: headers[':method'], httpVersion: '2.0', headers } });
}

function sealResponse(_: Http2ServerRequest, response: Http2ServerResponse): void {
  seal(response);
}

export { seal };
