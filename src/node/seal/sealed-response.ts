/**
 * SealedResponse: the seal on one ServerResponse of `node:http`, whoever writes to it. Strategy: it stands below every
 * middleware, between them and Node's own methods. Where the client asked for more than a plain body, `writeHead` is where the
 * response is looked at as a whole, once all others have had their say; `write` and `end` count and hash what leaves;
 * `addTrailers` keeps the fields of others. For any other client there are `destroy` and `end` alone.
 *
 * `destroy` of a body that is open ends the message as negotiation.ts says, after all that was written. From then on nothing
 * that anybody does reaches the wire, and whoever asks, by `finished` or 'close', is told of a failure.
 */
import { OutgoingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { Encoder } from '../../core/encoder.ts';
import { describeFailure } from '../../core/failure.ts';
import type { FieldPairs } from '../../core/fields.ts';
import type { Seal } from '../../core/seal.ts';
import { type ResponseEnd, responseEnd, responseFailed, responseStart } from '../diagnostics.ts';
import { isDraining, register } from '../draining.ts';
import { endingOnly } from '../send/channel.ts';
import { onCloseAll } from '../send/close-all.ts';
import { endUncorked, holdSocket, isToClose, reset, uncorkAll } from '../send/closing.ts';
import { HttpChannel } from '../send/http-channel.ts';
import { Middleware, type Write } from '../send/middleware.ts';
import { type Ending, type FailureEnding, negotiate, type RequestFacts } from '../send/negotiation.ts';
import { willBeChunked } from '../send/node-framing.ts';
import { PipedSources } from '../send/piped-sources.ts';
import { putBack } from '../send/put-back.ts';
import { type RespondOptions, respond } from '../send/respond.ts';
import { removeContentFields } from '../send/response-head.ts';
import { sealOf } from '../send/sealed.ts';
import { announceSeal, trailersWith } from './announcing.ts';
import { HeadArguments, pairsOf } from './head-arguments.ts';
import { warnOfOrder } from './order.ts';
import { bytesOf, isContent, refused } from './write-arguments.ts';

export interface SealingOptions
  extends Pick<RespondOptions, 'digest' | 'describeError' | 'errorResponse' | 'lingerTimeout'> {
  /**
   * Whether a source that is piped in and closes before its end is a failure of the response, which nobody else would end.
   * `true` by default.
   */
  watchSources?: boolean | undefined;
  /**
   * Of a request: whether the server is known to read the status, by `verify`. Then a failed upload ends with the reason in
   * its trailers; any other server would take that for a whole one. `false` by default: a failed upload is cut.
   */
  serverReadsStatus?: boolean | undefined;
  /** Of a bare stream of HTTP/2, which does not keep it: the request that is answered. */
  request?: RequestFacts | undefined;
}

/** What is ours where the client asked for more, beside `destroy`. */
const BELOW = ['writeHead', 'write', 'end', 'addTrailers'] as const;
/** The same for any other client: a compressor above may come to its end after the body has failed. */
const ENDING = ['end'] as const;
type Method = (typeof BELOW)[number] | 'destroy';
type Call = (...args: unknown[]) => unknown;

/** Milliseconds that a failure which ends cleanly has to leave, once somebody has closed its connection. */
const MAX_LEAVING = 5000;

/**
 * `flushing`: it has failed, and a middleware above has been asked for what it holds. `over`: it has ended, one way or
 * another. `off`: the seal has been taken off.
 */
type State = 'open' | 'flushing' | 'over' | 'off';

export class SealedResponse {
  readonly #response: ServerResponse;
  readonly #connection: Socket;
  /** What was there before ours: Node's own, or a middleware's. */
  readonly #before: Partial<Record<Method, Call>>;
  /** Whether a middleware that came before us may change what we count. */
  readonly #isShared: boolean;
  #sources: PipedSources | undefined;
  #options: SealingOptions;
  #state: State = 'open';
  #seal: Seal | undefined;
  /** The arguments of an `end` that is to send the head as well. */
  #lastArguments: unknown[] | undefined;
  /** The application's own trailers. */
  #trailers: FieldPairs = [];
  #letGo = () => {};

  constructor(response: ServerResponse, connection: Socket, options: SealingOptions) {
    this.#response = response;
    this.#connection = connection;
    this.#options = options;
    this.#before = { destroy: response.destroy as Call };
    const { write, end } = OutgoingMessage.prototype;
    this.#isShared = response.write !== write || response.end !== end;
    if (this.#isShared) warnOfOrder();
    response.destroy = OURS.destroy as ServerResponse['destroy'];
    if (options.watchSources !== false) response.on('pipe', watchFirst);
    for (const name of asksForMore(response) ? BELOW : ENDING) {
      this.#before[name] = response[name] as Call;
      Reflect.set(response, name, OURS[name]);
    }
  }

  /** What is said later counts. */
  addOptions(options: SealingOptions): void {
    this.#options = { ...this.#options, ...options };
  }

  /** Takes the seal off. A middleware that has come above it keeps calling it, and is let through. */
  remove(): void {
    this.#state = 'off';
    this.#sources?.forget();
    putBack(this.#response, OURS, this.#before);
  }

  fail(error: Error): void {
    if (this.#canFail) this.#response.destroy(error);
  }

  /** The first source that is piped in; PipedSources hears of others itself. */
  watch(source: Readable): void {
    const response = this.#response;
    if (this.#state === 'off') return;
    this.#sources = new PipedSources(response, (error) => {
      if (this.#canFail) response.destroy(error);
    }).listen();
    this.#sources.add(source);
  }

  writeHead(args: unknown[]): unknown {
    const response = this.#response;
    if (this.#state !== 'open' || response.headersSent) return this.#pass('writeHead', args);
    const head = new HeadArguments(response, args);
    const status = Number(args[0]);
    head.drop('X-Stream-Status'); // it would vouch for a body that has not ended
    const seal = this.#sealFor(head, status);
    head.apply(this.#before.writeHead!);
    this.#seal = seal;
    if (seal !== undefined && responseStart.hasSubscribers) {
      responseStart.publish({ response, request: response.req, status });
    }
    if (this.#lastArguments !== undefined) this.#finish(this.#lastArguments);
    else if (status < 200)
      return response; // a connection that is upgraded is not ours
    else if (response.socket) this.#hold();
    else response.once('socket', () => this.#state === 'open' && this.#hold());
    return response;
  }

  write(args: unknown[]): unknown {
    const response = this.#response;
    if (this.#state === 'over' && !response.writableEnded) return refused(args, false);
    const isTaken = this.#state !== 'off' && !response.writableEnded && !response.destroyed;
    const result = this.#pass('write', args);
    if (isTaken) this.#seal?.update(bytesOf(args));
    return result;
  }

  end(args: unknown[]): unknown {
    const response = this.#response;
    if (this.#state === 'flushing' || (this.#state === 'over' && !response.writableEnded))
      return refused(args, response);
    if (this.#state !== 'open' || response.destroyed || !isContent(args[0])) return this.#pass('end', args);
    if (response.headersSent) this.#finish(args);
    else this.#lastArguments = args;
    try {
      return endUncorked(response, () => this.#pass('end', args));
    } catch (error) {
      if (!response.writableEnded) this.#state = 'open'; // as for another length than was promised
      throw error;
    } finally {
      this.#lastArguments = undefined;
    }
  }

  addTrailers(fields: unknown): void {
    this.#pass('addTrailers', [fields]);
    this.#trailers = pairsOf(fields) as FieldPairs;
  }

  destroy(error: Error | undefined): unknown {
    const response = this.#response;
    if (this.#state === 'flushing' || (this.#state === 'over' && !response.writableEnded)) return response;
    if (!this.#canFail) return this.#pass('destroy', [error]);
    const cause = error ?? this.#sources?.errored;
    if (response.headersSent) this.#fail(cause);
    else if (cause === undefined) return this.#pass('destroy', []);
    else this.#sendError(cause);
    return response;
  }

  #pass(name: Method, args: unknown[]): unknown {
    return Reflect.apply(this.#before[name]!, this.#response, args);
  }

  /** Whether there is a body whose end is still ours to choose. */
  get #canFail(): boolean {
    const { destroyed, writableEnded, statusCode } = this.#response;
    return this.#state === 'open' && !destroyed && !writableEnded && !this.#connection.destroyed && statusCode >= 200;
  }

  /** The seal for a body that is to be sent in chunks, and for which nobody else vouches. */
  #sealFor(head: HeadArguments, status: number): Seal | undefined {
    const response = this.#response;
    if (!willBeChunked(response, head)) return undefined;
    const { digest } = this.#options;
    return announceSeal(head, response.req, status, { digest, counts: !this.#isShared });
  }

  /** While the body is open, who closes its connection has ended it as a failure. */
  #hold(): void {
    const connection = this.#connection;
    const fail = (error: Error) => {
      if (this.#canFail) this.#response.destroy(error);
    };
    const letGo = holdSocket(connection, () => {
      const { socket, writableEnded } = this.#response;
      // By Node's own `end`, which somebody had kept from before; or the connection was detached, and is not ours.
      if (writableEnded || !socket) return true;
      // The client has left, and Node answers its FIN: which must not look like the end of the body.
      const hasLeft = connection.readableEnded && this.#response.chunkedEncoding;
      if (hasLeft) {
        this.#letGo();
        connection.end();
      } else {
        fail(new Error('Somebody else closed the connection of an open body'));
      }
      return false;
    });
    const forgetAll = onCloseAll(connection, () => reset(connection));
    const forgetOpen = isDraining(connection)
      ? () => {}
      : register(connection, 'open', { end: fail, kill: () => reset(connection) });
    this.#letGo = () => {
      letGo();
      forgetAll();
      forgetOpen();
      connection.off('close', this.#letGo);
    };
    connection.once('close', this.#letGo);
  }

  /** The body is whole, as far as the application says. */
  #finish(last: unknown[]): void {
    const response = this.#response;
    this.#state = 'over';
    this.#letGo();
    if (this.#seal === undefined) return;
    this.#seal.update(bytesOf(last));
    this.#sendTrailers(this.#seal.finish());
    if (responseEnd.hasSubscribers) response.once('finish', () => responseEnd.publish(this.#summary('trailers')));
  }

  #sendTrailers(fields: FieldPairs): void {
    this.#pass('addTrailers', [trailersWith(this.#trailers, fields)]);
  }

  /** Nothing has been sent: an ordinary response takes the place of the one that failed. */
  #sendError(error: Error): void {
    const response = this.#response;
    removeContentFields(response);
    const { errorResponse, lingerTimeout } = this.#options;
    respond(response, { errorResponse, ...(lingerTimeout !== undefined && { lingerTimeout }) })
      .on('error', ignore)
      .destroy(error);
  }

  #fail(cause: Error | undefined): void {
    const response = this.#response;
    this.#letGo();
    this.#state = 'flushing';
    const connection = this.#connection;
    const { flush } = response as ServerResponse & { flush?: unknown };
    if (typeof flush !== 'function' || !response.socket) return this.#endFailed(cause);
    // What the application writes from here on is for nobody; what the middleware held before still goes through us.
    response.write = ((...args: unknown[]) => refused(args, false)) as ServerResponse['write'];
    response.end = ((...args: unknown[]) => refused(args, response)) as ServerResponse['end'];
    const letGo = holdSocket(connection, () => false);
    new Middleware(response, response.write as Write).flush(connection, () => {
      letGo();
      this.#endFailed(cause);
    });
  }

  #endFailed(cause: Error | undefined): void {
    const response = this.#response;
    const connection = this.#connection;
    this.#sources?.forget();
    const ending = this.#failureEnding();
    const { describeError, lingerTimeout = 5000 } = this.#options;
    const reason = describeFailure(cause, describeError);
    if (ending === 'clean-failure') this.#sendTrailers(this.#seal!.fail(reason));
    OutgoingMessage.prototype.flushHeaders.call(response);
    uncorkAll(response);
    this.#state = 'over';
    const channel = new HttpChannel(response, { ...endingOnly, lingerTimeout }, true);
    const forgetAll = onCloseAll(connection, () => reset(connection));
    const onDone = (isSent: boolean) => {
      forgetAll();
      this.#tellFailure(isSent ? ending : 'none', cause);
    };
    if (ending === 'clean-failure' || ending === 'none') {
      keepFinishFrom(response);
      this.#holdUntilFinished();
      channel.finish([], onDone);
    } else if (ending === 'reset' && channel.canReset) {
      channel.reset(cause === undefined, onDone);
    } else {
      channel.close(ending === 'abort' ? new Encoder().abort({ kind: 'error', ...reason }) : [], onDone);
    }
    response.destroyed = true;
    // As of a response that was destroyed: `finished` asks for these.
    define(response, 'errored', cause ?? null);
    define(response, 'writableFinished', false);
  }

  /** How the failure of an open body ends: as was earned, where the framing that was chosen can say it. */
  #failureEnding(): FailureEnding {
    const response = this.#response;
    const { chunkedEncoding } = response;
    const isSealed = this.#seal !== undefined;
    const hasLength = /\r\ncontent-length:/i.test(String(Reflect.get(response, '_header')));
    const { failureEnding } = negotiate(response.req, response.statusCode, { isSealed, hasLength });
    if (failureEnding === 'none') return 'none';
    if (!chunkedEncoding) return hasLength ? 'cut' : 'reset';
    return failureEnding === 'clean-failure' && this.#isShared ? 'cut' : failureEnding;
  }

  /** The connection goes on after a failure that ends cleanly, once that has left, unless somebody has closed it. */
  #holdUntilFinished(): void {
    const connection = this.#connection;
    let timer: NodeJS.Timeout | undefined;
    const bound = () => {
      timer ??= setTimeout(() => reset(connection), MAX_LEAVING).unref();
      return false;
    };
    if (isToClose(connection)) bound();
    const letGo = holdSocket(connection, bound);
    const stop = () => {
      clearTimeout(timer);
      connection.off('close', stop);
      letGo();
    };
    connection.once('close', stop);
    this.#response.prependOnceListener('finish', stop); // before Node's own, which may close the connection
  }

  #tellFailure(ending: Ending, error: Error | undefined): void {
    const response = this.#response;
    if (responseFailed.hasSubscribers) responseFailed.publish({ ...this.#summary(ending), error });
    if (response.closed) return;
    Reflect.set(response, '_closed', true);
    response.emit('close');
    response.emit('end'); // for `on-finished`, by which morgan and others log: it knows no 'close' of a response
  }

  #summary(ending: Ending): ResponseEnd {
    const response = this.#response;
    return { response, request: response.req, ending, bytes: this.#seal?.bytes ?? 0 };
  }
}

const sealOn = (response: ServerResponse) => sealOf(response) as SealedResponse;

/** What we put in the place of Node's own: the same functions for all, since a closure each is what a seal would cost (measured). */
const OURS: Record<Method, (this: ServerResponse, ...args: unknown[]) => unknown> = {
  destroy(error) {
    return sealOn(this).destroy(error as Error | undefined);
  },
  writeHead(...args) {
    return sealOn(this).writeHead(args);
  },
  write(...args) {
    return sealOn(this).write(args);
  },
  end(...args) {
    return sealOn(this).end(args);
  },
  addTrailers(fields) {
    return sealOn(this).addTrailers(fields);
  },
};

function watchFirst(this: ServerResponse, source: Readable): void {
  this.off('pipe', watchFirst);
  sealOn(this).watch(source);
}

/** Whether there is more to do for this client than to watch for a failure: it asked for it, or needs RST. */
function asksForMore({ req, headersSent }: ServerResponse): boolean {
  if (headersSent) return false;
  if (req.httpVersion !== '1.1') return true;
  const { rawHeaders } = req; // `headers` is made when it is first asked for
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const { length } = rawHeaders[i]!;
    if ((length === 2 || length === 20) && ASKING.test(rawHeaders[i]!)) return true;
  }
  return false;
}

const ASKING = /^(?:te|x-want-stream-status)$/i;

/** Node's own listener ends the exchange on the connection; for anybody else, 'finish' says that a response is whole. */
function keepFinishFrom(response: ServerResponse): void {
  const listeners = response.rawListeners('finish') as ((...args: unknown[]) => void)[];
  const isNodes = ({ name }: { name: string }) => name === 'bound resOnFinish' || name === 'onResponseFinish'; // Node 20 to 26
  if (!listeners.some(isNodes)) return;
  for (const listener of listeners) if (!isNodes(listener)) response.off('finish', listener);
}

function define(response: ServerResponse, name: string, value: unknown): void {
  Object.defineProperty(response, name, { value, configurable: true, writable: true });
}

function ignore(): void {}
