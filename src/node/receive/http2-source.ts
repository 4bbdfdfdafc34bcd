/**
 * The source of a body that comes in a stream of HTTP/2. Node reports a stream that was reset with NO_ERROR like one that has
 * ended, so the end is believed only where END_STREAM was seen: trailers come with it, and otherwise Node pushes the end
 * while the stream is not closed yet. All is judged at 'close'.
 */
import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import { FramingError } from '../../core/errors.ts';
import type { FieldPairs } from '../../core/fields.ts';
import type { BodyTimeouts } from '../timeouts.ts';
import { pairsFrom } from './message-source.ts';
import type { BodySink } from './received-body.ts';
import { StreamSource } from './stream-source.ts';

const CANCEL = 8; // RFC 9113 §7

export class Http2Source extends StreamSource<ClientHttp2Stream> {
  readonly #sink: BodySink;
  #trailers: FieldPairs | undefined;
  /** Whether the peer said that the stream ends here, as far as can be told. */
  #hasEndStream: boolean;
  #hasEnded = false;
  #error: Error | undefined;

  constructor(stream: ClientHttp2Stream, timeouts: BodyTimeouts, sink: BodySink) {
    super(stream, timeouts);
    this.#sink = sink;
    // What came whole in one piece has ended already, and whether by a reset cannot be told any more.
    this.#hasEndStream = isPushed(stream);
    const { push } = stream;
    stream.push = (...args: Parameters<typeof push>) => {
      if (args[0] === null && !stream.closed) this.#hasEndStream = true;
      return push.apply(stream, args);
    };
  }

  start(): void {
    const stream = this.stream;
    stream.on('trailers', (fields, _flags, ...rest: unknown[]) => this.#onTrailers(fields, rest[0]));
    stream.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose);
    this.resume();
    if (stream.destroyed) this.#onClose();
  }

  readonly #onData = (data: Buffer): void => {
    this.timer.refresh();
    this.#sink.deliver(data);
  };

  readonly #onTrailers = (fields: IncomingHttpHeaders, raw: unknown): void => {
    this.#trailers = Array.isArray(raw)
      ? pairsFrom(raw)
      : Object.entries(fields).map(([name, value]) => [name, String(value)]);
  };

  readonly #onEnd = (): void => {
    this.#hasEnded = true;
  };

  readonly #onError = (error: Error): void => {
    this.#error = error;
  };

  readonly #onClose = (): void => {
    const stream = this.stream;
    // What the stream still holds came before it was reset: it is the reader's.
    for (let data = stream.read(); data !== null; data = stream.read()) this.#onData(data);
    const isWhole = this.#hasEnded && (this.#trailers !== undefined || (this.#hasEndStream && stream.rstCode === 0));
    if (isWhole) return this.conclude(undefined);
    const why = this.#error === undefined ? `reset with code ${stream.rstCode}` : this.#error.message;
    const options = { cause: this.#error };
    this.conclude(
      new FramingError('ERR_FRAMING_TRUNCATED', `The stream ended before the message did: ${why}`, options),
    );
  };

  protected override drop(): void {
    this.stream.close(CANCEL);
  }

  protected conclude(error: FramingError | undefined): void {
    if (this.isOver) return;
    this.detach();
    this.#sink.conclude({ error, rawTrailers: this.#trailers ?? [] });
    if (error !== undefined) this.drop();
  }

  protected override detach(): void {
    super.detach();
    const stream = this.stream;
    stream.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
  }
}

/** Whether the end has been read from the connection. */
function isPushed(stream: ClientHttp2Stream): boolean {
  return (stream as unknown as { _readableState?: { ended?: boolean } })._readableState?.ended === true;
}
