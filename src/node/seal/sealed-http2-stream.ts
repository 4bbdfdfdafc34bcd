/**
 * The seal on one stream of HTTP/2 at the server, a bare one or that of a response of Node's compatibility API, which does all
 * by its stream: so the seal stands below every middleware of either. `respond` is where the head is looked at;
 * `write` and `end` count and hash; `sendTrailers` keeps the fields of others.
 *
 * `destroy` without an error and `close` would send NO_ERROR, which clients take for an end: an open body that is destroyed or
 * closed is reset with INTERNAL_ERROR after all that was written, or says so in its trailers. For that, every body is opened
 * for trailers (http2-channel.ts says why); where nobody listens for 'wantTrailers', Node sends them itself.
 */

import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { describeFailure } from '../../core/failure.ts';
import { type FieldPairs, mayTrail, namesOf, withoutFields } from '../../core/fields.ts';
import type { Seal } from '../../core/seal.ts';
import { type ResponseEnd, responseEnd, responseFailed, responseStart } from '../diagnostics.ts';
import { register } from '../draining.ts';
import { endingOnly } from '../send/channel.ts';
import { Http2Channel, INTERNAL_ERROR, NO_ERROR, writeApart } from '../send/http2-channel.ts';
import { Middleware, type Write } from '../send/middleware.ts';
import { type Ending, negotiate, type RequestFacts } from '../send/negotiation.ts';
import { PipedSources } from '../send/piped-sources.ts';
import { putBack } from '../send/put-back.ts';
import { respond } from '../send/respond.ts';
import { type ErrorResponse, removeContentFields } from '../send/response-head.ts';
import { sealOf } from '../send/sealed.ts';
import { announceSeal } from './announcing.ts';
import { pairsOf } from './head-arguments.ts';
import { warnOfOrder } from './order.ts';
import type { SealingOptions } from './sealed-response.ts';
import { StreamHead } from './stream-head.ts';
import { bytesOf, isContent, isEmpty, refused } from './write-arguments.ts';

const METHODS = ['respond', 'write', 'end', 'sendTrailers', 'close', 'destroy'] as const;
type Method = (typeof METHODS)[number];
type Call = (...args: unknown[]) => unknown;

type Headed = ServerHttp2Stream & { headRequest?: boolean };

/** Milliseconds that a whole body has to leave, once somebody has closed its stream. */
const MAX_LEAVING = 5000;

/** `flushing`: it has failed, and a middleware above has been asked for what it holds. `off`: the seal has been taken off. */
type State = 'open' | 'flushing' | 'failed' | 'off';

export class SealedHttp2Stream {
  readonly #stream: ServerHttp2Stream;
  readonly #request: RequestFacts;
  /** What was there before ours: Node's own, or a middleware's. */
  readonly #before: Record<Method, Call>;
  /** Whether a middleware that came before us may change what we count. */
  readonly #isShared: boolean;
  /** Of each that sources may be piped into: the stream, and the response on it. */
  readonly #sources: PipedSources[] = [];
  readonly #forget: () => void;
  #response: Http2ServerResponse | undefined;
  #responseBefore: Pick<Http2ServerResponse, 'destroy'> | undefined;
  #options: SealingOptions;
  #state: State = 'open';
  /** Whether the body is written to the stream: not that of a file, which Node sends itself. */
  #isBegun = false;
  #seal: Seal | undefined;
  #trailers: FieldPairs = [];
  /** What it failed with, for whoever asks the stream. */
  #cause: Error | undefined;
  #bytesWritten = 0;
  #leaving: NodeJS.Timeout | undefined;

