/**
 * Three servers in one process. Each writes the time into what it writes, once at first and then a few times more, with
 * the response idle in between, so that the client can tell how long it was under way.
 */
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { loadLibrary } from '../library.ts';
import { endWithParent, say } from '../role.ts';
import { stamp, WRITES } from './stamp.ts';

const IDLE_MS = 2;

const { readRequest, respond } = await loadLibrary();

async function write(response: Writable): Promise<void> {
  response.write(stamp());
  for (let i = 1; i < WRITES; i++) {
    await delay(IDLE_MS);
    response.write(stamp());
  }
  response.end();
}

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

endWithParent();
say({
  'respond-socket': await portOf(
    createServer(async (socket) => write(respond(socket, { request: await readRequest(socket) }))),
  ),
  'respond-response': await portOf(createHttpServer((_, response) => write(respond(response)))),
  'server-response': await portOf(createHttpServer((_, response) => write(response))),
});
