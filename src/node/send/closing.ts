/**
 * How the last octets of a response leave a socket, and how a connection is closed so that they arrive. FIN first, and
 * read on until the peer closes: closing with unread octets makes the kernel send RST, which can destroy the reason and
 * the tail of the body (RFC 9112 §9.6). While that goes on, nobody else can close the socket (`holdSocket`).
 */
import type { OutgoingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { register } from '../draining.ts';

/** Milliseconds from the last octets to RST. */
const RESET_DELAY = 1000;

/** Lets go what lies corked, whoever has corked it: no more often than it is corked now. */
export function uncorkAll(target: Pick<OutgoingMessage, 'writableCorked' | 'uncork'>): void {
  for (let corks = target.writableCorked; corks > 0; corks--) target.uncork();
}

/** Ends a message by `end`. What lies corked, Node 22 and 24 would send after that: it leaves before, in one system call. */
export function endUncorked(message: OutgoingMessage, end: () => unknown): unknown {
  const corks = message.writableCorked; // Node corks by itself, for one tick
  if (corks > 0) message.socket?.cork();
  for (let i = 0; i < corks; i++) message.uncork();
  try {
    return end();
  } catch (error) {
    message.socket?.uncork();
    throw error;
  }
}

/** Pieces up to this length together are copied into one: a fifth less CPU than to list them to the kernel (measured). */
const MAX_JOINED_BYTES = 4096;

/** Writes the pieces, as one write to the kernel where it takes that. */
export function writeTogether(
  socket: Socket,
  pieces: readonly Uint8Array[],
  onWritten: (error?: Error | null) => void,
): void {
  if (pieces.length === 1 || sizeOf(pieces) <= MAX_JOINED_BYTES) {
    socket.write(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces), onWritten);
    return;
  }
  socket.cork();
  for (let i = 0; i < pieces.length - 1; i++) socket.write(pieces[i]!);
  socket.write(pieces.at(-1) ?? '', onWritten);
  socket.uncork();
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  let size = 0;
  for (const { length } of pieces) size += length;
  return size;
}

/** Sends the pieces after what is queued; `onDone(true)` once the kernel has all, `onDone(false)` if the peer is gone. */
export function sendAll(socket: Socket, pieces: readonly Uint8Array[], onDone: (isSent: boolean) => void): void {
  if (socket.destroyed || !socket.writable) return onDone(false);
  let isSettled = false;
  const settle = (isSent: boolean) => {
    if (isSettled) return;
    isSettled = true;
    socket.off('close', onClose);
    onDone(isSent);
  };
  const onClose = () => settle(false);
  socket.once('close', onClose);
  writeTogether(socket, pieces, (error) => settle(!error && !socket.destroyed));
}

/**
 * FIN, then reads for at most `lingerTimeout` milliseconds (Infinity for no bound) until the peer closes, then destroys
 * the socket. A peer that takes nothing of what is queued is the business of whoever bounds that.
 */
export function lingeringClose(socket: Socket, lingerTimeout: number): void {
  if (socket.destroyed) return;
  const forget = register(socket, 'open', { end() {}, kill: () => reset(socket) });
  let timer: NodeJS.Timeout | undefined;
  const onEnd = () => {
    if (socket.writableFinished) socket.destroy();
  };
  socket.once('end', onEnd).once('close', () => {
    clearTimeout(timer);
    forget();
    socket.off('end', onEnd);
  });
  socket.end(() => {
    if (socket.readableEnded) socket.destroy();
    else if (lingerTimeout !== Number.POSITIVE_INFINITY) {
      timer = setTimeout(() => socket.destroy(), Math.max(1, lingerTimeout)).unref();
    }
  });
  socket.resume();
}

/** Whether the socket can say RST: TCP can, with or without TLS on it; a local socket cannot. */
export function canReset(socket: Socket): boolean {
  const { remoteAddress, resetAndDestroy } = tcpOf(socket);
  return remoteAddress !== undefined && typeof resetAndDestroy === 'function';
}

/**
 * RST: the only failure that a close-delimited body can show (RFC 9112 §6.3). It comes a moment after the last octets,
 * since a peer that finds both at once may not see it: libuv reports data with a hang-up behind it as a clean end
 * (measured: Node 20 and 22 always, 24 and 26 no more). The timer holds the process: at its exit, the kernel would send
 * FIN.
 */
export function lingeringReset(socket: Socket, onDone: () => void): void {
  if (socket.destroyed) return onDone();
  // A loop that stood still runs its timers first: a peer in this process is to read before them.
  const timer = setTimeout(() => setImmediate(() => reset(socket)), RESET_DELAY);
  socket.once('close', () => {
    clearTimeout(timer);
    onDone();
  });
  socket.resume();
}

/** RST at once, whoever holds the socket. */
export function reset(socket: Socket): void {
  holds.get(socket)?.();
  try {
    tcpOf(socket).resetAndDestroy();
  } finally {
    socket.destroy();
  }
}

const holds = new WeakMap<Socket, () => void>();
const closedWhileHeld = new WeakSet<Socket>();

/** Whether somebody else has closed it while it was held: then it is to be closed once that is over. */
export function isToClose(socket: Socket): boolean {
  return closedWhileHeld.has(socket);
}

/**
 * While it is held, `destroy` and `end` of the socket by somebody else do not reach it: Express's last handler, a `catch`,
 * `closeAllConnections` would send FIN or drop what is queued. An error of the socket itself goes through.
 *
 * @param onForeign told of each such call; it decides what becomes of the socket: `true` lets go, and the call through
 * @returns lets go
 */
export function holdSocket(socket: Socket, onForeign: () => boolean): () => void {
  const toldToClose = () => {
    closedWhileHeld.add(socket);
    return onForeign();
  };
  const destroy = (error?: NodeJS.ErrnoException) => {
    if (error?.syscall === undefined && !toldToClose()) return socket;
    release();
    return socket.destroy(error);
  };
  const endWith =
    (method: 'destroySoon' | 'end') =>
    (...args: []): Socket => {
      if (!toldToClose()) return socket;
      release();
      socket[method](...args);
      return socket;
    };
  const end = endWith('end');
  const destroySoon = endWith('destroySoon');
  const release = () => {
    for (const [name, held] of [
      ['destroy', destroy],
      ['destroySoon', destroySoon],
      ['end', end],
    ] as const) {
      if (Object.hasOwn(socket, name) && Reflect.get(socket, name) === held) Reflect.deleteProperty(socket, name);
    }
    holds.delete(socket);
  };
  // A socket of somebody else's making may have methods of its own: these are left alone.
  if (!Object.hasOwn(socket, 'destroy') && !Object.hasOwn(socket, 'end')) {
    holds.set(socket, release);
    Object.defineProperties(socket, {
      destroy: { value: destroy, configurable: true, writable: true },
      destroySoon: { value: destroySoon, configurable: true, writable: true },
      end: { value: end, configurable: true, writable: true },
    });
  }
  return release;
}

/** The TCP socket below. That of TLS has no public name, and its own reset is refused (works on Node 20 to 26). */
function tcpOf(socket: Socket): Socket {
  return (socket as Socket & { _parent?: Socket })._parent ?? socket;
}
