/** A server of raw sockets that can be stopped. */
import { createServer, type Socket } from 'node:net';

export interface Listening {
  url: string;
  port: number;
  /** Stops listening, gives connections a moment to end, and resets those that do not. */
  close(): Promise<void>;
}

/** Milliseconds that connections get to end by themselves. */
const CLOSE_PATIENCE = 1000;

export async function listen(onSocket: (socket: Socket) => void, port: number, host: string): Promise<Listening> {
  const sockets = new Set<Socket>();
  // A client that half-closes behind its request may still be reading.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    onSocket(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  const address = server.address() as { port: number };
  return {
    port: address.port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${address.port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        const resetAll = () => {
          for (const socket of sockets) socket.resetAndDestroy();
        };
        setTimeout(resetAll, CLOSE_PATIENCE).unref();
      }),
  };
}
