/**
 * How the last octets of a response leave a socket, and how a connection is closed so that they arrive. FIN first, and
 * read on until the peer closes: closing with unread octets makes the kernel send RST, which can destroy the reason and
 * the tail of the body (RFC 9112 §9.6).
 */
import type { Socket } from 'node:net';

/** Milliseconds from the last octets to RST. */
const MAX_RESET_DELAY = 1000;

/** Writes the pieces, as one write to the kernel where it takes that. */
export function writeTogether(
  socket: Socket,
  pieces: readonly Uint8Array[],
  onWritten: (error?: Error | null) => void,
): void {
  if (pieces.length === 1) {
    socket.write(pieces[0]!, onWritten);
    return;
  }
  socket.cork();
  for (let i = 0; i < pieces.length - 1; i++) socket.write(pieces[i]!);
  socket.write(pieces.at(-1) ?? '', onWritten);
  socket.uncork();
}

/** Sends the pieces behind what is queued; `onDone(true)` once the kernel has all, `onDone(false)` if the peer is gone. */
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
 * FIN, then reads for at most `lingerTimeout` milliseconds until the peer closes, then destroys the socket. A peer that
 * takes nothing of what is queued is the business of whoever bounds that.
 */
export function lingeringClose(socket: Socket, lingerTimeout: number): void {
  if (socket.destroyed) return;
  let timer: NodeJS.Timeout | undefined;
  const onEnd = () => {
    if (socket.writableFinished) socket.destroy();
  };
  socket.once('end', onEnd).once('close', () => {
    clearTimeout(timer);
    socket.off('end', onEnd);
  });
  socket.end(() => {
    if (socket.readableEnded) socket.destroy();
    else timer = setTimeout(() => socket.destroy(), Math.max(1, lingerTimeout)).unref();
  });
  socket.resume();
}

/** Whether the socket can say RST: TCP can, with or without TLS on it; a local socket cannot. */
export function canReset(socket: Socket): boolean {
  return tcpOf(socket).remoteAddress !== undefined;
}

/**
 * RST: the only failure that a close-delimited body can show (RFC 9112 §6.3). It comes a moment after the last octets,
 * since a peer that finds both at once may not see it: libuv reports data with a hang-up behind it as a clean end
 * (measured: Node 20 and 22 always, 24 and 26 no more). The timer holds the process: at its exit, the kernel would send
 * FIN.
 */
export function lingeringReset(socket: Socket, lingerTimeout: number, onDone: () => void): void {
  if (socket.destroyed) return onDone();
  const timer = setTimeout(() => reset(socket), Math.min(lingerTimeout, MAX_RESET_DELAY));
  socket.once('close', () => {
    clearTimeout(timer);
    onDone();
  });
  socket.resume();
}

/** RST at once. */
export function reset(socket: Socket): void {
  try {
    tcpOf(socket).resetAndDestroy();
  } finally {
    socket.destroy();
  }
}

/** The TCP socket below. That of TLS has no public name, and its own reset is refused (works on Node 20 to 26). */
function tcpOf(socket: Socket): Socket {
  return (socket as Socket & { _parent?: Socket })._parent ?? socket;
}
