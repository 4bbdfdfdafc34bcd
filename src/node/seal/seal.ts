/**
 * seal: the responses of a whole application, sealed where they are, whoever writes to them (sealed-response.ts says how).
 */
import { ClientRequest, type IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerResponse, ServerHttp2Stream } from 'node:http2';
import { Duplex } from 'node:stream';
import { aBoolean, aFunction, anObject, assertOptions, JUDGING, type OptionChecks } from '../../core/options.ts';
import { assertWritable } from '../send/respond.ts';
import { isTaken, sealOf, setSeal } from '../send/sealed.ts';
import { isNode } from '../socket-use.ts';
import { timeoutFrom } from '../timeouts.ts';
import { SealedHttp2Stream } from './sealed-http2-stream.ts';
import { SealedRequest } from './sealed-request.ts';
import { SealedResponse, type SealingOptions } from './sealed-response.ts';

export type { SealingOptions } from './sealed-response.ts';

const CHECKS: OptionChecks<SealingOptions> = {
  digest: JUDGING.digest,
  describeError: aFunction,
  errorResponse: aFunction,
  lingerTimeout: timeoutFrom,
  watchSources: aBoolean,
  serverReadsStatus: aBoolean,
  request: anObject,
};

/**
 * Seals a response where it is: whatever the application, its framework or a library writes to it from here on is counted,
 * and its end is proven to a client that asks, as `respond` does it. `destroy(error)`, which `pipeline` calls, ends it as a
 * failure that no client can take for success. Call it in the first middleware, so that all others are above it.
 *
 * `ok` says that the application called `end()`. A framework that calls it for a failure as well is named in the guide;
 * `respond(res)`, which takes the seal off, proves more.
 *
 * Left as they are: responses without content or with a Content-Length, which proves their end, and those whose Trailer
 * field names X-Stream-Status already. A second call changes options only; with what is no response of `node:http` or
 * `node:http2` on a connection, as under a test harness, nothing is done.
 *
 * A ClientRequest is sealed as well, where it is sent in chunks: an upload whose end the server can check, with `verify(req)`.
 *
 * @returns the message
 * @throws TypeError, RangeError for invalid options; TypeError for a bare stream of HTTP/2 without `request`
 * @example
 * app.use((req, res, next) => {
 *   seal(res);
 *   next();
 * });
 * @example
 * const request = seal(http.request(url, { method: 'PUT' }));
 * pipeline(createReadStream('export.csv'), request, done);
 * @example
 * http2.createServer().on('stream', (stream, headers) => {
 *   seal(stream, { request: { method: headers[':method'], httpVersion: '2.0', headers } });
 * });
 */
export function seal<Message extends ServerResponse | Http2ServerResponse | ServerHttp2Stream | ClientRequest>(
  message: Message,
  options: SealingOptions = {},
): Message {
  assertWritable(message, 'seal takes the', 'or a ClientRequest');
  assertOptions('seal', options, CHECKS);
  const known = sealOf(message);
  if (known !== undefined) known.addOptions(options);
  else if (isNode && !isTaken(message)) put(message, options);
  if (known !== undefined && isHttp2Response(message)) known.addResponse?.(message);
  return message;
}

function put(
  message: ServerResponse | Http2ServerResponse | ServerHttp2Stream | ClientRequest,
  options: SealingOptions,
): void {
  if (message instanceof ClientRequest) return setSeal(message, new SealedRequest(message, options));
  if (isHttp2Response(message)) {
    const sealed = new SealedHttp2Stream(message.stream, message.req, options);
    setSeal(message, sealed);
    return sealed.addResponse(message);
  }
  if (isHttp2Stream(message)) {
    const { request } = options;
    if (request?.headers === undefined) {
      throw new TypeError(
        "seal needs the request that is answered: { request: { method: headers[':method'], httpVersion: '2.0', headers } }",
      );
    }
    return setSeal(message, new SealedHttp2Stream(message, request, options));
  }
  if (!(message instanceof ServerResponse)) return;
  const { socket, rawHeaders } = (message.req ?? {}) as Partial<IncomingMessage>;
  const isReal = socket instanceof Duplex && rawHeaders !== undefined;
  if (isReal) setSeal(message, new SealedResponse(message, socket, options));
}

/** Told by its shape: `node:http2` is loaded by who uses it. */
function isHttp2Response(message: object): message is Http2ServerResponse {
  const { req, stream } = message as Partial<Http2ServerResponse>;
  return req?.httpVersionMajor === 2 && stream !== undefined && isHttp2Stream(stream);
}

/** One of the server's: only these respond. */
function isHttp2Stream(message: object): message is ServerHttp2Stream {
  return message instanceof Duplex && 'sendTrailers' in message && 'respond' in message;
}
