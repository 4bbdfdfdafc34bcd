/** Servers whose content a client can make for itself: `/<octets>/<seed>/<how>`, of which each kind of `respond` is one. */
import { createHash } from 'node:crypto';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { readRequest } from '../../src/node/head/read-request.ts';
import { respond } from '../../src/node/send/respond.ts';

/** `good`; or `fails` behind all its octets, so that nothing but the end tells. */
export type How = 'good' | 'fails';

/** Pseudo-random octets that differ with the seed and from each other: a keystream of a counter. */
export function contentOf(bytes: number, seed: number): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes; at += 4096) {
    // One hash for each 4 KiB, repeated with a changing octet: enough that lost, doubled and moved octets show.
    const hash = createHash('sha256').update(`${seed} ${at}`).digest();
    const block = Buffer.alloc(Math.min(4096, bytes - at), hash);
    for (let octet = 0; octet < block.length; octet += 32) block[octet] = octet >> 5;
    blocks.push(block);
  }
  return Buffer.concat(blocks);
}

export const openSources = { count: 0 };

async function* source(target: string): AsyncGenerator<Buffer> {
  openSources.count++;
  try {
    const [, bytes, seed, how] = target.split('/');
    const content = contentOf(Number(bytes), Number(seed));
    const step = 64 + (Number(seed) % 5000);
    let pieces = 0;
    for (let at = 0; at < content.length; at += step) {
      if (pieces++ % 16 === 0) await new Promise(setImmediate); // sometimes the source makes us wait
      yield content.subarray(at, at + step);
    }
    if (how === 'fails') throw new Error('on purpose');
  } finally {
    openSources.count--;
  }
}

const OPTIONS = { idleTimeout: 20_000, lingerTimeout: 200 };

export function httpOrigin(): HttpServer {
  return createHttpServer({ keepAliveTimeout: 600_000 }, (req, res) => {
    void pipeline(source(req.url!), respond(res, OPTIONS)).catch(() => {});
  });
}

export function socketOrigin(): Server {
  return createServer({ noDelay: true }, (socket) => void serve(socket));
}

async function serve(socket: Socket): Promise<void> {
  try {
    for (;;) {
      const request = await readRequest(socket);
      await pipeline(source(request.target), respond(socket, { request, ...OPTIONS })).catch(() => {});
    }
  } catch {
    socket.destroy(); // the client is done
  }
}
