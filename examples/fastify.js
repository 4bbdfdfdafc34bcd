import { pipeline } from 'node:stream/promises';
import { respond } from 'chunked-trailers';
import Fastify from 'fastify';
import { rows } from './rows.js';

const app = Fastify();

app.get('/export', async (request, reply) => {
  reply.hijack(); // from here on the response is ours
  const response = respond(reply.raw, { headers: { 'Content-Type': 'text/csv' } });
  await pipeline(rows('fails' in request.query), response).catch((error) => console.error(request.url, error.message));
});

await app.listen({ port: Number(process.env.PORT ?? 3000) });
console.log(`http://localhost:${app.server.address().port}/export`);
