/**
 * sealedResponse: a Response whose content says how it ends, for handlers that give a Response: Hono, route handlers, Bun,
 * Deno and workers. No such handler can send trailers; a client that accepts the sealed body as content gets that.
 */
import type { DigestOption } from '../core/content-digest.ts';
import type { DescribeError } from '../core/failure.ts';
import { acceptsType, assertTrueOfContent, assertWholeContent, inContentType, withMember } from '../core/in-content.ts';
import { aFunction, anObject, areTrailers, assertOptions, JUDGING, mustBe } from '../core/options.ts';
import type { ExtraTrailers } from '../core/seal.ts';
import type { CreateStreamHasher } from './async-hashers.ts';
import { ChunkedEncoderStream } from './chunked-encoder-stream.ts';

/** What is read of a Request: whatever has these will do. */
export interface AskingRequest {
  readonly method?: string;
  readonly headers: { get(name: string): string | null };
}

export interface SealedResponseInit extends ResponseInit {
  /** `sha-256` by default where there is a `createHasher`, and none where there is not. */
  digest?: DigestOption;
  /** Makes the hasher of a digest: the Web platform has none that is incremental. */
  createHasher?: CreateStreamHasher;
  /** The application’s own trailer fields, sent after the seal’s. */
  extraTrailers?: ExtraTrailers;
  /** What a failure may tell the recipient. By default a type only, no message. */
  describeError?: DescribeError;
}

const CHECKS = {
  digest: JUDGING.digest,
  createHasher: aFunction,
  extraTrailers: areTrailers,
  describeError: aFunction,
};
const aStream = mustBe(
  'a ReadableStream',
  (value) => typeof (value as ReadableStream | null)?.pipeThrough === 'function',
);
const aRequest = mustBe('a Request', (value) => typeof (value as AskingRequest | null)?.headers?.get === 'function');

const NO_BODY = new Set([204, 205, 304]);

/**
 * Whether a request asks for the sealed body as content: its Accept names the media type, and not with a weight of 0.
 *
 * @example
 * if (!acceptsInContent(request)) return new Response(stream);
 */
export function acceptsInContent(request: AskingRequest): boolean {
  return acceptsType(request.headers.get('Accept') ?? '');
}

/**
 * A Response with this stream as its content. A client that accepts it gets the sealed chunked body as content: its end
 * is proven, and a failure of the stream is told, whatever the runtime and the proxies do. Any other gets the stream as
 * it is, which errors if it fails; what its client sees then is the runtime's affair.
 *
 * @throws TypeError for a 206, a Content-Encoding or a digest, where the body is sealed; and for trailers that cannot be sent
 * @example
 * app.get('/export', (c) => sealedResponse(c.req.raw, rows(), { headers: { 'Content-Type': 'text/csv' } }));
 */
export function sealedResponse(
  request: AskingRequest,
  stream: ReadableStream<Uint8Array>,
  options: SealedResponseInit = {},
): Response {
  aRequest(request as never, 'The request of sealedResponse');
  aStream(stream as never, 'The stream of sealedResponse');
  anObject(options as never, 'The options of sealedResponse');
  const { digest, createHasher, extraTrailers, describeError, ...init } = options;
  const sealing = { digest, createHasher, extraTrailers, describeError };
  assertOptions('sealedResponse', sealing, CHECKS); // the others are those of the runtime's Response
  const headers = new Headers(init.headers);
  headers.set('Vary', withMember(headers.get('Vary') ?? '', 'Accept'));
  const isEmpty = request.method === 'HEAD' || NO_BODY.has(init.status ?? 200);
  const isSealed = acceptsInContent(request) && !NO_BODY.has(init.status ?? 200);
  if (isSealed) {
    assertWholeContent(init.status);
    assertTrueOfContent((name) => headers.has(name));
    headers.set('Content-Type', inContentType(headers.get('Content-Type') ?? undefined));
    // A failure ends well, as far as HTTP knows: no cache may keep it.
    headers.set('Cache-Control', withMember(headers.get('Cache-Control') ?? '', 'no-store'));
    headers.delete('Content-Length');
  }
  if (isEmpty) {
    stream.cancel().catch(() => {});
    return new Response(null, { ...init, headers });
  }
  if (!isSealed) return new Response(stream, { ...init, headers });
  const encoder = new ChunkedEncoderStream({
    cleanFailure: true,
    ...(digest !== undefined && { digest }),
    ...(createHasher !== undefined && { createHasher }),
    ...(extraTrailers !== undefined && { extraTrailers }),
    ...(describeError !== undefined && { describeError }),
  });
  return new Response(stream.pipeThrough(encoder), { ...init, headers });
}
