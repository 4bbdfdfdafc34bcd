/**
 * drain: ends a server so that every client is told. `server.close()` waits for ever on a response that goes on, and
 * `closeAllConnections()` cuts them all without a reason.
 */
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import { type Server, Socket } from 'node:net';
import { drainingOf, shutdown } from './draining.ts';
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

/**
 * Ends a server of `node:http`, `node:https` or `node:net`: no new connections, idle ones are closed as soon as they are
 * idle, open responses have `timeout` milliseconds to end, and those of `respond` that are open then fail with
 * `type=server_shutdown`. Two seconds later, whatever has not gone is reset.
 *
 * Meanwhile a request that comes on a connection in use is answered with `Connection: close`; `respond` answers it with
 * 503. A health check sees `server.listening === false`.
 *
 * @returns settles when every connection has closed; never rejects for what peers do
 * @throws TypeError, RangeError for invalid options
 * @example
 * process.on('SIGTERM', () => drain(server, { timeout: 20_000 }).then(() => process.exit()));
 */
export async function drain(server: Server | HttpServer, options: DrainOptions = {}): Promise<void> {
  const { signal } = options;
  const timeout = timeoutFrom('timeout', options.timeout ?? 10_000);
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw new TypeError('signal must be an AbortSignal');
  const draining = drainingOf(server);
  draining.isDraining = true;
  const closed = whenClosed(server);
  server.prependListener('request', closesAfterResponse);
  closeIdle(server);
  const timer = setInterval(closeIdle, LOOK, server);
  for (const one of [...draining.idle]) one.end(shutdown());
  try {
    await within(timeout, closed, signal);
    for (const one of [...draining.open]) one.end(shutdown());
    await within(LEAVING, closed);
    for (const one of [...draining.open]) one.kill();
    (server as Partial<HttpServer>).closeAllConnections?.();
    await closed;
  } finally {
    clearInterval(timer);
    server.off('request', closesAfterResponse);
    draining.isDraining = false; // it may listen again
  }
}

/** Takes no new connections; settles when the last one has gone. */
async function whenClosed(server: Server | HttpServer): Promise<void> {
  const isListening = server.listening;
  const close = new Promise<void>((resolve) => server.once('close', resolve));
  if (isListening) keepingWhatLeaves(() => server.close());
  else if ((await connectionsOf(server)) === 0) return;
  await close;
}

function connectionsOf(server: Server | HttpServer): Promise<number> {
  return new Promise((resolve) => server.getConnections((_, count) => resolve(count ?? 0)));
}

function closeIdle(server: Server | HttpServer): void {
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

function closesAfterResponse(_: IncomingMessage, response: ServerResponse): void {
  response.shouldKeepAlive = false;
}

/** Waits for it, for so long at most (0: no bound), or until the signal. */
async function within(milliseconds: number, what: Promise<void>, signal?: AbortSignal): Promise<void> {
  let stop = () => {};
  const enough = new Promise<void>((resolve) => {
    const timer = milliseconds > 0 ? setTimeout(resolve, milliseconds) : undefined;
    signal?.addEventListener('abort', () => resolve(), { once: true });
    if (signal?.aborted) resolve();
    stop = () => clearTimeout(timer);
  });
  await Promise.race([what, enough]);
  stop();
}
