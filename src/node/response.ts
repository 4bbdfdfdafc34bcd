/**
 * respond: a Writable for the content of one response, which ends its message as it deserves. `end()` seals it;
 * `destroy(error)`, which is what `pipeline` calls when the source fails, ends it as a failure that no client can take
 * for success (see negotiation.ts for which way). Nothing is sent before the first octet of content, so a source that
 * fails before that still gets an ordinary error response.
 */
import type { Socket } from 'node:net';
import { addAbortSignal, Writable } from 'node:stream';
import { Encoder } from '../core/encoder.ts';
import { StreamError } from '../core/errors.ts';
import { Seal } from '../core/seal.ts';
import { type ErrorResponse, type MakeErrorResponse, serializeErrorResponse } from './error-response.ts';
import { type ExtraTrailers, ownTrailers, trailerNames } from './extra-trailers.ts';
import { type DescribeError, describeFailure } from './failure.ts';
import { algorithmsOf, createHasher, type DigestOption } from './hashing.ts';
import { type Negotiated, negotiate, type RequestFacts } from './negotiation.ts';
import { applicationFields, assertStatus, type HeadersOption, serializeResponseHead } from './response-head.ts';
import { SocketChannel } from './socket-channel.ts';

export interface RespondOptions {
  /** The request that is answered: it decides how the body may end. */
  request?: RequestFacts;
  /** 200 by default; 200 to 599. */
  status?: number;
  /** Without Content-Length, Transfer-Encoding and Trailer, which are `respond`'s own. */
  headers?: HeadersOption;
  /** What to hash with where the client asks for trailers and prefers nothing else. `sha-256` by default. */
  digest?: DigestOption;
  /** The application's own trailer fields, for a client that asks for trailers. */
  extraTrailers?: ExtraTrailers;
  /** What a failure may tell the client. By default a type only, no message. */
  describeError?: DescribeError;
  /** The response to a failure before the first octet of content. By default 500 with problem+json. */
  errorResponse?: (error: unknown) => ErrorResponse | undefined;
  /** Ends the response as a failure: `cancelled`, or `timeout` for `AbortSignal.timeout()`. */
  signal?: AbortSignal;
  /** Milliseconds without an octet from the source or taken by the client. Default 300,000; 0 for no bound. */
  idleTimeout?: number;
  /** Milliseconds to go on reading after our FIN, so that it does not become RST. Default 5,000. */
  lingerTimeout?: number;
}

/**
 * How a body was ended: with `trailers`; `plain`, a last-chunk or FIN alone; a `clean-failure` in trailers; an `abort`
 * chunk; a `reset`; as an `error-response` in its place; or `none`: it had no content, or nobody was left to tell.
 */
export type Ending = 'trailers' | 'plain' | 'clean-failure' | 'abort' | 'reset' | 'error-response' | 'none';

/**
 * A response on a raw socket: `pipeline(source, respond(socket, { request }))` is all there is to write.
 *
 * The connection is kept for the next request where HTTP allows it and the framing is whole; otherwise it is closed.
 *
 * @throws TypeError without `request`, or for headers, trailers or a digest that cannot be sent
 * @throws RangeError for a status that is no final one
 * @throws Error if another response is still open on the socket
 */
export function respond(socket: Socket, options: RespondOptions = {}): StreamResponse {
  const { request } = options;
  if (request === undefined) {
    throw new TypeError('respond(socket) needs the request that it answers: { request: await readRequest(socket) }');
  }
  return new StreamResponse(socket, request, options);
}

export class StreamResponse extends Writable {
  readonly #channel: SocketChannel;
  readonly #negotiated: Negotiated;
  readonly #isHead: boolean;
  readonly #encoder: Encoder | undefined;
  readonly #seal: Seal | undefined;
  readonly #extraTrailers: ExtraTrailers | undefined;
  readonly #describeError: DescribeError | undefined;
  readonly #errorResponse: MakeErrorResponse | undefined;
  readonly #idleTimer: NodeJS.Timeout | undefined;
  readonly #isPersistent: boolean;
  /** The serialized head until it is sent with the first octets. */
  #head: Uint8Array | undefined;
  #ending: Ending | undefined;
  #isFinishing = false;

