/**
 * node server.js FILE PORT: one replica. Its file's SHA-256 lies beside it, so that every replica gives the same ETag from
 * the first request on, and a download that began at one of them goes on at another.
 */
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { drain } from 'chunked-trailers';
import { sendFile } from 'chunked-trailers/files';

const [, , file, port] = process.argv;
const sha256 = (await readFile(`${file}.sha256`, 'utf8')).trim();
let isDraining = false;

const server = http.createServer(async (req, res) => {
  // 404 takes a server out of HAProxy's rotation and lets its open responses go on (http-check disable-on-404).
  if (req.url === '/health') return res.writeHead(isDraining ? 404 : 200).end();
  console.log(`begins ${req.headers.range ?? 'the whole'}`);
  try {
    await sendFile(res, file, { sha256 });
    console.log('ends');
  } catch (error) {
    console.log(`ends: ${error.code ?? error.message}`);
  }
});
server.listen(Number(port), '127.0.0.1', () => console.log('listens'));

process.on('SIGTERM', async () => {
  isDraining = true;
  await sleep(500); // until the health check has been seen; meanwhile it listens, and serves what still comes
  await drain(server, { timeout: 1000 }); // open responses may end; the rest fails with server_shutdown
  process.exit();
});
