/**
 * The way out for one response on a raw socket. While it is open it owns the socket: it notices when the client leaves,
 * keeps what a pipelining client sent meanwhile, and in the end hands the connection back or closes it.
 *
 * To notice a client that leaves, the socket must be read; the first octets that come instead are held, and reading
 * stops, until the connection is handed back.
 */
import type { Socket } from 'node:net';
import type { FieldPairs } from '../core/fields.ts';
import type { Channel } from './channel.ts';
import { lingeringClose, lingeringReset, type Patience, sendAll, writeTogether } from './linger.ts';
import { serializeResponseHead } from './response-head.ts';

const inUse = new WeakSet<Socket>();

export class SocketChannel implements Channel {
  readonly isFraming = false;
  readonly #socket: Socket;
  readonly #patience: Patience;
  readonly #onGone: () => void;
  #held: Buffer | undefined;
  #isOpen = true;

  /**
   * @param onGone called once if the client leaves while the channel is open
   * @throws Error if another response is still open on the socket
   */
  constructor(socket: Socket, patience: Patience, onGone: () => void) {
    if (inUse.has(socket)) {
      throw new Error('Another response is still open on this socket: wait for its end before the next one');
    }
    inUse.add(socket);
    this.#socket = socket;
    this.#patience = patience;
    this.#onGone = onGone;
    socket.on('data', this.#onData).on('end', this.#onEnd).on('error', ignore).on('close', onGone).resume();
  }

  get isGone(): boolean {
    return this.#socket.destroyed || !this.#socket.writable;
  }

  addTrailers(): never {
    throw new Error('A raw socket frames nothing');
  }

  begin(status: number, fields: FieldPairs): Uint8Array[] {
    return [serializeResponseHead(status, fields)];
  }

  write(pieces: readonly Uint8Array[], onSent: () => void): void {
    if (pieces.length === 0) return onSent();
    writeTogether(this.#socket, pieces, (error) => {
      if (!error) onSent();
    });
  }

  /** A persistent connection is handed back to whoever reads the next request. */
  finish(pieces: readonly Uint8Array[], isPersistent: boolean, onDone: (isSent: boolean) => void): void {
    if (!isPersistent) return this.close(pieces, onDone);
    this.#stopWatching();
    sendAll(this.#socket, pieces, this.#patience.idleTimeout, (isSent) => {
      this.#letGo();
      if (isSent && this.#held !== undefined) this.#socket.unshift(this.#held);
      onDone(isSent);
    });
  }

  close(pieces: readonly Uint8Array[], onDone: (isSent: boolean) => void): void {
    this.#stopWatching();
    sendAll(this.#socket, pieces, this.#patience.idleTimeout, (isSent) => {
      this.#letGo();
      lingeringClose(this.#socket, this.#patience);
      onDone(isSent);
    });
  }

  reset(pieces: readonly Uint8Array[], onDone: (isSent: boolean) => void): void {
    this.#stopWatching();
    sendAll(this.#socket, pieces, this.#patience.idleTimeout, (isSent) => {
      this.#letGo();
      lingeringReset(this.#socket, this.#patience);
      onDone(isSent);
    });
  }

  readonly #onData = (data: Buffer): void => {
    this.#socket.pause();
    this.#held = this.#held === undefined ? data : Buffer.concat([this.#held, data]);
  };

  /** FIN from the client. Where half-open connections are allowed, it may still be reading. */
  readonly #onEnd = (): void => {
    if (!this.#socket.allowHalfOpen && this.#isOpen) this.#onGone();
  };

  /** The response has come to its end: the client may leave now without being noticed. Octets are still held. */
  #stopWatching(): void {
    this.#isOpen = false;
    this.#socket.off('close', this.#onGone);
  }

  #letGo(): void {
    inUse.delete(this.#socket);
    this.#socket.off('data', this.#onData).off('end', this.#onEnd).off('error', ignore).pause();
  }
}

function ignore(): void {}
