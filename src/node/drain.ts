/**
 * drain: ends a server so that every client is told. `server.close()` waits for ever on a response that goes on, and
 * `closeAllConnections()` cuts them all without a reason.
 */
import type { EventEmitter } from 'node:events';
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { Http2SecureServer, Http2Server, Http2Session, ServerHttp2Stream } from 'node:http2';
import { type Server, Socket } from 'node:net';
import { anAbortSignal, assertOptions } from '../core/options.ts';
import { drainingOf, shutdown } from './draining.ts';
import { reset } from './send/closing.ts';
import { INTERNAL_ERROR } from './send/http2-channel.ts';
import { sealOf } from './send/sealed.ts';
import { timeoutFrom } from './timeouts.ts';

export interface DrainOptions {
  /** Milliseconds that open responses have to end by themselves. Default 10,000; 0 or Infinity for no bound. */
  timeout?: number | undefined;
  /** Ends that time at once: for a second signal, or a bound of the application's own. */
  signal?: AbortSignal | undefined;
}

/** Milliseconds between two looks for connections that have become idle. */
const LOOK = 50;
/** Milliseconds that a failed response has to leave. */
const LEAVING = 2000;
/** Milliseconds between the last word to a session of HTTP/2 and RST. */
const TELLING = 200;

/** A server of `node:net`, `node:http` (and `node:https`) or `node:http2`. */
export type DrainableServer = Server | HttpServer | Http2Server | Http2SecureServer;

/**
 * Ends a server of `node:http`, `node:https`, `node:http2` or `node:net`: no new connections, idle ones are closed as soon as
 * they are idle, open responses have `timeout` milliseconds to end, and those of `respond` and `seal` that are open then fail
 * with `type=server_shutdown`. Two seconds later, whatever has not gone is reset.
 *
 * Meanwhile a request that comes on a connection in use is answered with `Connection: close`; `respond` answers it with
 * 503. Sessions of HTTP/2 get GOAWAY. A health check sees `server.listening === false`.
 *
 * @returns a promise that settles when every connection has closed; it never rejects for what peers do
 * @throws TypeError, RangeError for invalid options
 * @example
 * process.on('SIGTERM', () => drain(server, { timeout: 20_000 }).then(() => process.exit()));
 */
export async function drain(server: DrainableServer, options: DrainOptions = {}): Promise<void> {
  assertOptions('drain', options, { timeout: timeoutFrom, signal: anAbortSignal });
  const { signal } = options;
  const timeout = timeoutFrom(options.timeout ?? 10_000, 'timeout');
  if (typeof (server as Partial<DrainableServer> | undefined)?.close !== 'function') {
    throw new TypeError('drain takes a server of node:http, https, http2 or net');
  }
  const draining = drainingOf(server);
  draining.isDraining = true;
  const closed = whenClosed(server);
  const stopWatching = prependAll(server, { request: closesAfterResponse, session: goAway, stream: closesSession });
  closeIdle(server);
  const timer = setInterval(closeIdle, LOOK, server);
  for (const session of sessionsOf(server)) goAway(session);
  for (const one of [...draining.idle]) one.end(shutdown());
  try {
    await within(timeout, closed, signal);
    for (const one of [...draining.open]) one.end(shutdown());
    for (const { _httpMessage: message } of httpConnectionsOf(server)) {
      if (message) sealOf(message)?.fail?.(shutdown());
    }
    await within(LEAVING, closed);
    for (const one of [...draining.open]) one.kill();
    (server as Partial<HttpServer>).closeAllConnections?.();
    for (const session of sessionsOf(server)) if (!session.destroyed) session.goaway(INTERNAL_ERROR);
    await within(TELLING, closed);
    for (const connection of rawConnectionsOf(server)) reset(connection);
    await closed;
  } finally {
    clearInterval(timer);
    stopWatching();
    draining.isDraining = false; // it may listen again
  }
}

type Listener = Parameters<EventEmitter['on']>[1];

function prependAll(server: EventEmitter, listeners: Record<string, Listener>): () => void {
  for (const [name, listener] of Object.entries(listeners)) {
    // With its first listener, a server of HTTP/2 makes a response for each stream.
    if (name !== 'request' || server.listenerCount(name) > 0) server.prependListener(name, listener);
  }
  return () => {
    for (const [name, listener] of Object.entries(listeners)) server.off(name, listener);
  };
}

