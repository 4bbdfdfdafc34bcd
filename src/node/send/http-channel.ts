/**
 * The way out for one response on a ServerResponse. Node writes the head; then `chunkedEncoding` is switched off, and the
 * framed octets that come here pass through Node's own `write` as they are (works on Node 20 to 26, keep-alive included).
 * To write past the end of it (an abort, FIN, RST) the socket is taken away from the response first: nothing that a late
 * middleware writes reaches the wire after that.
 *
 * Where `write` or `end` are not Node's own, because a middleware compresses or records what passes, somebody else may
 * change or keep the content below us. Then the response is shared: Node frames, and middleware.ts writes.
 *
 * While the response is open, `end`, `write` and `destroy` are ours: somebody else who calls them has ended a body that is
 * not whole.
 */

import { OutgoingMessage, ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { type FieldPairs, listMembers } from '../../core/fields.ts';
import { guard, isNode, returnsBuffers } from '../socket-use.ts';
import type { Framer } from './body-writer.ts';
import { assertUnanswered, Channel, type ChannelOptions, type MessageFacts, type OnDone } from './channel.ts';
import { canReset, uncorkAll } from './closing.ts';
import { flush, Middleware, type Write } from './middleware.ts';
import { saysChunked } from './node-framing.ts';
import { assertNotOurs, removeContentFields, setFields, valuesByName, withOurFields } from './response-head.ts';

const METHODS = ['write', 'end', 'destroy'] as const;
type Method = (typeof METHODS)[number];

type End = () => unknown;
type WriteText = (text: string, encoding: 'latin1', onWritten: (error?: Error | null) => void) => boolean;

const { write, end, destroy } = OutgoingMessage.prototype;
const nodeWrite = write as Write;
const nodeEnd = end as End;

/** On the response itself: a WeakSet, and functions of each response's own, cost more than the rest (measured). */
const CHANNEL = Symbol.for('chunked-trailers.channel');

/** A response that has a channel. */
type Taken = ServerResponse & { [CHANNEL]: HttpChannel };

/** What we put in the place of the methods. */
const OURS = {
  write(this: Taken, ...args: unknown[]) {
    return this[CHANNEL].onForeignCall('write', args, false);
  },
  end(this: Taken, ...args: unknown[]) {
    return this[CHANNEL].onForeignCall('end', args, this);
  },
  destroy(this: Taken, ...args: unknown[]) {
    return this[CHANNEL].onForeignCall('destroy', args, this);
  },
} as unknown as Pick<ServerResponse, Method>;

const NODES = { write, end, destroy } as Pick<ServerResponse, Method>;

/** Octets up to this length leave with the head as one text: a third of the system call's time less than a list (measured). */
const MAX_TEXT_BYTES = 4096;

/** A character for each octet, where these are few. */
function joinedText(pieces: readonly Uint8Array[]): string | undefined {
  let size = 0;
  for (const { length } of pieces) size += length;
  if (size > MAX_TEXT_BYTES) return undefined;
  let text = '';
  for (const piece of pieces) {
    const octets = piece instanceof Buffer ? piece : Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    text += octets.toString('latin1');
  }
  return text;
}

function onClose(this: Taken): void {
  this[CHANNEL].onClose();
}

function onSocket(this: Taken): void {
  this[CHANNEL].onSocket();
}

export class HttpChannel extends Channel {
  readonly canReset: boolean;
  readonly #response: ServerResponse;
  /** What was there before ours: Node's own, or a middleware's. */
  readonly #before: Pick<ServerResponse, Method>;
  /** What we write with: what was there before; or what a middleware has put over ours, which then lets it through. */
  #write: Write;
  #end: End;
  #isBelow = false;
  /** The status before anybody could answer in our place. */
  readonly #firstStatus: number;
  /** Whether there is a connection, rather than an object of a test harness. */
  readonly #isReal: boolean;
  /** Whether it tells itself when its connection closes: behind another response it does not, nor does one of a harness. */
  readonly #tellsClose: boolean;
  #onClosed: (() => void) | undefined;
  /** Somebody else has answered before we did. */
  #isYielded = false;
  #isBegun = false;
  /** What stands between us and Node's own `write`, once the head is committed. */
  #middleware: Middleware | undefined;
  #returnsBuffers = false;
  /** The head is committed, and leaves with what is written next. */
  #isHeadDue = false;

  /**
   * @param isBegun the head is out, and Node frames the body: the channel is to end what has failed, and nothing else
   * @throws Error if the head is out already, or another `respond` is open on the response
   * @throws TypeError for a field that only `respond` may set, or a response without a connection
   */
  constructor(response: ServerResponse, options: ChannelOptions, isBegun = false) {
    const request = response.req as ServerResponse['req'] | undefined;
    assertUnanswered(CHANNEL in response, response.headersSent && !isBegun);
    const connection: unknown = request?.socket ?? response.socket;
    // A Socket is a Duplex, as is what stands in for one under TLS. A harness may give request and response one each.
    const isReal = connection instanceof Duplex && (!response.socket || response.socket === connection);
    if (!isReal && response.write === write && !response.socket) {
      throw new TypeError('This response has no connection: under a test harness, use one that gives it a socket');
    }
    if (!isBegun) assertNotOurs(response.getHeaderNames());
    super((isReal ? connection : response) as Socket, options);
    this.#isReal = isReal;
    this.#tellsClose = isNode && isReal && response instanceof ServerResponse && response.socket !== null;
    this.#isBegun = isBegun;
    this.#response = response;
    this.#write = response.write as Write;
    this.#end = response.end as End;
    const isNodes = response.write === write && response.end === end && response.destroy === destroy;
    this.#before = isNodes ? NODES : { write: response.write, end: response.end, destroy: response.destroy };
    this.#firstStatus = response.statusCode;
    this.canReset = isReal && canReset(connection as Socket);
    (response as Taken)[CHANNEL] = this;
    response.write = OURS.write;
    response.end = OURS.end;
    response.destroy = OURS.destroy;
    response.on('close', onClose).on('error', ignore);
    this.watch();
    if (!isReal || response.socket) return;
    this.wait();
    response.once('socket', onSocket);
  }

  /** @throws Error if the constructor would */
  static assertUnanswered(response: ServerResponse): void {
    assertUnanswered(CHANNEL in response, response.headersSent);
  }

  get isGone(): boolean {
    const response = this.#response;
    return (
      this.#isYielded || response.destroyed || response.closed || response.writableEnded || this.connection.destroyed
    );
  }

  get isClosed(): boolean {
    return this.isGone;
  }

  get isShared(): boolean {
    if (this.#isBegun) return this.#middleware !== undefined;
    return !isNode || !this.#isReal || this.#write !== nodeWrite || this.#end !== nodeEnd || this.#isCovered;
  }

  /** Whether a middleware has replaced what we put there. */
  get #isCovered(): boolean {
    return this.#response.write !== OURS.write || this.#response.end !== OURS.end;
  }

  get framer(): Framer {
    const response = this.#response;
    return { sendsChunks: response.chunkedEncoding, addTrailers: (trailers) => response.addTrailers(trailers) };
  }

  get returnsBuffers(): boolean {
    return this.#returnsBuffers;
  }

  get status(): number {
    return this.#response.statusCode;
  }

  begin(status: number, fields: FieldPairs, facts: MessageFacts): Uint8Array[] {
    const response = this.#response;
    if (response.headersSent) {
      throw Object.assign(new Error('Somebody else has sent the head: call flushHeaders() of what respond returned'), {
        code: 'ERR_HTTP_HEADERS_SENT',
      });
    }
    assertNotOurs(response.getHeaderNames());
    // Who carries it without a connection frames it in a way of its own.
    if (!this.#isReal || saysChunked(response)) fields = fields.filter(([name]) => name !== 'Transfer-Encoding');
    withOurFields(response, fields, () => {
      setFields(response, fields);
      const closes = this.#closesAfter(facts);
      // Said aloud, "Connection: close" makes some clients take a cut body for a whole one.
      if (closes) response.removeHeader('Connection');
      this.#commitHead(status, closes === facts.closes ? facts : { ...facts, closes });
    });
    return [];
  }

  beginError(status: number, fields: FieldPairs, facts: MessageFacts): Uint8Array[] {
    const response = this.#response;
    removeContentFields(response);
    // A middleware may change the content.
    const ours = this.isShared ? fields.filter(([name]) => name.toLowerCase() !== 'content-length') : fields;
    for (const [name, values] of valuesByName(ours))
      response.setHeader(name, values.length === 1 ? values[0]! : values);
    if (STATUS_CODES[status] !== undefined) response.statusMessage = STATUS_CODES[status];
    this.#commitHead(status, { ...facts, closes: this.#closesAfter(facts) });
    return [];
  }

  write(pieces: readonly Uint8Array[], onSent: (error?: Error | null) => void): void {
    if (pieces.length === 0) return onSent();
    const response = this.#response;
    const onWritten = (error?: Error | null) => {
      this.moved();
      onSent(error);
    };
    if (this.#middleware !== undefined) {
      this.#middleware.write(pieces, onWritten);
      return this.moved();
    }
    // Corked even for one piece: Node would cork it itself, and uncork a tick later.
    response.cork();
    const text = this.#isHeadDue ? joinedText(pieces) : undefined;
    this.#isHeadDue = false;
    if (text !== undefined) {
      (nodeWrite as unknown as WriteText).call(response, text, 'latin1', onWritten);
    } else {
      for (let i = 0; i < pieces.length - 1; i++) nodeWrite.call(response, pieces[i]!, undefined, ignore);
      nodeWrite.call(response, pieces.at(-1)!, undefined, onWritten);
    }
    // Whoever has corked it before would have us wait for what cannot leave.
    uncorkAll(response);
    this.moved();
  }

  flushHead(): void {
    this.#isHeadDue = false;
    OutgoingMessage.prototype.flushHeaders.call(this.#response);
    flush(this.#response);
  }

  finish(pieces: readonly Uint8Array[], onDone: OnDone): void {
    const response = this.#response;
    // Nobody cuts off what a middleware still has; and FIN is what a body may end with once all of it is out.
    const { isDelimitedByClose, tellsFailure } = this.facts;
    const isHeld = isDelimitedByClose || tellsFailure || this.#middleware !== undefined;
    if (isHeld && this.#isReal && response.socket)
      this.holdWhileLeaving(this.connection, () => response.writableFinished);
    this.endWith(onDone, this.options.idleTimeout, (settle) => {
      const onFinish = () => {
        settle(true);
        this.closeIfTold();
      };
      response.once('finish', onFinish);
      if (pieces.length > 0) this.write(pieces, ignore);
      // A middleware's own `end` may write: that belongs to the body.
      if (this.#middleware !== undefined) this.#restore('write', 'end');
      (this.#middleware === undefined ? nodeEnd : this.#end).call(response);
      if (!this.#isReal && response.writableFinished) onFinish();
    });
  }

  protected override watchConnection(): void {
    if (!this.#tellsClose) super.watchConnection();
  }

  protected override onceClosed(onClose: () => void): () => void {
    if (!this.#tellsClose) return super.onceClosed(onClose);
    this.#onClosed = onClose;
    return () => {
      this.#onClosed = undefined;
    };
  }

  protected takeSocket(onTaken: (socket: Socket) => void): void {
    const response = this.#response;
    const take = (socket: Socket) => {
      guard(socket);
      // What was written in this tick may lie in the response still (Node 26).
      uncorkAll(response);
      // Requests behind this one wait for a response that never gives the socket back.
      Reflect.set(response, 'socket', null);
      const { req: request } = response;
      if (request !== undefined && !request.readableEnded) request.resume(); // else its upload makes our FIN an RST
      onTaken(socket);
    };
    if (!this.#isReal) {
      // There is no connection that could show it: an error does, to a harness or host that waits for one.
      const error = new Error('The body failed before its end');
      response.emit('error', error);
      this.#before.destroy.call(response, error);
      return onTaken(this.connection);
    }
    if (!response.socket) {
      // After a pipelined response: Node hands over the connection, and then sends what has waited.
      response.once('socket', (socket: Socket) => {
        this.holdWhileLeaving(socket);
        process.nextTick(take, socket);
      });
      return;
    }
    this.holdWhileLeaving(this.connection);
    if (this.#middleware === undefined) take(this.connection);
    else this.#middleware.flush(this.connection, () => take(this.connection));
  }

  protected leave(): void {
    const response = this.#response;
    this.#middleware?.stop();
    response.off('close', onClose).off('socket', onSocket);
    // What nobody else has replaced meanwhile goes back; a response that is over swallows what comes late.
    if (response.writableEnded) this.#restore(...METHODS);
  }

  #restore(...names: Method[]): void {
    for (const name of names) {
      if (this.#response[name] === OURS[name]) Reflect.set(this.#response, name, this.#before[name]);
    }
  }

  /** Nothing has been sent yet, and somebody else answers, as a timeout of the application does: the response is theirs. */
  #yield(name: Method, args: unknown[]): unknown {
    this.#restore(...METHODS);
    const result = Reflect.apply(this.#response[name], this.#response, args);
    this.#isYielded = true;
    this.yielded(`res.${name}()`);
    return result;
  }

  #commitHead(status: number, facts: MessageFacts): void {
    const response = this.#response;
    const { isShared } = this;
    if (this.#isCovered) {
      this.#write = response.write as Write;
      this.#end = response.end as End;
      this.#isBelow = true;
    }
    this.#isBegun = true;
    this.#middleware = isShared ? new Middleware(response, this.#write) : undefined;
    this.#returnsBuffers = !isShared && returnsBuffers(this.connection);
    if (facts.closes) response.shouldKeepAlive = false;
    // Node's own request may be of HTTP/1.1, where ours is of 1.0: then it would frame in chunks.
    if (facts.isDelimitedByClose) response.useChunkedEncodingByDefault = false;
    if (isShared) response.statusCode = status; // a middleware looks there
    try {
      response.writeHead(status);
    } catch (error) {
      this.#isBegun = false;
      throw error;
    }
    if (!isShared) response.chunkedEncoding = false;
    this.#isHeadDue = !isShared;
    response.writeHead = () => response; // there is one head: an error handler that comes late would throw
    this.commit(facts);
  }

  /** Whether the connection cannot go on after this response, for any reason that Node or the application has. */
  #closesAfter({ closes }: MessageFacts): boolean {
    const response = this.#response as ServerResponse & { maxRequestsOnConnectionReached?: boolean };
    const connection = response.getHeader('connection');
    return (
      closes ||
      !response.shouldKeepAlive ||
      response.maxRequestsOnConnectionReached === true ||
      (connection !== undefined && listMembers(String(connection)).includes('close'))
    );
  }

  onForeignCall(name: Method, args: unknown[], returned: unknown): unknown {
    if (this.#isBelow && name !== 'destroy') return Reflect.apply(this.#before[name], this.#response, args);
    // Node 26 destroys what waits on a connection that is gone: nobody else's doing.
    if (name === 'destroy' && this.connection.destroyed) {
      this.gone();
      return returned;
    }
    // An end that says nothing answers nothing: it is how some handle the error of a source.
    const isEmptyEnd = name === 'end' && args.length === 0 && this.status === this.#firstStatus;
    if (this.isOpen && !this.#isBegun && isEmptyEnd) {
      this.options.onForeign('res.end()');
      return returned;
    }
    if (this.mayYield(this.#isBegun, this.#response.headersSent)) return this.#yield(name, args);
    if (this.isOpen) this.options.onForeign(`res.${name}()`);
    const callback = args.at(-1);
    if (typeof callback === 'function') process.nextTick(callback as () => void);
    return returned;
  }

  onClose(): void {
    this.gone();
    this.#onClosed?.();
  }

  onSocket(): void {
    this.begins();
  }
}

function ignore(): void {}
