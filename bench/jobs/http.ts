/** What the jobs share: servers on free loopback ports, and a client that is the same for every side. */
import { createHash } from 'node:crypto';
import http from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { node } from '../library.ts';

export const HOST = '127.0.0.1';
export const SEALED = node.requestHeaders();

export function listen(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, HOST, 4096, () => resolve((server.address() as AddressInfo).port)));
}

export const onResponse = (handler: http.RequestListener) => () => listen(http.createServer(handler));

export const onSocket = (handler: (socket: import('node:net').Socket) => Promise<void>) => () =>
  listen(createServer({ noDelay: true }, (socket) => void handler(socket.on('error', () => {})).catch(() => {})));

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
