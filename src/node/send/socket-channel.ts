/**
 * The way out for one response on a raw socket. While it is open it owns the socket: it notices when the client leaves,
 * keeps what a pipelining client sends meanwhile, and in the end hands the connection back or closes it.
 *
 * To notice a client that leaves, the socket must be read, unless somebody waits for the next request there. What comes is
 * kept, up to a bound, until the connection is handed back. Where it will not be, it is dropped.
 *
 * FIN from the client means that it has left, unless the server allows half-open connections. Node would answer it with
 * our own FIN, which can look like the end of the body; so that is held back while the channel is open.
 */
import type { Socket } from 'node:net';
import type { FieldPairs } from '../../core/fields.ts';
import { claimForWriting, putBack, returnsBuffers, whenReadOver } from '../socket-use.ts';
import { Channel, type ChannelOptions, type MessageFacts, type OnDone } from './channel.ts';
import { canReset, writeTogether } from './closing.ts';
import { serializeResponseHead } from './response-head.ts';

/** Reading stops here: a client that leaves after so much is noticed at the next write. */
const MAX_AHEAD_BYTES = 65_536;

export class SocketChannel extends Channel {
  readonly isShared = false;
  readonly framer = undefined;
  readonly status = 200;
  readonly canReset: boolean;
  readonly returnsBuffers: boolean;
  readonly #allowHalfOpen: boolean;
  readonly #release: () => void;
  #ahead: Buffer[] = [];
  #aheadBytes = 0;
  #hasLeft = false;
  /** Nobody reads from the socket. */
  #isUnread = false;
  /** What the client sends from now on is for nobody. */
  #isDropping = false;

  /** @throws Error if another response is open on the socket */
  constructor(socket: Socket, options: ChannelOptions) {
    super(socket, options);
    this.#release = claimForWriting(socket);
    this.canReset = canReset(socket);
    this.returnsBuffers = returnsBuffers(socket);
    this.#allowHalfOpen = socket.allowHalfOpen;
    socket.allowHalfOpen = true;
    socket.setNoDelay?.(true);
    this.watch();
    socket.on('end', this.#onEnd);
    whenReadOver(socket, () => {
      this.#isUnread = true;
      if (!this.isNew) setImmediate(() => this.#readAhead());
    });
  }

  /** Most are over by now, and to begin to read costs as much as the head. */
  override onTurn(): void {
    super.onTurn();
    if (this.#isUnread) this.#readAhead();
  }

  #readAhead(): void {
    if (!this.#hasLeft) this.connection.on('data', this.#onData).resume();
  }

  get isGone(): boolean {
    return this.isClosed || (this.connection.readableEnded && !this.#allowHalfOpen);
  }

  get isClosed(): boolean {
    return this.connection.destroyed || !this.connection.writable;
  }

  begin(status: number, fields: FieldPairs, facts: MessageFacts): Uint8Array[] {
    const head = serializeResponseHead(status, fields);
    this.commit({ ...facts, tellsFailure: false }); // the socket is the application's
    this.#isDropping = !facts.isPersistent;
    return [head];
  }

  beginError(status: number, fields: FieldPairs, facts: MessageFacts): Uint8Array[] {
    // It has a Content-Length, so that it may say that the connection closes.
    return this.begin(status, facts.isPersistent ? fields : [...fields, ['Connection', 'close']], facts);
  }

  write(pieces: readonly Uint8Array[], onSent: (error?: Error | null) => void): void {
    if (pieces.length === 0) return onSent();
    // Node calls back without an error where the socket is destroyed meanwhile.
    const left = () =>
      this.connection.destroyed ? new Error('The client left before it took what was written') : null;
    writeTogether(this.connection, pieces, (error) => {
      this.moved();
      onSent(error ?? left());
    });
    this.moved();
  }

  flushHead(head: readonly Uint8Array[]): void {
    this.write(head, () => {});
  }

  finish(pieces: readonly Uint8Array[], onDone: OnDone): void {
    if (!this.facts.isPersistent) return this.close(pieces, onDone);
    this.endWith(onDone, this.options.idleTimeout, (settle) => {
      writeTogether(this.connection, pieces, (error) => {
        this.#handBack();
        settle(!error && !this.connection.destroyed);
      });
    });
  }

  protected takeSocket(onTaken: (socket: Socket) => void): void {
    this.#isDropping = true;
    this.#ahead = [];
    this.holdWhileLeaving(this.connection);
    onTaken(this.connection);
  }

  protected leave(): void {
    const socket = this.connection;
    this.#hasLeft = true;
    whenReadOver(socket, undefined);
    socket.off('data', this.#onData).off('end', this.#onEnd);
    this.#release();
  }

  readonly #onData = (data: Buffer): void => {
    if (this.#isDropping) return;
    this.#ahead.push(data);
    this.#aheadBytes += data.length;
    if (this.#aheadBytes >= MAX_AHEAD_BYTES) this.connection.pause();
  };

  readonly #onEnd = (): void => {
    if (!this.#allowHalfOpen) this.gone();
  };

  #handBack(): void {
    const socket = this.connection;
    this.#hasLeft = true;
    socket.off('data', this.#onData);
    socket.pause();
    socket.allowHalfOpen = this.#allowHalfOpen;
    if (this.#ahead.length > 0) putBack(socket, Buffer.concat(this.#ahead));
    this.#ahead = [];
    if (socket.readableEnded && !this.#allowHalfOpen) socket.end(); // as Node would have done
  }
}
