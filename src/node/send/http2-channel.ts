/**
 * The way out for one response over HTTP/2: the response of Node's compatibility API, or a bare stream. Node frames; trailers
 * go by `setTrailer` and `sendTrailers`. A failure that cannot say so is RST_STREAM with INTERNAL_ERROR, after all that was
 * written has left: `close` of a stream that is not to have trailers would send END_STREAM, and `destroy` NO_ERROR (Node 20
 * to 26), so every stream is opened for trailers.
 *
 * While the response is open, `end`, `write` and `destroy` are ours, as on `node:http`.
 */

import type { Http2ServerResponse, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { FieldPairs } from '../../core/fields.ts';
import type { Framer } from './body-writer.ts';
import { assertUnanswered, Channel, type ChannelOptions, type OnDone } from './channel.ts';
import { uncorkAll } from './closing.ts';
import { Middleware, type Write } from './middleware.ts';
import { putBack } from './put-back.ts';
import { assertNotOurs, removeContentFields, setFields, valuesByName, withOurFields } from './response-head.ts';

export const NO_ERROR = 0; // RFC 9113 §7
export const INTERNAL_ERROR = 2;
type Method = 'write' | 'end' | 'destroy';
type Call = (...args: unknown[]) => unknown;

/**
 * While it is held, `close` and `destroy` of the stream by somebody else do not reach it: both would send NO_ERROR, which a
 * client may take for an end. Any other code, and an error, go through.
 *
 * @param isHeld asked at each such call
 * @param onForeign told of each that is held
 * @returns lets go
 */
function holdStream(stream: ServerHttp2Stream, isHeld: () => boolean, onForeign: () => void): () => void {
  const { close, destroy } = stream;
  const isOpen = () => isHeld() && !stream.closed && !stream.destroyed && stream.session?.destroyed === false;
  const letGo = () => {
    for (const [name, held] of Object.entries(ours)) {
      if (Reflect.get(stream, name) === held) Reflect.deleteProperty(stream, name);
    }
  };
  const ours = {
    close(code = NO_ERROR, callback?: () => void) {
      const isForeign = code === NO_ERROR && isOpen();
      letGo();
      if (!isForeign) return close.call(stream, code, callback);
      if (callback !== undefined) stream.once('close', callback);
      onForeign();
    },
    destroy(error?: Error) {
      const isForeign = error == null && isOpen();
      letGo();
      if (!isForeign) return destroy.call(stream, error);
      onForeign();
      return stream;
    },
  };
  Object.assign(stream, ours);
  return letGo;
}

function streamOf(target: Http2ServerResponse | ServerHttp2Stream): ServerHttp2Stream {
  return 'stream' in target ? target.stream : target;
}

/** Those that have a StreamResponse. */
const taken = new WeakSet<object>();

export class Http2Channel extends Channel {
  readonly canReset = true;
  readonly returnsBuffers = false;
  readonly isShared: boolean;
  readonly #stream: ServerHttp2Stream;
  /** That of the compatibility API, if there is one. */
  readonly #response: Http2ServerResponse | undefined;
  readonly #middleware: Middleware | undefined;
  readonly #before: Record<Method, Call>;
  readonly #ours: Record<Method, Call>;
  #trailers: OutgoingHttpHeaders = {};
  #isBegun = false;
  #letGo = () => {};

  /**
   * @param isBegun the head of a bare stream is out: the channel is to end what has failed, with Node's own methods, and
   *   nothing else; `write`, `end`, `destroy` and the trailers are the caller's
   * @throws Error if the head is out already, or another `respond` is open on it
   * @throws TypeError for a field that only `respond` may set
   */
  constructor(target: Http2ServerResponse | ServerHttp2Stream, options: ChannelOptions, isBegun = false) {
    const response = 'stream' in target ? target : undefined;
    const stream = streamOf(target);
    assertUnanswered(taken.has(stream), stream.headersSent && !isBegun);
    if (response !== undefined && !isBegun) assertNotOurs(response.getHeaderNames());
    super(stream as unknown as Socket, options);
    taken.add(stream);
    this.#stream = stream;
    this.#response = response;
    this.#isBegun = isBegun;
    const { write, end, destroy } = (isBegun ? Object.getPrototypeOf(target) : target) as Record<Method, Call>;
    this.#before = { write, end, destroy };
    this.isShared = !isBegun && (Object.hasOwn(target, 'write') || Object.hasOwn(target, 'end'));
    if (this.isShared) this.#middleware = new Middleware(target as never, this.#before.write as Write);
    this.#ours = {
      write: this.#onForeignCall('write', false),
      end: this.#onForeignCall('end', target),
      destroy: this.#onForeignCall('destroy', target),
    };
    if (!isBegun) {
      Object.assign(target, this.#ours);
      if (response === undefined) this.#ownTrailers();
      const isOpen = () => this.isOpen && this.#isBegun;
      this.#letGo = holdStream(stream, isOpen, () => this.options.onForeign('its stream'));
    }
    this.watch();
  }

  /** @throws Error if the constructor would */
  static assertUnanswered(target: Http2ServerResponse | ServerHttp2Stream): void {
    const stream = streamOf(target);
    assertUnanswered(taken.has(stream), stream.headersSent);
  }

  get #target(): Http2ServerResponse | ServerHttp2Stream {
    return this.#response ?? this.#stream;
  }

  get isGone(): boolean {
    const { destroyed, closed } = this.#stream; // that of a HEAD request has ended before it begins
    return destroyed || closed;
  }

  get isClosed(): boolean {
    return this.isGone;
  }

  get framer(): Framer {
    return {
      sendsChunks: false,
      addTrailers: (trailers) => {
        this.#trailers = toObject(trailers);
        this.#response?.addTrailers(this.#trailers);
      },
    };
  }

  get status(): number {
    return this.#response?.statusCode ?? 200;
  }

  begin(status: number, fields: FieldPairs): Uint8Array[] {
    const response = this.#response;
    if (response === undefined) {
      this.#restore(); // Node calls `end` itself where there is no content
      this.#stream.respond({ ':status': status, ...toObject(fields) }, { waitForTrailers: true });
      if (!this.#stream.writableEnded) Object.assign(this.#stream, this.#ours);
    } else {
      assertNotOurs(response.getHeaderNames());
      withOurFields(response, fields, () => {
        setFields(response, fields);
        response.writeHead(status);
      });
    }
    this.#isBegun = true;
    return [];
  }

  beginError(status: number, fields: FieldPairs): Uint8Array[] {
    const response = this.#response;
    if (response !== undefined) removeContentFields(response);
    return this.begin(status, fields);
  }

  flushHead(): void {} // it has left

  write(pieces: readonly Uint8Array[], onSent: (error?: Error | null) => void): void {
    if (pieces.length === 0) return onSent();
    const onWritten = (error?: Error | null) => {
      this.moved();
      onSent(error);
    };
    if (this.#middleware !== undefined) {
      this.#middleware.write(pieces, onWritten);
      return this.moved();
    }
    const stream = this.#stream;
    stream.cork();
    for (let i = 0; i < pieces.length - 1; i++) this.#before.write.call(this.#target, pieces[i]!);
    this.#before.write.call(this.#target, pieces.at(-1)!, onWritten);
    uncorkAll(stream); // as on a ServerResponse
    this.moved();
  }

  finish(pieces: readonly Uint8Array[], onDone: OnDone): void {
    const stream = this.#stream;
    this.endWith(onDone, this.options.idleTimeout, (settle) => {
      if (pieces.length > 0) this.write(pieces, () => {});
      if (this.#middleware !== undefined || this.#response === undefined) this.#restore();
      if (stream.writableFinished) return settle(true); // a message without content ends with its head
      stream.once('finish', () => settle(true));
      this.#before.end.call(this.#target);
    });
  }

  /** There is no FIN of a stream: what is to be cut is reset. */
  override close(_pieces: readonly Uint8Array[], onDone: OnDone): void {
    this.reset(true, onDone);
  }

  override reset(_hasLeft: boolean, onDone: OnDone): void {
    const stream = this.#stream;
    this.endWith(onDone, this.leavingTimeout, (settle) => {
      const end = () => {
        if (this.#response === undefined) this.#restore(); // `close` calls `end`
        const onWritten = () => {
          stream.close(INTERNAL_ERROR);
          settle(true);
        };
        writeApart(stream);
        (Object.getPrototypeOf(stream) as Record<Method, Call>).write.call(stream, '', onWritten);
        uncorkAll(stream);
      };
      if (this.#middleware === undefined) end();
      else this.#middleware.flush(this.connection, end);
    });
  }

  protected takeSocket(): void {} // it is that of all streams

  protected leave(): void {
    this.#letGo();
    this.#middleware?.stop();
  }

  /** A stream that is destroyed without an error says NO_ERROR, which a client may take for an end. */
  protected override drop(): void {
    this.#letGo();
    this.#restore();
    this.#stream.close(INTERNAL_ERROR);
    this.#stream.destroy();
  }

  override kill(): void {
    this.drop();
  }

  /** Node sends trailers where nobody listens for 'wantTrailers'; a response of the compatibility API may be there as well. */
  #ownTrailers(): void {
    const stream = this.#stream;
    const { sendTrailers } = stream;
    stream.sendTrailers = (fields) => {
      stream.sendTrailers = sendTrailers;
      stream.sendTrailers({ ...fields, ...this.#trailers });
    };
  }

  #restore(): void {
    putBack(this.#target, this.#ours, this.#before);
  }

  #onForeignCall(name: Method, returned: unknown): Call {
    return (...args) => {
      const callback = args.at(-1);
      const isAnswer = name === 'end' && args.length > 0;
      if (isAnswer && this.mayYield(this.#isBegun, this.#target.headersSent)) return this.#yield(args);
      if (this.isOpen) this.options.onForeign(`res.${name}()`);
      if (typeof callback === 'function') process.nextTick(callback as () => void);
      return returned;
    };
  }

  /** Nothing has been sent yet, and somebody else answers: the response is theirs. */
  #yield(args: unknown[]): unknown {
    this.#restore();
    const result = this.#before.end.apply(this.#target, args);
    this.yielded('res.end()');
    return result;
  }
}

/**
 * Before an empty chunk: where Node writes that together with those before it, it is done with all of them at once, and other
 * memory of the process goes out in their place (Node 20 to 26).
 */
export function writeApart(stream: ServerHttp2Stream): void {
  Reflect.set(stream, '_writev', null);
}

function toObject(fields: FieldPairs): OutgoingHttpHeaders {
  return Object.fromEntries(
    [...valuesByName(fields)].map(([name, values]) => [name.toLowerCase(), values.length === 1 ? values[0]! : values]),
  );
}
