/** What a server still has open, and whether it is being drained: one record a server, by which `drain` reaches it. */
import type { EventEmitter } from 'node:events';
import type { Http2Session, ServerHttp2Stream } from 'node:http2';
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
  /** Of HTTP/2, those of which something is known; and once one is, all that begin later. */
  sessions: Set<Http2Session> | undefined;
}

/** What carries a message: a connection, or a stream of HTTP/2. */
export type Carrier = Socket | ServerHttp2Stream;

const servers = new WeakMap<object, Draining>();

export function drainingOf(server: object): Draining {
  let draining = servers.get(server);
  if (draining === undefined) {
    draining = { isDraining: false, idle: new Set(), open: new Set(), sessions: undefined };
    servers.set(server, draining);
  }
  return draining;
}

/** Node names the server of every connection that it has accepted, TLS included. */
function serverOf(carrier: Carrier): object | undefined {
  const session = sessionOf(carrier);
  if (session?.destroyed) return undefined;
  const connection = session === undefined ? carrier : session.socket;
  return (connection as Socket & { server?: object | null }).server ?? undefined;
}

function sessionOf(carrier: Carrier): Http2Session | undefined {
  return 'sendTrailers' in carrier ? carrier.session : undefined;
}

export function isDraining(carrier: Carrier): boolean {
  const server = serverOf(carrier);
  return server !== undefined && servers.get(server)?.isDraining === true;
}

/** Node 20 and 22 cannot tell which sessions a server has. */
function remember(session: Http2Session, server: object, draining: Draining): void {
  const add = (one: Http2Session) => {
    if (draining.sessions?.has(one)) return;
    draining.sessions!.add(one);
    one.once('close', () => draining.sessions!.delete(one));
  };
  if (draining.sessions === undefined) {
    draining.sessions = new Set();
    (server as EventEmitter).on('session', add);
  }
  add(session);
}

/**
 * Registers what is open, or waits for a request, on a connection. In a server that is being drained, what would begin is
 * ended as soon as it has been handed over.
 *
 * @returns to be called when it is over
 */
export function register(carrier: Carrier, kind: 'open' | 'idle', open: Open): () => void {
  const all = enlist(carrier, kind, open);
  return () => all?.delete(open);
}

/** The same. @returns those from which it is to be deleted when it is over, if its server is known */
export function enlist(carrier: Carrier, kind: 'open' | 'idle', open: Open): Set<Open> | undefined {
  const server = serverOf(carrier);
  if (server === undefined) return undefined;
  const draining = drainingOf(server);
  const session = sessionOf(carrier);
  if (session !== undefined) remember(session, server, draining);
  const { [kind]: all, isDraining } = draining;
  all.add(open);
  if (isDraining) process.nextTick(() => all.has(open) && open.end(shutdown()));
  return all;
}

/** Why a response fails that a server has no more time for. */
export function shutdown(): Error {
  return Object.assign(new Error('The server is shutting down'), { code: 'ERR_SERVER_SHUTDOWN' });
}