/** GOAWAY: streams that are open may end, new ones are refused. Node does so itself from Node 24 on, when the server closes. */
function goAway(session: Http2Session): void {
  if (!session.closed && !session.destroyed) session.close();
}

function closesSession({ session }: ServerHttp2Stream): void {
  if (session !== undefined) goAway(session);
}

/** Those that Node 24 and later keep a list of; before, those on which something was sealed or responded on. */
function sessionsOf(server: object): Http2Session[] {
  const known = drainingOf(server).sessions ?? [];
  return [...new Set([...((hidden(server, 'sessions') as Set<Http2Session> | undefined) ?? []), ...known])];
}

/** Of HTTP/1.1: those that a server of Node's keeps a list of, each with its response (works on Node 20 to 26). */
function httpConnectionsOf(server: object): (Socket & { _httpMessage?: ServerResponse | null })[] {
  const list = hidden(server, 'http.server.connections') as { all?(): { socket?: Socket | null }[] } | undefined;
  return (list?.all?.() ?? []).flatMap(({ socket }) => socket ?? []);
}

/** What Node keeps on a server under a symbol of this name. */
function hidden(server: object, name: string): unknown {
  const symbol = Object.getOwnPropertySymbols(server).find(({ description }) => description === name);
  return symbol && Reflect.get(server, symbol);
}

/**
 * All connections of a server that are left, those below TLS: for a server of HTTP/2 nobody else can tell. Its sessions are
 * not destroyed: that would send NO_ERROR, or end the process with the errors of streams to which nobody listens.
 */
function rawConnectionsOf(server: object): Socket[] {
  const { _getActiveHandles: handles } = process as { _getActiveHandles?: () => unknown[] };
  const sockets = (handles?.call(process) ?? []).filter((one): one is Socket => one instanceof Socket);
  return sockets.filter((socket) => (socket as Socket & { server?: object }).server === server);
}

/** Takes no new connections; settles when the last one has gone. */
async function whenClosed(server: DrainableServer): Promise<void> {
  const isListening = server.listening;
  const close = new Promise<void>((resolve) => server.once('close', resolve));
  if (isListening) keepingWhatLeaves(() => server.close());
  else if ((await connectionsOf(server)) === 0) return;
  await close;
}

function connectionsOf(server: DrainableServer): Promise<number> {
  return new Promise((resolve) => server.getConnections((_, count) => resolve(count ?? 0)));
}

function closeIdle(server: DrainableServer): void {
  keepingWhatLeaves(() => (server as Partial<HttpServer>).closeIdleConnections?.());
}

/**
 * Calls Node for what destroys idle connections, `close` among it. Node takes one for idle when `end` has been called, with all
 * of a large response still to leave: those are let be, and so is one that waits for the peer after our FIN.
 */
function keepingWhatLeaves(call: () => void): void {
  const { prototype } = Socket;
  const { destroy } = prototype; // inherited, unless somebody watches it
  const own = Object.getOwnPropertyDescriptor(prototype, 'destroy');
  prototype.destroy = function (this: Socket, ...args: []) {
    return this.writableLength > 0 || this.writableEnded ? this : Reflect.apply(destroy, this, args);
  };
  try {
    call();
  } finally {
    if (own === undefined) Reflect.deleteProperty(prototype, 'destroy');
    else Object.defineProperty(prototype, 'destroy', own);
  }
}

function closesAfterResponse({ httpVersionMajor }: IncomingMessage, response: ServerResponse): void {
  if (httpVersionMajor === 1) response.shouldKeepAlive = false;
}

/** Waits for it, for so long at most (0: no bound), or until the signal. */
async function within(milliseconds: number, what: Promise<void>, signal?: AbortSignal): Promise<void> {
  let stop = () => {};
  const enough = new Promise<void>((resolve) => {
    const timer = milliseconds > 0 ? setTimeout(resolve, milliseconds) : undefined;
    const onAbort = () => resolve();
    signal?.addEventListener('abort', onAbort, { once: true });
    if (signal?.aborted) resolve();
    stop = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
  });
  await Promise.race([what, enough]);
  stop();
}
