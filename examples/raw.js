/** A response on a raw socket, with no HTTP server: the request is read, and the rows are streamed to whoever asks. */
import { createServer } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { readRequest, respond } from 'chunked-trailers';
import { rows } from './rows.js';

const server = createServer(async (socket) => {
  try {
    for (;;) {
      const request = await readRequest(socket);
      const response = respond(socket, { request, headers: { 'Content-Type': 'text/csv' } });
      await pipeline(rows(request.target.endsWith('?fails')), response).catch((error) =>
        console.error(request.target, error.message),
      );
    }
  } catch (error) {
    if (error.code !== 'ERR_NO_REQUEST') console.error(error.message); // else the client is done
    socket.end();
  }
});

server.listen(Number(process.env.PORT ?? 3000), () => console.log(`http://localhost:${server.address().port}/export`));
