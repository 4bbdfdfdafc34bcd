/**
 * The way out for one response on a raw socket. While it is open it owns the socket: it notices when the client leaves,
 * keeps what a pipelining client sends meanwhile, and in the end hands the connection back or closes it.
 *
 * To notice a client that leaves, the socket must be read. The first octets that come instead are put back at once, and
 * reading stops, until the connection is handed back. Where it will not be, they are dropped.
 *
 * FIN from the client means that it has left, unless the server allows half-open connections. Node would answer it with
 * our own FIN, which can look like the end of the body; so that is held back while the channel is open.
 */
import type { Socket } from 'node:net';
import type { FieldPairs } from '../../core/fields.ts';
import { claimForWriting, guard, returnsBuffers } from '../socket-use.ts';
import type { Channel, ChannelOptions } from './channel.ts';
import { canReset, lingeringClose, lingeringReset, reset, sendAll, writeTogether } from './closing.ts';
import { serializeResponseHead } from './response-head.ts';

export class SocketChannel implements Channel {
  readonly isFraming = false;
  readonly canReset: boolean;
  readonly returnsBuffers: boolean;
  readonly #socket: Socket;
  readonly #options: ChannelOptions;
  readonly #allowHalfOpen: boolean;
  readonly #timeoutBefore: number;
  readonly #release: () => void;
  #isOpen = true;
  /** What the client sends from now on is for nobody. */
  #isDropping: boolean;

  /** @throws Error if another response is open on the socket */
  constructor(socket: Socket, options: ChannelOptions) {
    guard(socket);
    this.#release = claimForWriting(socket);
    this.#socket = socket;
    this.#options = options;
    this.#isDropping = !options.isPersistent;
    this.canReset = canReset(socket);
    this.returnsBuffers = returnsBuffers(socket);
    this.#allowHalfOpen = socket.allowHalfOpen;
    this.#timeoutBefore = socket.timeout ?? 0;
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    socket.on('timeout', this.#onTimeout).setTimeout(options.idleTimeout);
    socket.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose).resume();
  }

  get isGone(): boolean {
    const { destroyed, writable, readableEnded } = this.#socket;
    return destroyed || !writable || (readableEnded && !this.#allowHalfOpen);
  }

  begin(status: number, fields: FieldPairs, isError: boolean): Uint8Array[] {
    // An error response has a Content-Length, so that it may say that the connection closes.
    const isClosing = isError && !this.#options.isPersistent;
    return [serializeResponseHead(status, isClosing ? [...fields, ['Connection', 'close']] : fields)];
  }

  write(pieces: readonly Uint8Array[], onSent: (error?: Error | null) => void): void {
    if (pieces.length === 0) return onSent();
    // Node calls back without an error where the socket is destroyed meanwhile.
    const left = () => (this.#socket.destroyed ? new Error('The client left before it took what was written') : null);
    writeTogether(this.#socket, pieces, (error) => onSent(error ?? left()));
  }

  addTrailers(): never {
    throw new Error('A raw socket frames nothing');
  }

  finish(pieces: readonly Uint8Array[], onDone: (isSent: boolean) => void): void {
    if (!this.#options.isPersistent) return this.close(pieces, onDone);
    this.#stopWatching();
    sendAll(this.#socket, pieces, (isSent) => {
      this.#handBack();
      onDone(isSent);
    });
  }

  close(pieces: readonly Uint8Array[], onDone: (isSent: boolean) => void): void {
    this.#stopWatching();
    this.#isDropping = true;
    sendAll(this.#socket, pieces, (isSent) => {
      this.#leave();
      lingeringClose(this.#socket, this.#options.lingerTimeout);
      this.#release();
      onDone(isSent);
    });
  }

  reset(onDone: (isSent: boolean) => void): void {
    this.#stopWatching();
    this.#isDropping = true;
    sendAll(this.#socket, [], (isSent) => {
      this.#leave();
      lingeringReset(this.#socket, this.#options.lingerTimeout, () => {
        this.#release();
        onDone(isSent);
      });
    });
  }

  readonly #onData = (data: Buffer): void => {
    if (this.#isDropping) return;
    this.#socket.pause();
    this.#socket.unshift(data);
  };

  readonly #onEnd = (): void => {
    if (this.#isOpen && !this.#allowHalfOpen) this.#options.onGone();
  };

  readonly #onClose = (): void => {
    if (this.#isOpen) this.#options.onGone();
  };

  /** The socket's own timer knows of octets that move within one large write. */
  readonly #onTimeout = (): void => {
    if (this.#isOpen) this.#options.onIdle();
    else if (this.#options.isDelimitedByClose) reset(this.#socket);
    else this.#socket.destroy(); // it takes nothing of what is queued
  };

  #stopWatching(): void {
    this.#isOpen = false;
    this.#socket.setTimeout(this.#options.idleTimeout); // it may have fired: from here on it is for what is queued
  }

  /** The socket is closed behind this response: only the bound on what is queued stays, until it is. */
  #leave(): void {
    const socket = this.#socket;
    this.#detach();
    if (socket.destroyed) socket.off('timeout', this.#onTimeout);
    else socket.once('close', () => socket.off('timeout', this.#onTimeout));
  }

  #detach(): void {
    this.#socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
  }

  #handBack(): void {
    const socket = this.#socket;
    this.#detach();
    socket.pause();
    socket.off('timeout', this.#onTimeout).setTimeout(this.#timeoutBefore);
    socket.allowHalfOpen = this.#allowHalfOpen;
    if (socket.readableEnded && !this.#allowHalfOpen) socket.end(); // as Node would have done
    this.#release();
  }
}
