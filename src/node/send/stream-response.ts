/**
 * StreamResponse: a Writable for the content of one response, which ends its message as it deserves. `end()` seals it;
 * `destroy(error)`, which is what `pipeline` calls when the source fails, ends it as a failure that no client can take
 * for success (negotiation.ts says which way). Nothing is sent before the first octet of content, so a source that
 * fails before that still gets an ordinary error response.
 */
import { algorithmsOf, type DigestOption } from '../../core/content-digest.ts';
import { Encoder } from '../../core/encoder.ts';
import { type ExtraTrailers, ownTrailers, trailerNames } from '../../core/extra-trailers.ts';
import { type DescribeError, describeFailure } from '../../core/failure.ts';
import type { FieldPairs } from '../../core/fields.ts';
import { Seal } from '../../core/seal.ts';
import { destroyOnAbort } from '../abort-signal.ts';
import {
  type ResponseEnd,
  type ResponseFailed,
  type ResponseStart,
  responseEnd,
  responseFailed,
  responseStart,
} from '../diagnostics.ts';
import { createHasher } from '../hashing.ts';
import { timeoutFrom } from '../timeouts.ts';
import type { Channel, ChannelOptions } from './channel.ts';
import { type ErrorResponse, errorMessage, type MakeErrorResponse } from './error-response.ts';
import { GatheringWritable, type WriteCallback } from './gathering-writable.ts';
import { inContentEndings, isInContent } from './in-content.ts';
import { type Ending, type FailureEnding, type Negotiated, negotiate, type RequestFacts } from './negotiation.ts';
import type { OutgoingContent } from './outgoing-content.ts';
import { applicationFields, assertStatus, type HeadersOption } from './response-head.ts';

export interface RespondOptions {
  /** The request that is answered: it decides how the body may end. */
  request?: RequestFacts;
  /** 200 by default; 200 to 599. */
  status?: number;
  /** Without Content-Length, Transfer-Encoding and Trailer, which are `respond`'s own. */
  headers?: HeadersOption;
  /** What to hash with where the client asks for trailers and prefers nothing else. `sha-256` by default. */
  digest?: DigestOption | undefined;
  /** The application's own trailer fields, for a client that asks for trailers. */
  extraTrailers?: ExtraTrailers;
  /** What a failure may tell the client. By default a type only, no message. */
  describeError?: DescribeError;
  /** The response to a failure before the first octet of content. By default 500 with problem+json. */
  errorResponse?: (error: unknown) => ErrorResponse | undefined;
  /** `false` for content whose end is not proven: no trailers vouch for it. `true` by default. */
  seal?: boolean;
  /**
   * `content`: the chunked body with its seal is itself the content, of type `application/vnd.chunked-trailers`, for a
   * reader that no trailer reaches, such as a page (spec-notes/in-content.md). Every client gets the seal then, and a
   * failure in it; the Content-Type that was set becomes a parameter, and no cache may store the response.
   */
  framing?: 'content' | undefined;
  /** Ends the response as a failure: `cancelled`, or `timeout` for `AbortSignal.timeout()`. */
  signal?: AbortSignal;
  /**
   * Milliseconds without an octet from the source or taken by the client. Default 300,000; 0 or Infinity for no bound.
   * On a server with half-open connections, a client that leaves is noticed at the next write, or by this.
   */
  idleTimeout?: number;
  /** Milliseconds to go on reading after our FIN, so that it does not become RST. Default 5,000. */
  lingerTimeout?: number;
}

export type OpenChannel = (options: ChannelOptions) => Channel;

export class StreamResponse extends GatheringWritable {
  readonly #channel: Channel;
  readonly #negotiated: Negotiated;
  readonly #request: RequestFacts;
  readonly #encoder: Encoder | undefined;
  /** Frames what is content to HTTP. */
  readonly #inner: Encoder | undefined;
  readonly #seal: Seal | undefined;
  readonly #extraTrailers: ExtraTrailers | undefined;
  readonly #describeError: DescribeError | undefined;
  readonly #errorResponse: MakeErrorResponse | undefined;
  /** Why this request cannot be answered with a body that may fail. */
  readonly #refusal: Error | undefined;
  /** The head, until it is sent with the first octets. */
  #head: { status: number; fields: FieldPairs } | undefined;
  #ending: Ending | undefined;
  #isFinishing = false;
  /** Octets of content that have been given to the channel. */
  #bytes = 0;

