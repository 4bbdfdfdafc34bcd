import { pipeline } from 'node:stream/promises';
import { respond } from 'chunked-trailers';
import express from 'express';
import { rows } from './rows.js';

const app = express();

app.get('/export', async (req, res) => {
  res.type('text/csv');
  await pipeline(rows('fails' in req.query), respond(res)).catch((error) => console.error(req.url, error.message));
});

const server = app.listen(Number(process.env.PORT ?? 3000), () =>
  console.log(`http://localhost:${server.address().port}/export`),
);