  constructor(socket: Socket, request: RequestFacts, options: RespondOptions) {
    super();
    const { status = 200, headers = {}, digest = 'sha-256', extraTrailers, signal } = options;
    const { idleTimeout = 300_000, lingerTimeout = 5_000 } = options;
    assertStatus(status);
    const { fields, asksToClose } = applicationFields(headers);
    const extraNames = trailerNames(extraTrailers);
    const negotiated = negotiate(request, status);
    const own = algorithmsOf(digest);

    if (negotiated.framing === 'chunked') {
      this.#encoder = new Encoder();
      fields.push(['Transfer-Encoding', 'chunked']);
    }
    if (negotiated.hasTrailers) {
      const { preferredDigest } = negotiated;
      const isRefused = digest === false || preferredDigest === 'none';
      const algorithms = isRefused ? [] : preferredDigest !== undefined ? [preferredDigest] : own;
      this.#seal = new Seal({ algorithms, createHasher });
      fields.push([
        'Trailer',
        ['X-Stream-Status', ...(algorithms.length ? ['Content-Digest'] : []), ...extraNames].join(', '),
      ]);
    }
    this.#head = serializeResponseHead(status, fields);
    this.#negotiated = negotiated;
    this.#isPersistent = negotiated.isPersistent && !asksToClose;
    this.#isHead = request.method === 'HEAD';
    this.#extraTrailers = extraTrailers;
    this.#describeError = options.describeError;
    this.#errorResponse = options.errorResponse;
    this.#channel = new SocketChannel(socket, { idleTimeout, lingerTimeout }, () => this.destroy());
    if (idleTimeout > 0) {
      const message = `Nothing moved for ${idleTimeout} ms`;
      const onIdle = () => this.destroy(new StreamError('ERR_STREAM_TIMEOUT', message));
      this.#idleTimer = setTimeout(onIdle, idleTimeout).unref();
    }
    if (signal !== undefined) addAbortSignal(signal, this);
    if (this.#channel.isGone) process.nextTick(() => this.destroy());
  }

  /** How the body was ended, once it has been; undefined before. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#send(this.#encode(chunk), callback);
  }

  override _writev(chunks: { chunk: Buffer }[], callback: () => void): void {
    // One chunk for all that waited: chunk boundaries mean nothing to a recipient (RFC 9112 §7.1).
    this.#send(this.#encode(Buffer.concat(chunks.map(({ chunk }) => chunk))), callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    let pieces: Uint8Array[];
    try {
      pieces = this.#goodEnd();
    } catch (error) {
      return callback(error as Error);
    }
    clearTimeout(this.#idleTimer);
    this.#ending = this.#negotiated.framing === 'none' ? 'none' : this.#seal ? 'trailers' : 'plain';
    this.#finish(this.#withHead(pieces), (isSent) => (isSent ? callback() : this.destroy()));
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#idleTimer);
    const done = () => callback(error);
    if (this.#isFinishing) return done();
    if (this.#channel.isGone) {
      this.#ending = 'none';
      return this.#channel.close([], done);
    }
    if (this.#head !== undefined) {
      this.#ending = 'error-response';
      const facts = { isHead: this.#isHead, isPersistent: this.#isPersistent };
      return this.#finish([serializeErrorResponse(error, this.#errorResponse, facts)], done);
    }
    this.#fail(error, done);
  }

  /** Ends a body whose head is out, as a failure, behind all that was written. */
  #fail(error: Error | null, done: () => void): void {
    const ending = this.#negotiated.failureEnding;
    const pieces = waitingChunks(this).flatMap((chunk) => this.#encode(chunk));
    this.#ending = ending;
    if (ending === 'none') return this.#finish([], done);
    if (ending === 'reset') return this.#channel.reset(pieces, done);
    const reason = describeFailure(error, this.#describeError);
    if (ending === 'clean-failure') {
      return this.#finish([...pieces, ...this.#encoder!.end(this.#seal!.fail(reason))], done);
    }
    this.#channel.close([...pieces, ...this.#encoder!.abort({ kind: 'error', ...reason })], done);
  }

  /** Sends the end of a whole message; the connection goes on behind it, or is closed. */
  #finish(pieces: Uint8Array[], onDone: (isSent: boolean) => void): void {
    this.#isFinishing = true;
    if (this.#isPersistent) this.#channel.release(pieces, onDone);
    else this.#channel.close(pieces, onDone);
  }

  #encode(data: Buffer): Uint8Array[] {
    this.#seal?.update(data);
    if (this.#encoder !== undefined) return this.#encoder.write(data);
    return this.#negotiated.framing === 'none' || data.length === 0 ? [] : [data];
  }

  #goodEnd(): Uint8Array[] {
    if (this.#encoder === undefined) return [];
    if (this.#seal === undefined) return this.#encoder.end();
    const extra = ownTrailers(this.#extraTrailers);
    return this.#encoder.end([...this.#seal.finish(), ...extra]);
  }

  #send(pieces: Uint8Array[], onSent: () => void): void {
    this.#idleTimer?.refresh();
    // Empty content does not commit the head: the source may still fail before its first octet.
    this.#channel.write(pieces.length === 0 ? pieces : this.#withHead(pieces), () => {
      this.#idleTimer?.refresh();
      onSent();
    });
  }

  /** The pieces with the head before them, if it is not out yet. */
  #withHead(pieces: Uint8Array[]): Uint8Array[] {
    if (this.#head === undefined) return pieces;
    const head = this.#head;
    this.#head = undefined;
    return [head, ...pieces];
  }
}

/**
 * What `write` has accepted and not yet handed to `_write`. A destroyed Writable drops it, and has no public name for it;
 * what was written before a failure is to arrive before it.
 */
function waitingChunks(stream: Writable): Buffer[] {
  const state = (stream as unknown as { _writableState?: { getBuffer?(): { chunk: Buffer }[] } })._writableState;
  return state?.getBuffer?.().map(({ chunk }) => chunk) ?? [];
}
