/**
 * Real loopback connections, and what an observer who knows no HTTP sees of one: octets, and how they ended. Everything
 * is closed when the test ends. The server's socket gets no 'error' listener from here: the code under test must not
 * leave an error to nobody.
 */
import { type EventEmitter, once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export interface Connection {
  client: Socket;
  server: Socket;
}

export interface ConnectionOptions {
  /** Whether an end goes on sending after it has read FIN; Node's default is not to. */
  clientAllowsHalfOpen?: boolean;
  serverAllowsHalfOpen?: boolean;
}

/** For each socket from here, its 'close'. */
const closings = new WeakMap<object, Promise<void>>();

/** The two ends of one new TCP connection. */
export async function connection(options: ConnectionOptions = {}): Promise<Connection> {
  const { clientAllowsHalfOpen = false, serverAllowsHalfOpen = false } = options;
  const listener = createServer({ allowHalfOpen: serverAllowsHalfOpen, noDelay: true });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  const { port } = listener.address() as AddressInfo;
  return accept(listener, { port, host: '127.0.0.1', allowHalfOpen: clientAllowsHalfOpen, noDelay: true });
}

/** The two ends of one new connection over a Unix domain socket, which has no RST. */
export async function localConnection(): Promise<Connection> {
  const folder = await mkdtemp(join(tmpdir(), 'chunked-trailers-'));
  const path = join(folder, 'socket');
  const listener = createServer();
  await once(listener.listen(path), 'listening');
  const ends = await accept(listener, { path });
  await rm(folder, { recursive: true });
  return ends;
}

async function accept(listener: Server, address: NetConnectOpts): Promise<Connection> {
  const client = connect(address);
  const [[server]] = await Promise.all([once(listener, 'connection') as Promise<[Socket]>, once(client, 'connect')]);
  listener.close();
  for (const socket of [client, server]) {
    closings.set(socket, new Promise((resolve) => socket.on('close', () => resolve())));
  }
  onTestFinished(() => {
    server.destroy();
    client.destroy();
  });
  return { client, server };
}

/** How many listeners there are for each event. */
export function listenerCounts(emitter: EventEmitter): Record<string, number> {
  return Object.fromEntries(emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)]));
}

/** Waits for 'close', which may have been emitted already. */
export async function closed(stream: { closed?: boolean | undefined } & NodeJS.EventEmitter): Promise<void> {
  const isClosed = closings.get(stream);
  if (isClosed !== undefined) return isClosed; // a socket is `closed` some time before it says so
  if (!stream.closed) await new Promise((resolve) => stream.once('close', resolve));
  else await new Promise((resolve) => setImmediate(resolve));
}

/** What the count comes to, once it has stood still for a while: there is no event for what does not happen any more. */
export async function settled(count: () => number): Promise<number> {
  let last = count();
  for (let still = 0; still < 4; still++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (count() !== last) still = -1;
    last = count();
  }
  return last;
}

/** Waits until the condition holds, looking after every round of the event loop; the test's timeout bounds it. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}
