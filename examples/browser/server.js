/** The page, the modules that it imports as they are, and the table that it streams. */
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { acceptsInContent, respond } from 'chunked-trailers';
import { orders, ROWS } from './orders.js';

const folderOf = (specifier) => path.dirname(fileURLToPath(import.meta.resolve(specifier)));

/** Where the files of a URL are, by how its path begins. */
const FOLDERS = {
  '/chunked-trailers/': path.join(folderOf('chunked-trailers/web'), '..'),
  '/noble-hashes/': folderOf('@noble/hashes/sha2.js'),
  '/': path.join(import.meta.dirname, 'public'),
};

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css' };

const server = createServer(async (req, res) => {
  const { pathname, searchParams } = new URL(req.url, 'http://localhost');
  if (pathname === '/orders.csv') await sendOrders(req, res, searchParams);
  else sendFile(res, pathname === '/' ? '/index.html' : pathname);
});

async function sendOrders(req, res, searchParams) {
  res.setHeader('Content-Type', 'text/csv; charset=utf-8');
  res.setHeader('X-Row-Count', ROWS);
  res.setHeader('Vary', 'Accept');
  const response = respond(res, {
    framing: acceptsInContent(req) ? 'content' : undefined, // the page asks for it; curl gets CSV with HTTP trailers
    describeError: (error) => ({ type: 'source_error', details: error.message }),
  });
  if (searchParams.has('cut')) sleep(1500).then(() => req.socket.destroy()); // as a crash does, or a lost network
  await pipeline(orders(searchParams.has('fails')), response).catch((error) => console.error(req.url, error.message));
}

function sendFile(res, pathname) {
  const [prefix, folder] = Object.entries(FOLDERS).find(([start]) => pathname.startsWith(start));
  const file = path.join(folder, path.normalize(`/${pathname.slice(prefix.length)}`));
  const type = TYPES[path.extname(file)];
  if (type === undefined || !existsSync(file)) return res.writeHead(404).end();
  res.writeHead(200, { 'Content-Type': type });
  createReadStream(file).pipe(res);
}

server.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`listening on ${server.address().port}`);
});
