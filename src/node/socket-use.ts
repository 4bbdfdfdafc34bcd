/**
 * Who uses a socket right now. One response is written at a time, and one message read: a second one that tried would
 * take octets from the first. And whoever has touched a socket guards the process against its late errors, which come
 * between our calls, when nobody listens.
 */
import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

const guarded = new WeakSet<Socket>();
const writing = new WeakMap<Socket, Promise<void>>();
const reading = new WeakSet<Socket>();

/** From here on, an 'error' of the socket does not end the process. It is followed by 'close', which tells as much. */
export function guard(socket: Socket): void {
  if (guarded.has(socket)) return;
  guarded.add(socket);
  socket.on('error', () => {});
}

/**
 * @returns to be called when the response is over
 * @throws Error if another response is open on the socket
 */
export function claimForWriting(socket: Socket): () => void {
  if (writing.has(socket)) {
    throw new Error('Another response is still open on this socket: wait for its end before the next one');
  }
  let release!: () => void;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  writing.set(socket, released);
  return () => {
    writing.delete(socket);
    release();
  };
}

/** Settles when no response is open on the socket. */
export async function whenWritten(socket: Socket): Promise<void> {
  await writing.get(socket);
}

/**
 * @returns to be called when the message is over
 * @throws Error if another message is being read from the socket
 */
export function claimForReading(socket: Socket): () => void {
  if (reading.has(socket)) {
    throw new Error('Another message is still being read from this socket: wait for its end before the next one');
  }
  reading.add(socket);
  return () => {
    reading.delete(socket);
  };
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
