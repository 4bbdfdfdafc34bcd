import { AsyncLocalStorage } from 'node:async_hooks';
import http from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * The application in the folder next, which next.ts has built, behind a server of one's own.
 *
 * @param {string} path what it answers with
 */
export async function next(path, { compress = true, options = {}, before = (res) => res, isTold = false } = {}) {
  if (!compress) process.env.EDGES_COMPRESS = 'false';
  const createNext = createRequire(new URL('next/', import.meta.url))('next');
  const app = createNext({ dev: false, dir: fileURLToPath(new URL('next', import.meta.url)) });
  await app.prepare();
  const handle = app.getRequestHandler();
  const responses = new AsyncLocalStorage(); // for next/src/instrumentation.js
  if (isTold) globalThis.responses = responses;
  const server = http.createServer(options, (req, res) => {
    req.url = req.url.replace('/', path);
    responses.run(before(res), () => handle(req, res));
  });
  // The first request loads what the path needs, which takes seconds on a busy machine.
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  await fetch(`http://127.0.0.1:${server.address().port}/?scenario=whole&id=none`).then((response) => response.text());
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return server;
}
