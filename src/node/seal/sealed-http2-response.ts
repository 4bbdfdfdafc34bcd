/**
 * The seal on one response of Node's compatibility API for HTTP/2. As on `node:http` (sealed-response.ts), it stands below
 * every middleware; Node's own `end` calls `write`, and `write` calls `writeHead`, so each is counted once, there.
 *
 * `destroy` without an error would send NO_ERROR, which clients take for an end: an open body that is destroyed is reset
 * with INTERNAL_ERROR after all that was written, or says so in its trailers.
 */

import type { ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import { describeFailure } from '../../core/failure.ts';
import type { Seal } from '../../core/seal.ts';
import { type ResponseEnd, responseEnd, responseFailed, responseStart } from '../diagnostics.ts';
import { Http2Channel, holdStream, INTERNAL_ERROR } from '../send/http2-channel.ts';
import { Middleware, type Write } from '../send/middleware.ts';
import { type Ending, negotiate } from '../send/negotiation.ts';
import { PipedSources } from '../send/piped-sources.ts';
import { putBack } from '../send/put-back.ts';
import { respond } from '../send/respond.ts';
import { removeContentFields } from '../send/response-head.ts';
import { announceSeal } from './announcing.ts';
import { HeadArguments } from './head-arguments.ts';
import type { SealingOptions } from './sealed-response.ts';
import { bytesOf, isContent, refused } from './write-arguments.ts';

const METHODS = ['destroy', 'writeHead', 'write', 'end'] as const;
type Method = (typeof METHODS)[number];
type Call = (...args: unknown[]) => unknown;

type Headed = Http2ServerResponse['stream'] & { headRequest?: boolean };

/** `flushing`: it has failed, and a middleware above has been asked for what it holds. */
type State = 'open' | 'flushing' | 'over' | 'off';

export class SealedHttp2Response {
  readonly #response: Http2ServerResponse;
  readonly #stream: Http2ServerResponse['stream'];
  readonly #before: Record<Method, Call>;
  readonly #ours: Record<Method, Call>;
  readonly #isShared: boolean;
  readonly #sources: PipedSources | undefined;
  #options: SealingOptions;
  #state: State = 'open';
  #seal: Seal | undefined;

  constructor(response: Http2ServerResponse, options: SealingOptions) {
    this.#response = response;
    this.#stream = response.stream; // the response forgets it when it closes
    this.#options = options;
    this.#isShared = Object.hasOwn(response, 'write') || Object.hasOwn(response, 'end');
    const target = response as unknown as Record<Method, Call>;
    this.#before = Object.fromEntries(METHODS.map((name) => [name, target[name]])) as Record<Method, Call>;
    this.#ours = {
      destroy: (error) => this.#destroy(error as Error | undefined),
      writeHead: (...args) => this.#writeHead(args),
      write: (...args) => this.#write(args),
      end: (...args) => this.#end(args),
    };
    Object.assign(response, this.#ours);
    this.#hold();
    if (options.watchSources !== false) {
      this.#sources = new PipedSources(response, (error: Error) => {
        if (this.#canFail) this.#destroy(error);
      });
    }
  }

  addOptions(options: SealingOptions): void {
    this.#options = { ...this.#options, ...options };
  }

  remove(): void {
    this.#state = 'off';
    this.#sources?.forget();
    putBack(this.#response, this.#ours, this.#before);
  }

  #writeHead(args: unknown[]): unknown {
    const response = this.#response;
    if (this.#state !== 'open' || response.headersSent) return this.#pass('writeHead', args);
    const head = new HeadArguments(response as unknown as ServerResponse, args);
    const status = Number(args[0]);
    head.drop('X-Stream-Status');
    const { digest } = this.#options;
    const isFree = head.get('content-length') === undefined;
    const seal = isFree ? announceSeal(head, response.req, status, { digest, counts: !this.#isShared }) : undefined;
    head.apply(this.#before.writeHead);
    this.#seal = seal;
    if (seal !== undefined && responseStart.hasSubscribers) {
      responseStart.publish({ response, request: response.req, status });
    }
    return response;
  }

  #write(args: unknown[]): unknown {
    if (this.#state === 'over') return refused(args, false);
    const isTaken = this.#state !== 'off' && !this.#stream.writableEnded && !this.#stream.destroyed;
    const result = this.#pass('write', args);
    if (isTaken) this.#seal?.update(bytesOf(args));
    return result;
  }

  #end(args: unknown[]): unknown {
    const response = this.#response;
    if (this.#state === 'flushing' || this.#state === 'over') return refused(args, response);
    if (this.#state !== 'open' || this.#stream.destroyed || !isContent(args[0])) return this.#pass('end', args);
    const [chunk, encoding] = args;
    const callback = args.find((one) => typeof one === 'function');
    if (chunk !== undefined && chunk !== null && chunk !== callback) this.#write([chunk, encoding]);
    this.#state = 'over'; // before the head of a response without content, which is not sealed
    if (this.#seal !== undefined) {
      response.addTrailers(Object.fromEntries(this.#seal.finish()));
      if (responseEnd.hasSubscribers) response.once('finish', () => responseEnd.publish(this.#summary('trailers')));
    }
    return this.#pass('end', callback === undefined ? [] : [callback]);
  }

  #destroy(error: Error | undefined): void {
    if (!this.#canFail) return void (this.#state === 'off' && this.#pass('destroy', [error]));
    const response = this.#response;
    const cause = error ?? this.#sources?.errored;
    if (!response.headersSent && cause !== undefined) return this.#sendError(cause);
    if (!response.headersSent) return this.#stream.close(INTERNAL_ERROR);
    this.#state = 'flushing';
    const { flush } = response as Http2ServerResponse & { flush?: unknown };
    if (typeof flush !== 'function') return this.#endFailed(cause);
    Object.assign(response, { write: (...args: unknown[]) => refused(args, false), end: () => response });
    const middleware = new Middleware(response as unknown as ServerResponse, response.write as unknown as Write);
    middleware.flush(this.#stream as unknown as Socket, () => this.#endFailed(cause));
  }

  /** Who closes the stream of an open body, saying nothing or NO_ERROR, has ended it as a failure. */
  #hold(): void {
    const isFailure = () => this.#canFail && this.#response.headersSent;
    holdStream(this.#stream, isFailure, () => this.#destroy(undefined));
  }

  #pass(name: Method, args: unknown[]): unknown {
    return Reflect.apply(this.#before[name], this.#response, args);
  }

  get #canFail(): boolean {
    const { destroyed, closed, writableEnded, headRequest } = this.#stream as Headed;
    return this.#state === 'open' && !destroyed && !closed && (!writableEnded || headRequest === true);
  }

  /** Nothing has been sent: an ordinary response takes the place of the one that failed. */
  #sendError(error: Error): void {
    const response = this.#response;
    removeContentFields(response);
    const { errorResponse } = this.#options;
    this.remove();
    respond(response, { errorResponse }).on('error', ignore).destroy(error);
  }

  #endFailed(cause: Error | undefined): void {
    const response = this.#response;
    this.#sources?.forget();
    const { describeError, lingerTimeout = 5000 } = this.#options;
    const { failureEnding } = negotiate(response.req, response.statusCode, { isSealed: this.#seal !== undefined });
    const isClean = failureEnding === 'none' || (failureEnding === 'clean-failure' && !this.#isShared);
    if (isClean && this.#seal !== undefined) {
      response.addTrailers(Object.fromEntries(this.#seal.fail(describeFailure(cause, describeError))));
    }
    this.#state = 'over';
    const idle = { idleTimeout: 300_000, onGone: ignore, onIdle: ignore, onForeign: ignore, onShutdown: ignore };
    const channel = new Http2Channel(response, { ...idle, lingerTimeout }, true);
    const ending: Ending = isClean ? failureEnding : 'reset';
    const onDone = (isSent: boolean) => {
      if (responseFailed.hasSubscribers) {
        responseFailed.publish({ ...this.#summary(isSent ? ending : 'none'), error: cause });
      }
    };
    if (isClean) channel.finish([], onDone);
    else channel.reset(cause === undefined, onDone);
  }

  #summary(ending: Ending): ResponseEnd {
    const response = this.#response;
    return { response, request: response.req, ending, bytes: this.#seal?.bytes ?? 0 };
  }
}

function ignore(): void {}
