/**
 * Holds connections open, each with one small write made on it and more to come, in the way that the first argument
 * names; and tells how much memory that is, the garbage collected first.
 */
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { loadLibrary } from '../library.ts';
import { answer, say } from '../role.ts';

const TEXT = 'data: hello\n\n';
const FRAMED = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nd\r\n${TEXT}\r\n`;
const COLLECTIONS = 4;

export type Kind = 'bare' | 'respond-socket' | 'respond-response' | 'server-response';

/** Octets, of the whole process. */
export interface Memory {
  heap: number;
  external: number;
  resident: number;
}

const { readRequest, respond } = await loadLibrary();
/** As an application would, to write more later on. */
const held = new Set<Writable>();

function hold(stream: Writable, octets: string): void {
  held.add(stream);
  stream.write(octets);
}

const servers = {
  bare: () =>
    createServer(async (socket: Socket) => {
      await readRequest(socket);
      hold(socket, FRAMED);
      socket.resume();
    }),
  'respond-socket': () =>
    createServer(async (socket: Socket) => hold(respond(socket, { request: await readRequest(socket) }), TEXT)),
  'respond-response': () => createHttpServer((_, response) => hold(respond(response), TEXT)),
  'server-response': () => createHttpServer((_, response) => hold(response, TEXT)),
};

const server = servers[process.argv[2] as Kind]();
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') say({ port: address.port });
});

await answer(async (): Promise<Memory & { open: number }> => {
  for (let i = 0; i < COLLECTIONS; i++) {
    await delay(100); // for what ends in a later turn
    globalThis.gc!();
  }
  const { heapUsed: heap, external, rss: resident } = process.memoryUsage();
  return { heap, external, resident, open: held.size };
});
