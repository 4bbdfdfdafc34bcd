/**
 * The source of a body that Node's parser frames. What Node reports of the framing becomes one of our errors; the reason of
 * an abort is read beside its parser (abort-tap.ts).
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { brokenOff, FramingError } from '../../core/errors.ts';
import type { FieldPairs } from '../../core/fields.ts';
import { framingFault } from '../head/message-head.ts';
import type { BodyTimeouts } from '../timeouts.ts';
import { AbortTap } from './abort-tap.ts';
import type { BodySink } from './received-body.ts';
import { StreamSource } from './stream-source.ts';

/** Milliseconds for the response to an upload that was given up. */
const MAX_DISCARDING = 5000;

export class MessageSource extends StreamSource<IncomingMessage> {
  /** Of the message, which has none any more at its 'end' if the agent is to have it back. */
  readonly #socket: Socket | null;
  readonly #tap: AbortTap;
  readonly #sink: BodySink;
  #parserError: NodeJS.ErrnoException | undefined;
  /** Why the connection was lost, if the request was told before the message. */
  #lossCause: Error | undefined;

  constructor(message: IncomingMessage, timeouts: BodyTimeouts, sink: BodySink) {
    super(message, timeouts);
    this.#socket = message.socket;
    this.#sink = sink;
    this.#tap = new AbortTap(message);
  }

  start(): void {
    const message = this.stream;
    requestOf(message)?.on('error', this.#onRequestError);
    const fault = faultOf(message);
    if (fault !== undefined) return this.conclude(new FramingError('ERR_FRAMING_MALFORMED', fault));
    message.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onLost).on('close', this.#onLost);
    this.resume();
    if (message.destroyed) this.#onLost(message.errored ?? undefined);
  }

  readonly #onData = (data: Buffer): void => {
    this.timer.refresh();
    this.#sink.deliver(data);
  };

  readonly #onEnd = (): void => {
    if (this.stream.complete && this.#lossCause === undefined) this.conclude(undefined);
    else this.#onLost(this.#lossCause);
  };

  /** What the parser refuses is an error of the request, though its response is here. */
  readonly #onRequestError = (error: NodeJS.ErrnoException): void => {
    if (error.code?.startsWith('HPE_')) this.#parserError = error;
    // RST behind a body that only the end of the connection delimits: Node calls the message complete all the same.
    else if (!this.stream.complete) this.#lossCause = error;
  };

  readonly #onLost = (cause?: unknown): void => {
    // What the message still holds came before it was cut: it is the reader's.
    for (let data = this.stream.read(); data !== null; data = this.stream.read()) this.#onData(data);
    this.conclude(framingErrorFrom(this.#parserError, cause));
  };

  protected conclude(error: FramingError | undefined): void {
    if (this.isOver) return;
    const abortReason = error === undefined ? undefined : this.#tap.reason();
    this.detach();
    const { kind } = this.#sink.conclude({ error, abortReason, rawTrailers: pairsFrom(this.stream.rawTrailers) });
    // The agent has the socket back a tick later: what came on it cannot be trusted to end where it said.
    // A server can still answer a request whose framing was whole.
    const isTrusted = error === undefined && (kind !== 'mismatch' || requestOf(this.stream) === undefined);
    if (isTrusted) return;
    this.stream.destroy();
    this.#socket?.destroy();
  }

  /** An upload that is given up is read on and thrown away for a while: to close would take the response from its client. */
  protected override drop(): void {
    const message = this.stream;
    if (requestOf(message) !== undefined || message.complete) return super.drop();
    const timer = setTimeout(() => message.destroy(), MAX_DISCARDING).unref();
    const stop = () => clearTimeout(timer);
    message.once('end', stop).once('close', stop).resume();
  }

  protected override detach(): void {
    super.detach();
    this.#tap.detach();
    const message = this.stream;
    message.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onLost).off('close', this.#onLost);
    message.on('error', ignore); // the verdict has told it; the request keeps its listener for the same reason
  }
}

/** Which of our errors Node's report of a broken message is. */
function framingErrorFrom(parserError: NodeJS.ErrnoException | undefined, cause: unknown): FramingError {
  if (parserError === undefined || parserError.code === 'HPE_INVALID_EOF_STATE') {
    return brokenOff('The connection ended before the message did', cause);
  }
  const isLimit = parserError.code?.endsWith('_OVERFLOW') && parserError.code !== 'HPE_CHUNK_SIZE_OVERFLOW';
  return new FramingError(
    isLimit ? 'ERR_FRAMING_LIMIT' : 'ERR_FRAMING_MALFORMED',
    `Node's parser refused the message: ${parserError.message} (${parserError.code})`,
    { cause: parserError },
  );
}

/** What Node's parser has let pass. Of HTTP/2 there is no such field. */
function faultOf(message: IncomingMessage): string | undefined {
  const { headers, httpVersion } = message;
  return framingFault({
    method: requestOf(message)?.method,
    statusCode: message.statusCode ?? undefined, // null for a request
    httpVersion,
    codings: headers['transfer-encoding'],
    lengths: headers['content-length'],
  });
}

export function requestOf(message: IncomingMessage): ClientRequest | undefined {
  return (message as { req?: ClientRequest }).req;
}

/** Node's flat list of names and values as pairs. */
export function pairsFrom(flat: readonly string[]): FieldPairs {
  const pairs: FieldPairs = [];
  for (let i = 0; i + 1 < flat.length; i += 2) pairs.push([flat[i]!, flat[i + 1]!]);
  return pairs;
}

function ignore(): void {}
