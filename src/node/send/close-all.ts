/** `closeAllConnections` of a server is meant: it goes through where another `destroy` of a connection is held back. */
import type { Socket } from 'node:net';

interface Server {
  closeAllConnections?: () => void;
}

const listeners = new WeakMap<Server, Set<() => void>>();

/**
 * Calls back before the server of this connection closes them all.
 *
 * @returns takes the callback back
 */
export function onCloseAll(connection: Socket, listener: () => void): () => void {
  const { server } = connection as Socket & { server?: Server | null };
  if (typeof server?.closeAllConnections !== 'function') return () => {};
  const all = listeners.get(server) ?? watch(server);
  all.add(listener);
  return () => all.delete(listener);
}

function watch(server: Server): Set<() => void> {
  const all = new Set<() => void>();
  listeners.set(server, all);
  const { closeAllConnections } = server;
  server.closeAllConnections = function (this: Server) {
    for (const listener of [...all]) listener();
    return closeAllConnections!.call(this);
  };
  return all;
}
