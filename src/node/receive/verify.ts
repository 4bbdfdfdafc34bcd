/**
 * verify: the body of a response that `node:http` has received, which ends only on a good verdict. Node frames; what it
 * reports of that is mapped onto our verdicts, and the reason of an abort is read beside its parser.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { StreamError } from '../../core/errors.ts';
import type { FieldPairs } from '../../core/fields.ts';
import type { FramingError } from '../../core/verdict.ts';
import { destroyOnAbort } from '../abort-signal.ts';
import { FRAMED_NO_CONTENT, isFramedNoContent } from '../head/message-head.ts';
import { type BodyTimeoutOptions, type BodyTimeouts, bodyTimeoutsFrom } from '../timeouts.ts';
import { AbortTap } from './abort-tap.ts';
import { BodyTimer } from './body-timer.ts';
import { type JudgingOptions, judgedBody, resolveJudging } from './judging.ts';
import type { BodySource, ReceivedBody } from './received-body.ts';

export interface VerifyOptions extends JudgingOptions, BodyTimeoutOptions {
  /** Cancels: the body is destroyed with an AbortError. */
  signal?: AbortSignal;
}

/**
 * The content of a response, to be read in the place of the message itself:
 * `http.get(url, { headers: requestHeaders() }, (response) => pipeline(verify(response), destination, done))`.
 *
 * Call it in the 'response' handler: octets that have been read before are not checked. An error before there is a
 * response (a connection refused, a socket that hangs up) is an 'error' of the request, which is yours to listen to.
 *
 * @throws TypeError for options that are none, or a message that has been read
 */
export function verify(message: IncomingMessage, options: VerifyOptions = {}): ReceivedBody {
  const timeouts = bodyTimeoutsFrom(options);
  const judging = resolveJudging(options);
  if (message.readableDidRead || message.readableFlowing) {
    throw new TypeError('This message is being read already: verify it first, and read what verify returns');
  }
  const source = new MessageSource(message, timeouts);
  const body = judgedBody(judging, source, message.headers.trailer, hasContent(message));
  destroyOnAbort(options.signal, body);
  source.start(body);
  return body;
}

/** Whether the message has a body that could be sealed (RFC 9112 §6.3). */
function hasContent(message: IncomingMessage): boolean {
  const { statusCode } = message;
  return requestOf(message)?.method !== 'HEAD' && statusCode !== 204 && statusCode !== 304;
}

class MessageSource implements BodySource {
  readonly #message: IncomingMessage;
  readonly #tap: AbortTap;
  readonly #timer: BodyTimer;
  #body!: ReceivedBody;
  #parserError: NodeJS.ErrnoException | undefined;
  /** Why the connection was lost, if the request was told before the message. */
  #lossCause: Error | undefined;
  #isOver = false;

  constructor(message: IncomingMessage, timeouts: BodyTimeouts) {
    this.#message = message;
    this.#tap = new AbortTap(message);
    this.#timer = new BodyTimer(timeouts, (error) => this.#conclude(error));
  }

  start(body: ReceivedBody): void {
    this.#body = body;
    const message = this.#message;
    requestOf(message)?.on('error', this.#onRequestError);
    message.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onLost).on('close', this.#onLost);
    this.resume();
    if (message.destroyed) this.#onLost(message.errored ?? undefined);
  }

  pause(): void {
    this.#message.pause();
    this.#timer.pause();
  }

  resume(): void {
    if (this.#isOver) return;
    this.#timer.start();
    this.#message.resume();
  }

  cancel(): void {
    this.#detach();
    this.#message.destroy();
  }

  readonly #onData = (data: Buffer): void => {
    this.#timer.refresh();
    this.#tap.content(data);
    this.#body.deliver(data);
  };

  readonly #onEnd = (): void => {
    const { statusCode, headers, complete } = this.#message;
    if (isFramedNoContent(statusCode, headers['transfer-encoding'])) {
      this.#conclude(new StreamError('ERR_STREAM_MALFORMED', FRAMED_NO_CONTENT));
    } else if (complete && this.#lossCause === undefined) {
      this.#conclude(undefined);
    } else {
      this.#onLost(this.#lossCause);
    }
  };

  /** What the parser refuses is an error of the request, though its response is here. */
  readonly #onRequestError = (error: NodeJS.ErrnoException): void => {
    if (error.code?.startsWith('HPE_')) this.#parserError = error;
    // RST behind a body that only the end of the connection delimits: Node calls the message complete all the same.
    else if (!this.#message.complete) this.#lossCause = error;
  };

  readonly #onLost = (cause?: unknown): void => {
    // What the message still holds came before it was cut: it is the reader's.
    for (let data = this.#message.read(); data !== null; data = this.#message.read()) this.#onData(data);
    this.#conclude(framingError(this.#parserError, cause));
  };

  #conclude(error: FramingError | undefined): void {
    if (this.#isOver) return;
    const abortReason = error === undefined ? undefined : this.#tap.reason();
    this.#detach();
    const { kind } = this.#body.conclude({ error, abortReason, rawTrailers: pairsFrom(this.#message.rawTrailers) });
    if (error !== undefined || kind === 'mismatch') this.#message.destroy();
  }

  #detach(): void {
    this.#isOver = true;
    this.#timer.stop();
    this.#tap.detach();
    const message = this.#message;
    message.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onLost).off('close', this.#onLost);
    message.on('error', ignore); // the verdict has told it; the request keeps its listener for the same reason
  }
}

/** Which of our errors Node's report of a broken message is. */
function framingError(parserError: NodeJS.ErrnoException | undefined, cause: unknown): StreamError {
  if (parserError === undefined || parserError.code === 'HPE_INVALID_EOF_STATE') {
    const why = cause instanceof Error ? `: ${cause.message}` : '';
    return new StreamError('ERR_STREAM_TRUNCATED', `The connection ended before the message did${why}`, { cause });
  }
  const isLimit = parserError.code?.endsWith('_OVERFLOW') && parserError.code !== 'HPE_CHUNK_SIZE_OVERFLOW';
  return new StreamError(
    isLimit ? 'ERR_STREAM_LIMIT' : 'ERR_STREAM_MALFORMED',
    `Node's parser refused the message: ${parserError.message} (${parserError.code})`,
    { cause: parserError },
  );
}

function requestOf(message: IncomingMessage): ClientRequest | undefined {
  return (message as { req?: ClientRequest }).req;
}

/** Node's flat list of names and values as pairs. */
export function pairsFrom(flat: readonly string[]): FieldPairs {
  const pairs: FieldPairs = [];
  for (let i = 0; i + 1 < flat.length; i += 2) pairs.push([flat[i]!, flat[i + 1]!]);
  return pairs;
}

function ignore(): void {}
