/** What a server still has open, and whether it is being drained: one record a server, by which `drain` reaches it. */
import type { Socket } from 'node:net';

/** Something on a connection that `drain` has to bring to an end. */
export interface Open {
  /** It has had its time. What waits for a request is idle, and is told at once. */
  end(error: Error): void;
  /** It had time to leave, too. */
  kill(): void;
}

interface Draining {
  isDraining: boolean;
  idle: Set<Open>;
  open: Set<Open>;
}

const servers = new WeakMap<object, Draining>();

export function drainingOf(server: object): Draining {
  let draining = servers.get(server);
  if (draining === undefined) {
    draining = { isDraining: false, idle: new Set(), open: new Set() };
    servers.set(server, draining);
  }
  return draining;
}

/** Node names the server of every connection that it has accepted, TLS included. */
function serverOf(socket: Socket): object | undefined {
  return (socket as Socket & { server?: object | null }).server ?? undefined;
}

export function isDraining(socket: Socket): boolean {
  const server = serverOf(socket);
  return server !== undefined && servers.get(server)?.isDraining === true;
}

/**
 * Registers what is open, or waits for a request, on a connection. In a server that is being drained, what would begin is
 * ended as soon as it has been handed over.
 *
 * @returns to be called when it is over
 */
export function register(socket: Socket, kind: 'open' | 'idle', open: Open): () => void {
  const all = enlist(socket, kind, open);
  return () => all?.delete(open);
}

/** The same. @returns those from which it is to be deleted when it is over, if its server is known */
export function enlist(socket: Socket, kind: 'open' | 'idle', open: Open): Set<Open> | undefined {
  const server = serverOf(socket);
  if (server === undefined) return undefined;
  const { [kind]: all, isDraining } = drainingOf(server);
  all.add(open);
  if (isDraining) process.nextTick(() => all.has(open) && open.end(shutdown()));
  return all;
}

/** Why a response fails that a server has no more time for. */
export function shutdown(): Error {
  return Object.assign(new Error('The server is shutting down'), { code: 'ERR_SERVER_SHUTDOWN' });
}
