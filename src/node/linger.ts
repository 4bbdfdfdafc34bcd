/**
 * How the last octets of a response leave a socket, and how a connection is closed so that they arrive. FIN first, and
 * read on until the peer closes: closing with unread octets makes the kernel send RST, which can destroy the reason and
 * the tail of the body (RFC 9112 §9.6). Every wait here has a bound, and every callback is called exactly once.
 */
import type { Socket } from 'node:net';

/** Milliseconds from the last octets to RST. */
const MAX_RESET_DELAY = 1000;

export interface Patience {
  /** Milliseconds for the peer to take what was sent, before it counts as gone; 0 for no bound. */
  idleTimeout: number;
  /** Milliseconds to go on reading after our FIN. */
  lingerTimeout: number;
}

/** Writes the pieces, as one write to the kernel where it takes that. */
export function writeTogether(
  socket: Socket,
  pieces: readonly Uint8Array[],
  onWritten: (error?: Error | null) => void,
) {
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
export function sendAll(
  socket: Socket,
  pieces: readonly Uint8Array[],
  idleTimeout: number,
  onDone: (isSent: boolean) => void,
): void {
  const timer = destroyAfter(socket, idleTimeout);
  const settle = (isSent: boolean) => {
    clearTimeout(timer);
    socket.off('error', ignore).off('close', onClose);
    onDone(isSent);
  };
  const onClose = () => settle(false);
  if (socket.destroyed || !socket.writable) return settle(false);
  socket.on('error', ignore).once('close', onClose);
  writeTogether(socket, pieces, (error) => {
    if (!error) settle(true);
  });
}

/** FIN, then reads until the peer closes, then destroys the socket. Nothing is waited for by the caller. */
export function lingeringClose(socket: Socket, { idleTimeout, lingerTimeout }: Patience): void {
  if (socket.destroyed) return;
  let timer = destroyAfter(socket, idleTimeout);
  socket.on('error', ignore);
  socket.once('close', () => clearTimeout(timer));
  socket.once('end', () => {
    if (socket.writableFinished) socket.destroy();
  });
  socket.end(() => {
    clearTimeout(timer);
    if (socket.readableEnded) socket.destroy();
    else timer = destroyAfter(socket, Math.max(1, lingerTimeout));
  });
  socket.resume();
}

/**
 * RST: the only failure that a close-delimited body can show (RFC 9112 §6.3). It comes a moment after the last octets,
 * since a peer that finds both at once may not see it: libuv reports data with a hang-up behind it as a clean end
 * (measured: Node 20 and 22 always, 24 and 26 no more). The timer holds the process: at its exit, the kernel would send FIN.
 */
export function lingeringReset(socket: Socket, { lingerTimeout }: Patience): void {
  if (socket.destroyed) return;
  const timer = setTimeout(() => reset(socket), Math.min(lingerTimeout, MAX_RESET_DELAY));
  socket.on('error', ignore);
  socket.once('close', () => clearTimeout(timer));
  socket.resume();
}

/** Only TCP knows RST: a TLS or a local socket is destroyed, which TLS peers see as a cut as well. */
function reset(socket: Socket): void {
  try {
    socket.resetAndDestroy();
  } catch {
    socket.destroy();
  }
}

function destroyAfter(socket: Socket, milliseconds: number): NodeJS.Timeout | undefined {
  return milliseconds > 0 ? setTimeout(() => socket.destroy(), milliseconds).unref() : undefined;
}

function ignore(): void {}