  constructor(stream: ServerHttp2Stream, request: RequestFacts, options: SealingOptions) {
    this.#stream = stream;
    this.#request = request;
    this.#options = options;
    this.#isShared = Object.hasOwn(stream, 'write') || Object.hasOwn(stream, 'end');
    if (this.#isShared) warnOfOrder();
    const target = stream as unknown as Record<Method, Call>;
    this.#before = Object.fromEntries(METHODS.map((name) => [name, target[name]])) as Record<Method, Call>;
    Object.assign(stream, OURS);
    this.#watch(stream);
    this.#forget = register(stream, 'open', {
      end: (error) => this.#canFail && stream.destroy(error),
      kill: () => this.#pass('close', [INTERNAL_ERROR]),
    });
    stream.once('close', this.#forget);
  }

  /** What is said later counts. */
  addOptions(options: SealingOptions): void {
    this.#options = { ...this.#options, ...options };
  }

  /** The response of the compatibility API that goes by this stream. */
  addResponse(response: Http2ServerResponse): void {
    if (this.#response !== undefined) return;
    this.#response = response;
    // Node's own would mark the response: then it takes no more of what a compressor above still has to give.
    this.#responseBefore = { destroy: response.destroy };
    response.destroy = destroyResponse;
    this.#watch(response);
  }

  /** Of the response. */
  destroyResponse(error: Error | undefined): unknown {
    if (this.#stream.headersSent && this.#canFail) return this.#stream.destroy(error);
    return Reflect.apply(this.#responseBefore!.destroy, this.#response, [error]);
  }

  /** Takes the seal off. A middleware that has come above it keeps calling it, and is let through. */
  remove(): void {
    this.#state = 'off';
    this.#forget();
    for (const sources of this.#sources) sources.forget();
    putBack(this.#stream, OURS, this.#before);
    if (this.#response !== undefined) putBack(this.#response, { destroy: destroyResponse }, this.#responseBefore!);
  }

  respond(args: unknown[]): unknown {
    const stream = this.#stream;
    const [given, options] = args as [unknown, { endStream?: boolean } | undefined];
    if (this.#state !== 'open' || stream.headersSent) return this.#pass('respond', args);
    const head = new StreamHead(given);
    const status = Number(head.get(':status') ?? 200);
    head.drop('x-stream-status'); // it would vouch for a body that has not ended
    if (options?.endStream || negotiate(this.#request, status).framing === 'none') {
      return this.#pass('respond', [head.fields, options]);
    }
    const { digest } = this.#options;
    const isFree = head.get('content-length') === undefined;
    const sealing = { digest, counts: !this.#isShared };
    const seal = isFree ? announceSeal(head, this.#request, status, sealing) : undefined;
    this.#pass('respond', [head.fields, { ...options, waitForTrailers: true }]);
    this.#isBegun = true;
    this.#seal = seal;
    if (seal !== undefined && responseStart.hasSubscribers) {
      responseStart.publish({ response: this.#target, request: this.#request, status });
    }
    return undefined;
  }

  write(args: unknown[]): unknown {
    const { writableEnded, destroyed } = this.#stream;
    if (this.#state === 'failed') return refused(args, false);
    this.#respondIfNobodyDid();
    if (isEmpty(args)) writeApart(this.#stream);
    const result = this.#pass('write', args);
    const counts = this.#seal !== undefined || this.#state === 'flushing';
    if (!counts || this.#state === 'off' || writableEnded || destroyed) return result;
    const content = bytesOf(args);
    this.#bytesWritten += content.length;
    this.#seal?.update(content);
    return result;
  }

  end(args: unknown[]): unknown {
    const stream = this.#stream;
    const { writableEnded, destroyed, closed } = stream;
    const hasFailed = this.#state === 'flushing' || this.#state === 'failed';
    if (hasFailed && !closed) return refused(args, stream);
    const isLast = this.#state === 'open' && !writableEnded && !destroyed && !closed && isContent(args[0]);
    if (isLast) this.#respondIfNobodyDid();
    if (isEmpty(args)) writeApart(stream);
    if (!isLast || this.#seal === undefined) return this.#pass('end', args);
    this.#seal.update(bytesOf(args));
    this.#trailers = this.#seal.finish();
    if (responseEnd.hasSubscribers) stream.once('finish', () => responseEnd.publish(this.#summary('trailers')));
    return this.#pass('end', args);
  }

  /** The application's own trailers, those that may trail, and those of the seal, which go before any of the same name. */
  sendTrailers(fields: unknown): unknown {
    const ours = new Map(this.#trailers.map(([name, value]) => [name.toLowerCase(), value]));
    const merged: OutgoingHttpHeaders = { ...(fields as object) };
    for (const name of ours.size > 0 ? Object.keys(merged) : []) {
      if (ours.has(name.toLowerCase()) || !mayTrail(name)) delete merged[name];
    }
    return this.#pass('sendTrailers', [Object.assign(merged, Object.fromEntries(ours))]);
  }

  close(args: unknown[]): unknown {
    const [code = NO_ERROR, callback] = args;
    const stream = this.#stream;
    if (code !== NO_ERROR || !stream.headersSent || !this.#isHeld) return this.#pass('close', args);
    if (typeof callback === 'function') stream.once('close', callback as () => void);
    if (this.#canFail) this.#fail(undefined);
    else if (this.#state === 'open') this.#leave();
    return undefined;
  }

  destroy(error: Error | undefined): unknown {
    const stream = this.#stream;
    const cause = error ?? this.#cause;
    const pass = () => this.#pass('destroy', cause === undefined ? [] : [cause]);
    if (!this.#isHeld) return pass();
    if (this.#canFail) this.#fail(error ?? this.#sources.find(({ errored }) => errored)?.errored);
    else if (this.#state === 'open' && error !== undefined) return pass();
    else if (this.#state === 'open') this.#leave();
    return stream;
  }

  /** Node would do so below us. */
  #respondIfNobodyDid(): void {
    const { headersSent, destroyed, closed } = this.#stream;
    if (this.#state === 'open' && !headersSent && !destroyed && !closed) this.#stream.respond();
  }

  #watch(destination: ServerHttp2Stream | Http2ServerResponse): void {
    if (this.#options.watchSources === false) return;
    const onLost = (error: Error) => {
      if (this.#canFail) this.#stream.destroy(error);
    };
    this.#sources.push(new PipedSources(destination, onLost).listen());
  }

  #pass(name: Method, args: unknown[]): unknown {
    return Reflect.apply(this.#before[name], this.#stream, args);
  }

  /** Whether what anybody does to the stream is ours to judge, until its end has been handed to Node. */
  get #isHeld(): boolean {
    const { destroyed, closed, headersSent, sentTrailers, session } = this.#stream;
    if (destroyed || closed || this.#state === 'off' || session?.destroyed !== false) return false;
    return headersSent ? this.#isBegun && sentTrailers === undefined : this.#state === 'open';
  }

  /** Whether there is a body whose end is still ours to choose. */
  get #canFail(): boolean {
    const { writableEnded, headersSent, headRequest } = this.#stream as Headed;
    // The writable side of a HEAD request has ended before it begins.
    return this.#state === 'open' && this.#isHeld && !(writableEnded && (headersSent || !headRequest));
  }

  /** Somebody has closed the stream of a body that was ended, before it has left. In 'wantTrailers', that says: no trailers. */
  #leave(): void {
    const stream = this.#stream;
    try {
      stream.sendTrailers({});
    } catch {
      const late = new Error('Somebody else closed the stream before its end had left');
      this.#leaving ??= setTimeout(() => this.#pass('destroy', [late]), MAX_LEAVING).unref();
      stream.once('close', () => clearTimeout(this.#leaving));
    }
  }

  #fail(cause: Error | undefined): void {
    const response = this.#response as (Http2ServerResponse & { flush?: unknown }) | undefined;
    if (!this.#stream.headersSent) return this.#sendError(cause);
    this.#cause = cause;
    this.#state = 'flushing';
    if (typeof response?.flush !== 'function') return this.#endFailed();
    // What the application writes from here on is for nobody; what the middleware held before still goes through us.
    const middleware = new Middleware(response as unknown as ServerResponse, response.write as unknown as Write);
    Object.assign(response, { write: (...args: unknown[]) => refused(args, false), end: () => response });
    const counter = () => this.#bytesWritten;
    const connection = {
      get bytesWritten() {
        return counter();
      },
      destroyed: false,
    };
    middleware.flush(connection, () => this.#endFailed());
  }

  /** Nothing has been sent: an ordinary response takes the place of the one that failed. */
  #sendError(error: Error | undefined): void {
    const stream = this.#stream;
    if (error === undefined) return void this.#pass('close', [INTERNAL_ERROR]);
    const response = this.#response;
    const { errorResponse } = this.#options;
    if (response !== undefined) removeContentFields(response);
    const kept = response?.getHeaders() ?? {};
    this.remove();
    respond(stream, {
      request: this.#request,
      errorResponse: (cause) => withFields(kept as Record<string, string>, errorResponse?.(cause) ?? {}),
    })
      .on('error', ignore)
      .destroy(error);
  }

  #endFailed(): void {
    const stream = this.#stream;
    const cause = this.#cause;
    for (const sources of this.#sources) sources.forget();
    const { describeError, lingerTimeout = 5000 } = this.#options;
    const status = Number(stream.sentHeaders[':status']);
    const { failureEnding } = negotiate(this.#request, status, { isSealed: this.#seal !== undefined });
    const isClean = this.#seal !== undefined && failureEnding === 'clean-failure' && !this.#isShared;
    if (isClean) this.#trailers = this.#seal!.fail(describeFailure(cause, describeError));
    this.#state = 'failed';
    const channel = new Http2Channel(stream, { ...endingOnly, lingerTimeout }, true);
    const onDone = (isSent: boolean) => {
      if (!responseFailed.hasSubscribers) return;
      const ending: Ending = isClean ? 'clean-failure' : 'reset';
      responseFailed.publish({ ...this.#summary(isSent ? ending : 'none'), error: cause });
    };
    if (isClean) channel.finish([], onDone);
    else channel.reset(cause === undefined, onDone);
  }

  #summary(ending: Ending): ResponseEnd {
    return { response: this.#target, request: this.#request, ending, bytes: this.#seal?.bytes ?? 0 };
  }

  get #target(): ServerHttp2Stream | Http2ServerResponse {
    return this.#response ?? this.#stream;
  }
}

const sealOn = (stream: ServerHttp2Stream) => sealOf(stream) as SealedHttp2Stream;

/** The same functions for all, as on a ServerResponse. */
const OURS: Record<Method, (this: ServerHttp2Stream, ...args: unknown[]) => unknown> = {
  respond(...args) {
    return sealOn(this).respond(args);
  },
  destroy(error) {
    return sealOn(this).destroy((error ?? undefined) as Error | undefined);
  },
  close(...args) {
    return sealOn(this).close(args);
  },
  write(...args) {
    return sealOn(this).write(args);
  },
  end(...args) {
    return sealOn(this).end(args);
  },
  sendTrailers(fields) {
    return sealOn(this).sendTrailers(fields);
  },
};

function destroyResponse(this: Http2ServerResponse, error?: Error): never {
  return sealOn(this.stream).destroyResponse(error) as never;
}

/** Fields that the application had set on its response go with the error response as well, if that does not set its own. */
function withFields(kept: Record<string, string>, made: ErrorResponse): ErrorResponse {
  const pairs = pairsOf(made.headers);
  const others = withoutFields<unknown>(Object.entries(kept), namesOf(pairs));
  return { ...made, headers: Object.fromEntries([...others, ...pairs]) as Record<string, string> };
}

function ignore(): void {}