  /**
   * @param open opens the way out; what is wrong with the options is thrown before
   */
  constructor(open: OpenChannel, request: RequestFacts, options: RespondOptions) {
    super();
    const { status = 200, headers = {}, digest = 'sha-256', extraTrailers, seal = true, signal } = options;
    const idleTimeout = timeoutFrom('idleTimeout', options.idleTimeout ?? 300_000);
    const lingerTimeout = timeoutFrom('lingerTimeout', options.lingerTimeout ?? 5_000);
    if (signal !== undefined && !(signal instanceof AbortSignal)) throw new TypeError('signal must be an AbortSignal');
    assertStatus(status);
    const { fields, asksToClose } = applicationFields(headers);
    const extraNames = trailerNames(extraTrailers);
    const own = algorithmsOf(digest);
    const inContent = isInContent(options.framing);
    const earned = negotiate(request, status, seal);
    const negotiated = inContent ? inContentEndings(earned) : earned;
    const { framing, hasTrailers, failureEnding, preferredDigest } = negotiated;
    if (inContent && framing !== 'none') this.#inner = new Encoder();

    this.#channel = open({
      isPersistent: negotiated.isPersistent && !asksToClose,
      closes: asksToClose || framing === 'until-close',
      isDelimitedByClose: framing === 'until-close',
      idleTimeout,
      lingerTimeout,
      onGone: () => this.destroy(),
      onIdle: () => this.destroy(idled(idleTimeout)),
    });
    const { isFraming } = this.#channel;
    if (framing === 'chunked') {
      if (!isFraming) this.#encoder = new Encoder();
      fields.push(['Transfer-Encoding', 'chunked']);
    }
    if (hasTrailers || (this.#inner !== undefined && seal)) {
      const counts = !isFraming || this.#inner !== undefined;
      const isRefused = !counts || digest === false || preferredDigest === 'none';
      const algorithms = isRefused ? [] : preferredDigest !== undefined ? [preferredDigest] : own;
      this.#seal = new Seal({ algorithms, createHasher, counts });
      const names = ['X-Stream-Status', ...(algorithms.length > 0 ? ['Content-Digest'] : []), ...extraNames];
      if (hasTrailers) fields.push(['Trailer', names.join(', ')]);
      // A cache must not give a failure that ends cleanly to a client that cannot see it.
      if (hasTrailers && failureEnding === 'clean-failure') fields.push(['Vary', 'X-Want-Stream-Status']);
    }
    this.#head = { status, fields };
    this.#negotiated = negotiated;
    this.#request = request;
    this.#extraTrailers = extraTrailers;
    this.#describeError = options.describeError;
    this.#errorResponse = options.errorResponse;
    if (framing === 'until-close' && failureEnding === 'reset' && !this.#channel.canReset) {
      this.#refusal = new Error('HTTP/1.0 on a socket without RST cannot show that a body failed: use HTTP/1.1');
    }
    destroyOnAbort(signal, this);
    if (this.#channel.isGone) process.nextTick(() => this.destroy());
  }

  /** How the body was ended; undefined while it is open. Final when the response has closed. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  override _final(callback: WriteCallback): void {
    if (this.#refusal !== undefined) return callback(this.#refusal);
    let pieces: Uint8Array[];
    try {
      pieces = this.#goodEnd();
    } catch (error) {
      return callback(error as Error);
    }
    this.#ending = this.#negotiated.framing === 'none' ? 'none' : this.#seal ? 'trailers' : 'plain';
    this.#isFinishing = true;
    this.#channel.finish(this.#withHead(pieces), (isSent) => {
      if (isSent) {
        if (responseEnd.hasSubscribers) responseEnd.publish(this.#summary());
        return callback();
      }
      this.#ending = 'none';
      this.#publishFailure(null);
      // Without an error, `pipeline` would take a stream that has been ended for a finished one.
      this.destroy(this.listenerCount('error') > 0 ? clientLeft() : undefined);
    });
  }

  override _destroy(error: Error | null, callback: WriteCallback): void {
    if (this.#isFinishing) return callback(error);
    const { failureEnding } = this.#negotiated;
    const end = (ending: Ending) => {
      this.#ending = ending;
      return (isSent: boolean) => {
        if (!isSent) this.#ending = 'none';
        this.#publishFailure(error);
        callback(error);
      };
    };
    const isFailing = this.#sendUnsent();
    // Even to a client that seems to have left: it may be reading still.
    if (isFailing && failureEnding === 'reset') return this.#channel.reset(end('reset'));
    if (this.#channel.isGone) return this.#channel.close([], end('none'));
    if (isFailing) this.#fail(error, failureEnding, end(failureEnding));
    else this.#sendError(error, end('error-response'));
  }

  #publishFailure(error: Error | null): void {
    if (responseFailed.hasSubscribers)
      responseFailed.publish({ ...this.#summary(), error: error ?? undefined } satisfies ResponseFailed);
  }

  #summary(): ResponseEnd {
    return { response: this, request: this.#request, ending: this.#ending!, bytes: this.#bytes };
  }

  /** Nothing has been sent: an ordinary response takes the place of the one that failed. */
  #sendError(error: Error | null, onDone: (isSent: boolean) => void): void {
    const { status, fields, content } = errorMessage(error, this.#errorResponse, this.#refusal ? 505 : 500);
    const pieces = this.#channel.begin(status, fields, true);
    this.#channel.finish(this.#request.method === 'HEAD' ? pieces : [...pieces, content], onDone);
  }

  /** Ends a chunked body whose head is out, as a failure. */
  #fail(error: Error | null, ending: FailureEnding, onDone: (isSent: boolean) => void): void {
    const reason = describeFailure(error, this.#describeError);
    const seal = this.#seal ?? new Seal({ counts: false });
    if (ending === 'clean-failure') this.#channel.finish(this.#end(seal.fail(reason)), onDone);
    else this.#channel.close((this.#encoder ?? new Encoder()).abort({ kind: 'error', ...reason }), onDone);
  }

  /** What was written before a failure arrives before it. @returns whether the head is out */
  #sendUnsent(): boolean {
    const pieces = this.#refusal === undefined ? this.#encode(this.takeWaiting()) : [];
    try {
      if (pieces.length > 0) this.#channel.write(this.#withHead(pieces), () => {});
    } catch {
      // somebody else has sent a head meanwhile
    }
    return this.#head === undefined;
  }

  #encode(content: OutgoingContent): Uint8Array[] {
    this.#bytes += content.size;
    if (this.#seal !== undefined) for (const piece of content.pieces()) this.#seal.update(piece);
    if (this.#inner !== undefined) return this.#chunk(content.framed(this.#inner));
    if (this.#encoder !== undefined) return content.framed(this.#encoder);
    return this.#negotiated.framing === 'none' ? [] : content.pieces();
  }

  /** Octets that are content to HTTP as one chunk of its own, if the framing is ours. */
  #chunk(pieces: Uint8Array[]): Uint8Array[] {
    return this.#encoder === undefined ? pieces : this.#encoder.writeAll(pieces);
  }

  #goodEnd(): Uint8Array[] {
    if (this.#seal === undefined) return this.#end([]);
    const extra = ownTrailers(this.#extraTrailers);
    return this.#end([...this.#seal.finish(), ...extra]);
  }

  /** The end of a whole body, whoever frames it. */
  #end(trailers: FieldPairs): Uint8Array[] {
    if (this.#inner !== undefined) return [...this.#chunk(this.#inner.end(trailers)), ...(this.#encoder?.end() ?? [])];
    if (this.#encoder !== undefined) return this.#encoder.end(trailers);
    if (trailers.length > 0) this.#channel.addTrailers(trailers);
    return [];
  }

  protected override sendContent(content: OutgoingContent, onSent: WriteCallback): void {
    if (this.#refusal !== undefined) return onSent(this.#refusal);
    const onWritten = (error?: Error | null) => {
      if (!error && this.#channel.returnsBuffers) content.release();
      if (!error || this.closed) return onSent(error);
      // A client that leaves is no error of this response: it is destroyed without one, before the callback tells.
      this.once('close', () => onSent(error)).destroy();
    };
    try {
      const pieces = this.#encode(content);
      // Empty content does not commit the head: the source may still fail before its first octet.
      this.#channel.write(pieces.length === 0 ? pieces : this.#withHead(pieces), onWritten);
    } catch (error) {
      onSent(error as Error); // somebody else has sent a head meanwhile
    }
  }

  /** The pieces with the head before them, if it is not out yet. */
  #withHead(pieces: Uint8Array[]): Uint8Array[] {
    if (this.#head === undefined) return pieces;
    const { status, fields } = this.#head;
    this.#head = undefined;
    if (responseStart.hasSubscribers)
      responseStart.publish({ response: this, request: this.#request, status } satisfies ResponseStart);
    return [...this.#channel.begin(status, fields, false), ...pieces];
  }
}

function idled(idleTimeout: number): Error {
  return Object.assign(new Error(`Nothing moved for ${idleTimeout} ms`), { code: 'ETIMEDOUT' });
}

/** What Node calls a stream that closes before its end has gone through. */
function clientLeft(): Error {
  const error = new Error('The client left before it had the end of the body');
  return Object.assign(error, { code: 'ERR_STREAM_PREMATURE_CLOSE' });
}
