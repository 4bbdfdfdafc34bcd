import { pipeline } from 'node:stream/promises';
import { respond } from 'chunked-trailers';
import Koa from 'koa';
import { rows } from './rows.js';

const app = new Koa();

app.use(async (ctx) => {
  ctx.respond = false; // from here on the response is ours
  const response = respond(ctx.res, { status: 200, headers: { 'Content-Type': 'text/csv' } });
  await pipeline(rows('fails' in ctx.query), response).catch((error) => console.error(ctx.url, error.message));
});

const server = app.listen(Number(process.env.PORT ?? 3000), () =>
  console.log(`http://localhost:${server.address().port}/export`),
);
