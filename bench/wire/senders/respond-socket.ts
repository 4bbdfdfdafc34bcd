/** respond on a raw socket. */
import { createServer, type Socket } from 'node:net';
import { loadLibrary } from '../library.ts';
import { listen, send } from './sending.ts';

const { readRequest, respond } = await loadLibrary();

async function serve(socket: Socket): Promise<void> {
  const request = await readRequest(socket);
  await send(request.target, () => respond(socket, { request }));
}

await listen(createServer((socket) => serve(socket)));
