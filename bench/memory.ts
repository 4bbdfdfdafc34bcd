/**
 * npm run bench:memory: a 4 GiB body through respond and receive over loopback, in one process. Says how far memory rose
 * above its level after the first 64 MiB, and how far a reader that stops lets the writer run ahead.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';

const MIB = 2 ** 20;
const { values } = parseArgs({
  options: { gib: { type: 'string', default: '4' }, help: { type: 'boolean', short: 'h' } },
});
if (values.help) {
  console.log('npm run bench:memory [-- --gib 4]');
  process.exit(0);
}
const TOTAL = Number(values.gib) * 1024 * MIB;

const library: typeof import('../src/node/index.ts') = await import(
  new URL('../dist/node/index.js', import.meta.url).href
);
const { readRequest, receive, requestHeaders, respond } = library;

/** Octets that the source has given, and not more than it was asked for. */
let given = 0;

function source(): Readable {
  const piece = Buffer.alloc(65536, 'memory');
  given = 0;
  return new Readable({
    read() {
      given += piece.length;
      this.push(given > TOTAL ? null : piece);
    },
  });
}

const server = createServer(async (socket) => {
  const request = await readRequest(socket);
  await pipeline(source(), respond(socket, { request })).catch(() => {});
}).listen(0, '127.0.0.1');
await once(server, 'listening');

async function ask() {
  const socket: Socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const fields = Object.entries({ Host: '127.0.0.1', ...requestHeaders() });
  socket.write(`GET / HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
  return { socket, response: await receive(socket) };
}

{
  const { socket, response } = await ask();
  let bytes = 0;
  let first = 0;
  let highest = 0;
  const start = performance.now();
  const destination = new Writable({
    write(data: Buffer, _encoding, callback) {
      bytes += data.length;
      const rss = process.memoryUsage.rss();
      if (bytes > 64 * MIB) {
        first ||= rss;
        highest = Math.max(highest, rss);
      }
      callback();
    },
  });
  await pipeline(response.body, destination);
  const { kind } = await response.body.verdict;
  const seconds = (performance.now() - start) / 1000;
  console.log(`${bytes / MIB} MiB, ${kind}, ${(bytes / 1e6 / seconds).toFixed(0)} MB/s`);
  console.log(
    `RSS ${(first / MIB).toFixed(0)} MiB after the first 64 MiB, at most ${(highest / MIB).toFixed(0)} MiB later`,
  );
  socket.destroy();
  if (kind !== 'complete' || highest - first > 64 * MIB) process.exitCode = 1;
}
{
  const { socket, response } = await ask();
  const [data] = (await once(response.body, 'data')) as [Buffer];
  response.body.pause();
  let before: number;
  do {
    before = given;
    await new Promise((resolve) => setTimeout(resolve, 200));
  } while (given > before);
  console.log(`A reader that stops after ${data.length} octets: the source is held at ${(given / MIB).toFixed(1)} MiB`);
  response.body.destroy();
  socket.destroy();
}
server.close();
