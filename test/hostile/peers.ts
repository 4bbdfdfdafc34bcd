/**
 * Peers that mean harm, over real sockets, and what came of them: how many octets they got rid of, how long that took, and
 * how much memory it held at most. Each client asks once and reads to the end.
 */
import { get, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { BodyError, Verdict } from '../../src/core/verdict.ts';
import { type ReceiveOptions, receive } from '../../src/node/receive/receive.ts';
import type { ReceivedBody } from '../../src/node/receive/received-body.ts';
import { type VerifyOptions, verify } from '../../src/node/receive/verify.ts';
import { origin } from '../support/servers.ts';

export const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
export const GIB = 2 ** 30;
export const MIB = 2 ** 20;

export interface Peer {
  port: number;
  /** Octets that it has given to its socket. */
  sent: number;
}

/** Answers with the beginning, then with the piece again and again, as fast as it is read, and leaves the connection open. */
export async function flooding(beginning: string, piece: string, total: number, end = ''): Promise<Peer> {
  const peer = { port: 0, sent: 0 };
  const repeats = Math.max(1, Math.floor(65536 / piece.length));
  const octets = Buffer.from(piece.repeat(repeats), 'latin1');
  peer.port = await origin((socket) => {
    socket.write(beginning, 'latin1');
    flood(socket, octets, Math.floor(total / octets.length), (sent) => {
      peer.sent += sent;
    }).then(() => socket.write(end, 'latin1'));
  });
  return peer;
}

/** Settles when all is written; never if the socket closes before. */
export function flood(socket: Socket, octets: Buffer, times: number, onSent: (bytes: number) => void): Promise<void> {
  return new Promise((resolve) => {
    let left = times;
    const pump = () => {
      while (left > 0 && !socket.destroyed) {
        left--;
        onSent(octets.length);
        if (!socket.write(octets)) {
          socket.once('drain', pump);
          return;
        }
      }
      if (left === 0) resolve();
    };
    pump();
  });
}

/** Answers with the beginning, then with a piece every so many milliseconds: a slow-loris on its day off. */
export function dripping(beginning: string, piece: string, milliseconds: number): Promise<number> {
  return origin((socket) => {
    socket.write(beginning, 'latin1');
    drip(socket, piece, milliseconds);
  });
}

export function drip(socket: Socket, piece: string, milliseconds: number): void {
  const timer = setInterval(() => socket.write(piece, 'latin1'), milliseconds);
  socket.once('close', () => clearInterval(timer));
}

export interface Outcome {
  /** Of the BodyError, or of Node's error; undefined for a body that ended. */
  code: string | undefined;
  kind: Verdict['kind'] | undefined;
  bytes: number;
  offset: number | undefined;
  milliseconds: number;
  /** By how much the memory in use had grown at most. */
  peakBytes: number;
}

export type Client = (port: number, options?: ReceiveOptions & VerifyOptions) => Promise<Outcome>;

export const viaReceive: Client = (port, options) =>
  observed(async () => {
    const socket = connect(port, '127.0.0.1');
    try {
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      return await read((await receive(socket, options)).body);
    } finally {
      socket.destroy();
    }
  });

export const viaVerify: Client = (port, options) =>
  observed(async () => {
    const request = get({ port, host: '127.0.0.1', agent: false });
    request.on('error', () => {}); // behind the response it is the body's as well
    try {
      const body = await new Promise<ReceivedBody>((resolve, reject) => {
        request.on('response', (response: IncomingMessage) => resolve(verify(response, options)));
        request.on('error', reject);
      });
      return await read(body);
    } finally {
      request.destroy();
    }
  });

async function read(body: ReceivedBody): Promise<Pick<Outcome, 'kind' | 'bytes'> & { error?: unknown }> {
  let bytes = 0;
  let error: unknown;
  try {
    for await (const data of body) bytes += (data as Buffer).length;
  } catch (cause) {
    error = cause;
  }
  return { bytes, kind: (await body.verdict).kind, error };
}

async function observed(act: () => Promise<Pick<Outcome, 'kind' | 'bytes'> & { error?: unknown }>): Promise<Outcome> {
  const memory = new MemoryPeak();
  const began = performance.now();
  let found: Awaited<ReturnType<typeof act>> | undefined;
  let error: unknown;
  try {
    found = await act();
    ({ error } = found);
  } catch (cause) {
    error = cause;
  }
  const milliseconds = performance.now() - began;
  return {
    code: (error as BodyError | undefined)?.code,
    kind: found?.kind,
    bytes: found?.bytes ?? 0,
    offset: (error as BodyError | undefined)?.offset,
    milliseconds,
    peakBytes: memory.stop(),
  };
}

/** The most memory that the process has in use, heap and buffers, above what it had; garbage is counted until it goes. */
export class MemoryPeak {
  readonly #before = inUse();
  readonly #timer: NodeJS.Timeout;
  #peak = 0;

  constructor() {
    this.#timer = setInterval(() => this.#look(), 5);
  }

  stop(): number {
    clearInterval(this.#timer);
    this.#look();
    return this.#peak;
  }

  #look(): void {
    this.#peak = Math.max(this.#peak, inUse() - this.#before);
  }
}

function inUse(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
