/**
 * What the jobs share: servers on free loopback ports, handlers and programs, and a client that is the same for every side.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import { node } from '../library.ts';

export const HOST = '127.0.0.1';
export const SEALED = node.requestHeaders();

export function listen(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, HOST, 4096, () => resolve((server.address() as AddressInfo).port)));
}

export const onResponse = (handler: http.RequestListener) => () => listen(http.createServer(handler));

export const onSocket = (handler: (socket: import('node:net').Socket) => Promise<void>) => () =>
  listen(createServer({ noDelay: true }, (socket) => void handler(socket.on('error', () => {})).catch(() => {})));

/** A folder for as long as this process lives. */
export function temporaryFolder(): string {
  const made = mkdtempSync(path.join(tmpdir(), 'bench-'));
  process.on('exit', () => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A program that serves for as long as this process lives, once it has said its address. */
export async function serveBy(command: string, args: readonly string[]): Promise<{ port: number; pid: number }> {
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => child.kill());
  for await (const line of createInterface({ input: child.stdout! })) {
    const port = /127\.0\.0\.1:(\d+)/.exec(line)?.[1];
    if (port !== undefined) return { port: Number(port), pid: child.pid! };
  }
  throw new Error(`${command} has not said its address`);
}

/** Writes the block so many times, as fast as it is taken. */
export function sendBlocks(to: Writable, block: Uint8Array, count: number, onBlock = () => {}): void {
  let left = count;
  const go = () => {
    while (left-- > 0) {
      onBlock();
      if (!to.write(block)) return void to.once('drain', go);
    }
    to.end();
  };
  go();
}

interface Wanted {
  path?: string;
  /** Whether the status is asked for, and has to be `ok` then. */
  isSealed?: boolean;
  connections?: number;
}

/** Requests on kept-alive connections: so many in all. The proof is a digest of every content. */
export async function request(port: number, count: number, { path = '/', isSealed = false, connections = 4 }: Wanted) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  const headers = isSealed ? SEALED : {};
  const digests = new Set<string>();
  let left = count;
  const client = async () => {
    while (left-- > 0) {
      await new Promise<void>((resolve, reject) => {
        const one = http.get({ host: HOST, port, path, agent, headers }, (response) => {
          const hash = createHash('sha256');
          response.on('data', (data) => hash.update(data));
          response.on('error', reject);
          response.on('end', () => {
            const status = response.trailers['x-stream-status'];
            if (isSealed && !status?.startsWith('ok')) reject(new Error(`The status is ${status}`));
            digests.add(hash.digest('base64'));
            resolve();
          });
        });
        one.on('error', reject);
      });
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
  agent.destroy();
  return [...digests].join(' ');
}
