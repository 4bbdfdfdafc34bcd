/**
 * Real loopback connections, and what an observer who knows no HTTP sees of one: octets, and how they ended. Everything
 * is closed when the test ends. The server's socket gets no 'error' listener from here: the code under test must not
 * leave an error to nobody.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { latin1 } from '../octets.ts';

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

/** Records what comes from a socket, a character an octet, and how that ended. */
export class Wire {
  readonly socket: Socket;
  #octets = '';
  /** `FIN`, or the code of the error: `ECONNRESET` for RST. In the order in which they came. */
  readonly #signs: string[] = [];
  #isClosed = false;
  #onChange = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket
      .on('data', (data) => {
        this.#octets += latin1(data);
        this.#onChange();
      })
      .on('end', () => this.#signs.push('FIN'))
      .on('error', (error: NodeJS.ErrnoException) => this.#signs.push(error.code ?? error.message))
      .on('close', () => {
        this.#isClosed = true;
        this.#onChange();
      });
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Waits for the text; what came up to its end is taken off what is returned next. */
  async until(text: string): Promise<string> {
    let at = this.#octets.indexOf(text);
    while (at === -1) {
      if (this.#isClosed) throw new Error(`closed (${this.#signs}) before ${JSON.stringify(text)}: ${this.#octets}`);
      await this.#change();
      at = this.#octets.indexOf(text);
    }
    return this.#take(at + text.length);
  }

  /** Waits for the connection to close: all that had not been taken, and how it ended. */
  async closed(): Promise<{ octets: string; end: string }> {
    while (!this.#isClosed) await this.#change();
    return { octets: this.#take(this.#octets.length), end: this.#signs.join(' ') };
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#onChange = resolve;
    });
  }

  #take(length: number): string {
    const taken = this.#octets.slice(0, length);
    this.#octets = this.#octets.slice(length);
    return taken;
  }
}

/** How many listeners there are for each event. */
export function listenerCounts(socket: Socket): Record<string, number> {
  return Object.fromEntries(socket.eventNames().map((name) => [String(name), socket.listenerCount(name)]));
}

/** Waits for 'close', which may have been emitted already. */
export async function closed(stream: { closed?: boolean | undefined } & NodeJS.EventEmitter): Promise<void> {
  const isClosed = closings.get(stream);
  if (isClosed !== undefined) return isClosed; // a socket is `closed` some time before it says so
  if (!stream.closed) await new Promise((resolve) => stream.once('close', resolve));
  else await new Promise((resolve) => setImmediate(resolve));
}

/** Waits until the condition holds, looking after every round of the event loop; the test's timeout bounds it. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
