/**
 * Who uses a socket right now: one record a socket. One response is written at a time, and one message read: a second one
 * that tried would take octets from the first. Whoever has touched a socket guards the process against its late errors,
 * which come between our calls, when nobody listens.
 */

import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { mustBe } from '../core/options.ts';

interface Use {
  /** Told of 'close', one after the other. */
  tellClose: () => void;
  /** Settles when the response that is open is over; undefined while none is. */
  writing: Promise<void> | undefined;
  isRead: boolean;
  /** Told when the message that is read is over. */
  onReadOver: (() => void) | undefined;
  /** Bytes that came while a response was open on a socket that has ended since: nothing can be put back there. */
  ahead: Buffer | undefined;
  onClose: Set<() => void>;
}

const uses = new WeakMap<object, Use>();

function useOf(socket: Socket): Use {
  let use = uses.get(socket);
  if (use === undefined) {
    const made: Use = {
      tellClose: () => {
        for (const tell of [...made.onClose]) tell();
      },
      writing: undefined,
      isRead: false,
      onReadOver: undefined,
      ahead: undefined,
      onClose: new Set(),
    };
    use = made;
    uses.set(socket, made);
    socket.on('error', () => {});
  }
  return use;
}

/** From here on, an 'error' of the socket does not end the process. It is followed by 'close', which tells as much. */
export function guard(socket: Socket): void {
  useOf(socket);
}

/**
 * Calls back when the socket closes. One listener for all: a dozen pipelined responses wait for the same socket.
 *
 * @returns takes the callback back
 */
export function onSocketClose(socket: Socket, onClose: () => void): () => void {
  const use = useOf(socket);
  if (use.onClose.size === 0) socket.on('close', use.tellClose);
  use.onClose.add(onClose);
  return () => {
    if (use.onClose.delete(onClose) && use.onClose.size === 0) socket.off('close', use.tellClose);
  };
}

/**
 * @returns to be called when the response is over
 * @throws Error if another response is open on the socket
 */
export function claimForWriting(socket: Socket): () => void {
  const use = useOf(socket);
  if (use.writing !== undefined) {
    throw new Error('Another response is still open on this socket: wait for its end before the next one');
  }
  let settle!: () => void;
  use.writing = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return () => {
    use.writing = undefined;
    settle();
  };
}

/** Settles when no response is open on the socket. */
export async function whenWritten(socket: Socket): Promise<void> {
  while (isWritten(socket)) await uses.get(socket)?.writing;
}

/** Whether a response is open on the socket. */
export function isWritten(socket: Socket): boolean {
  return uses.get(socket)?.writing !== undefined;
}

const aSocket = mustBe(
  'one of node:net or node:tls',
  (value) => typeof (value as Partial<Socket> | null | undefined)?.pause === 'function',
);

/**
 * @returns to be called when the message is over
 * @throws Error if another message is being read from the socket
 */
export function claimForReading(socket: Socket): () => void {
  aSocket(socket as never, 'The socket to read from');
  const use = useOf(socket);
  if (use.isRead) {
    throw new Error('Another message is still being read from this socket: wait for its end before the next one');
  }
  use.isRead = true;
  return () => {
    use.isRead = false;
    const { onReadOver } = use;
    use.onReadOver = undefined;
    onReadOver?.();
  };
}

/** Calls back when nobody reads a message from the socket: at once, or when that message is over. */
export function whenReadOver(socket: Socket, onReadOver: (() => void) | undefined): void {
  const use = useOf(socket);
  if (use.isRead) use.onReadOver = onReadOver;
  else onReadOver?.();
}

/** Puts back what came ahead of its reader. */
export function putBack(socket: Socket, ahead: Buffer): void {
  if (ahead.length === 0 || socket.destroyed) return;
  if (socket.readableEnded) useOf(socket).ahead = ahead;
  else socket.unshift(ahead);
}

/** What was put back on a socket that has ended. */
export function takeAhead(socket: Socket): Buffer | undefined {
  const use = uses.get(socket);
  const ahead = use?.ahead;
  if (use !== undefined) use.ahead = undefined;
  return ahead;
}

/** Bun and Deno have modules of the same names with insides of their own. */
export const isNode = process.versions.bun === undefined && process.versions.deno === undefined;

/**
 * Whether what the socket has read is for its one listener alone: octets come in memory of their own, read or decrypted
 * for it, where nobody has put a class of his own between.
 */
export function readsForOne(socket: Socket): boolean {
  const isPlatform = socket.constructor === Socket || (socket as TLSSocket).encrypted === true;
  return isNode && isPlatform && socket.listenerCount('data') === 1;
}

/**
 * Whether a buffer is free once the socket has called back for it: so it is where the octets go straight to the kernel
 * or are encrypted, and not where somebody between has kept it.
 */
export function returnsBuffers(socket: Socket): boolean {
  return isNode && socket instanceof Socket && socket.write === Socket.prototype.write;
}
