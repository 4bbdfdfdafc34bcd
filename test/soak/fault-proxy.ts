/**
 * A TCP proxy that does to the octets of responses what networks do, as a plan of one seed says: nothing, cut with FIN, reset,
 * stall, flip a bit, throttle, or fragment to one octet a write. It knows nothing of HTTP. What it did to a connection can be
 * asked by the client's port, so that every outcome can be held against it.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** `harmless` ones change when octets come, never which. */
export type Fault = 'none' | 'throttle' | 'fragment' | 'cut' | 'reset' | 'stall' | 'flip';

export interface Plan {
  fault: Fault;
  /** The octet of what comes back on the connection at which it strikes. */
  at: number;
  /** Which bit is flipped. */
  bit: number;
}

export interface Wrong {
  plan: Plan;
  /** Whether octets were lost, kept back or changed: from then on nothing has to be complete. */
  hasStruck: boolean;
}

/** Octets that a throttled connection gets in one go, and the milliseconds between two. */
const THROTTLED_BYTES = 4096;
const THROTTLE_INTERVAL = 2;
/** One octet a write for so many octets, then as they come: a soak is not to wait for system calls alone. */
const FRAGMENTED_BYTES = 2000;

export class FaultProxy {
  readonly #plan: () => Plan;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** By the client's port, as long as nobody else has it: no more than there are ports. */
  readonly #done = new Map<number, Wrong>();
  port = 0;

  constructor(originPort: () => number, plan: () => Plan) {
    this.#plan = plan;
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
      const origin = connect({ port: originPort(), host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
      const wrong: Wrong = { plan: this.#plan(), hasStruck: false };
      this.#done.set(client.remotePort!, wrong);
      for (const socket of [client, origin]) {
        this.#sockets.add(socket);
        socket.on('error', () => {}).once('close', () => this.#sockets.delete(socket));
      }
      client.once('close', () => origin.destroy());
      client.pipe(origin);
      void forward(origin, client, wrong);
    });
  }

  async listen(): Promise<void> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    this.port = (this.#server.address() as AddressInfo).port;
  }

  /** What was done to the connection from this port of the client's. */
  wrongOf(clientPort: number): Wrong | undefined {
    return this.#done.get(clientPort);
  }

  get openSockets(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function forward(origin: Socket, client: Socket, wrong: Wrong): Promise<void> {
  const { fault, at, bit } = wrong.plan;
  let bytes = 0;
  try {
    for await (const data of origin as AsyncIterable<Buffer>) {
      const position = at - bytes;
      const isHere = position >= 0 && position < data.length;
      bytes += data.length;
      if (isHere && (fault === 'cut' || fault === 'reset' || fault === 'stall')) {
        wrong.hasStruck = true;
        await send(client, data.subarray(0, position));
        if (fault === 'cut') client.end();
        else if (fault === 'reset') client.resetAndDestroy();
        else await left(client); // which has to give up
        return;
      }
      if (isHere && fault === 'flip') {
        wrong.hasStruck = true;
        data[position]! ^= 1 << bit;
      }
      if (fault === 'throttle') await sendSlowly(client, data);
      else if (fault === 'fragment' && bytes - data.length < FRAGMENTED_BYTES) await sendInOctets(client, data);
      else await send(client, data);
      if (client.destroyed) return;
    }
    client.end();
  } catch {
    client.resetAndDestroy(); // the origin was lost
  } finally {
    origin.destroy();
  }
}

/** The client has closed, or sent FIN, and the connection is gone with it. */
async function left(client: Socket): Promise<void> {
  if (!client.destroyed && !client.readableEnded) {
    await new Promise((resolve) => client.once('end', resolve).once('close', resolve));
  }
  client.destroy();
}

async function send(client: Socket, data: Buffer): Promise<void> {
  if (client.destroyed || data.length === 0 || client.write(data)) return;
  await new Promise<void>((resolve) => {
    const settle = () => {
      client.off('drain', settle).off('close', settle);
      resolve();
    };
    client.on('drain', settle).on('close', settle);
  });
}

async function sendSlowly(client: Socket, data: Buffer): Promise<void> {
  for (let at = 0; at < data.length && !client.destroyed; at += THROTTLED_BYTES) {
    await send(client, data.subarray(at, at + THROTTLED_BYTES));
    await new Promise((resolve) => setTimeout(resolve, THROTTLE_INTERVAL));
  }
}

async function sendInOctets(client: Socket, data: Buffer): Promise<void> {
  for (let at = 0; at < Math.min(data.length, FRAGMENTED_BYTES); at++) await send(client, data.subarray(at, at + 1));
  await send(client, data.subarray(FRAGMENTED_BYTES));
}
