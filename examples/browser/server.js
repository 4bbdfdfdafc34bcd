/**
 * The page, the modules that it imports as they are, the table that it streams, by plain Node and by chunked-trailers, and
 * an archive to download.
 */
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { acceptsInContent, respond } from 'chunked-trailers';
import { sendFile } from 'chunked-trailers/files';
import { makeArchive } from './archive.js';
import { forwardInHttp10 } from './old-proxy.js';
import { orders, ROWS } from './orders.js';

const folderOf = (specifier) => path.dirname(fileURLToPath(import.meta.resolve(specifier)));

/** Where the files of a URL are, by how its path begins. */
const FOLDERS = {
  '/chunked-trailers/': path.join(folderOf('chunked-trailers/web'), '..'),
  '/noble-hashes/': folderOf('@noble/hashes/sha2.js'),
  '/': path.join(import.meta.dirname, 'public'),
};

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css' };

const archive = await makeArchive();

const server = createServer(async (req, res) => {
  const { pathname, search, searchParams } = new URL(req.url, 'http://localhost');
  try {
    if (pathname.startsWith('/old-proxy/')) {
      await forwardInHttp10(req, res, server.address().port, pathname.slice('/old-proxy'.length) + search);
    } else if (pathname === '/plain.csv' || pathname === '/sealed.csv') {
      await sendOrders(req, res, pathname === '/sealed.csv', searchParams);
    } else if (pathname === '/archive.csv') {
      if (searchParams.has('breaks')) breakOff(req.socket, archive.bytes * 0.6);
      await sendFile(res, archive.file);
    } else {
      sendPart(res, pathname === '/' ? '/index.html' : pathname);
    }
  } catch (error) {
    console.error(req.url, error.message);
  }
});

async function sendOrders(req, res, isSealed, searchParams) {
  res.setHeader('Content-Type', 'text/csv; charset=utf-8');
  res.setHeader('X-Row-Count', ROWS);
  if (searchParams.has('breaks')) breakOff(req.socket, 1e6);
  await pipeline(orders(searchParams.has('fails')), isSealed ? sealed(req, res) : res);
}

function sealed(req, res) {
  res.setHeader('Vary', 'Accept');
  return respond(res, {
    framing: acceptsInContent(req) ? 'content' : undefined, // the page asks for it; curl gets CSV with HTTP trailers
    describeError: (error) => ({ type: 'source_error', details: error.message }),
  });
}

/** What Node says of a network that is gone. A plain `destroy()` would be the application's, and `respond` tells why. */
const LOST = { code: 'ECONNRESET', syscall: 'write' };

/** Ends the connection after so many bytes, as a lost network does. */
function breakOff(socket, bytes) {
  const end = socket.bytesWritten + bytes;
  const timer = setInterval(check, 10);
  socket.on('drain', check).once('close', () => clearInterval(timer));
  function check() {
    if (socket.bytesWritten > end) socket.destroy(Object.assign(new Error('lost on purpose'), LOST));
  }
}

/** A file that is part of the page. */
function sendPart(res, pathname) {
  const [prefix, folder] = Object.entries(FOLDERS).find(([start]) => pathname.startsWith(start));
  const file = path.join(folder, path.normalize(`/${pathname.slice(prefix.length)}`));
  const type = TYPES[path.extname(file)];
  if (type === undefined || !existsSync(file)) return res.writeHead(404).end();
  res.writeHead(200, { 'Content-Type': type });
  createReadStream(file).pipe(res);
}

server.on('error', (error) => {
  console.error(error.code === 'EADDRINUSE' ? `${error.message}: choose another by PORT=3001` : error.message);
  process.exit(1);
});
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/  (Ctrl-C stops)`);
});
