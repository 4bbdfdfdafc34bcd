import { pipeline } from 'node:stream/promises';
import { serve } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { respond } from 'chunked-trailers';
import { Hono } from 'hono';
import { rows } from './rows.js';

const app = new Hono();

app.get('/export', async (c) => {
  const response = respond(c.env.outgoing, { headers: { 'Content-Type': 'text/csv' } });
  await pipeline(rows(c.req.query('fails') !== undefined), response).catch((error) =>
    console.error(c.req.path, error.message),
  );
  return RESPONSE_ALREADY_SENT; // the response is ours
});

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, ({ port }) =>
  console.log(`http://localhost:${port}/export`),
);
