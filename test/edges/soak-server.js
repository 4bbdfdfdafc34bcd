/**
 * Express with compression in front of respond, in a process of its own, which tells what is left in it.
 * usage: node --expose-gc soak-server.js EXPRESS COMPRESSION, the names of the packages
 */
import { readdirSync } from 'node:fs';
import http from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { respond } from '../../dist/node/index.js';
import { contentOf } from './content.js';

const [, , expressName, compressionName] = process.argv;
const express = (await import(expressName)).default;
const compression = (await import(compressionName)).default;

let open = 0;
async function* rows(bytes, seed, how) {
  open++;
  try {
    const content = contentOf(bytes, seed);
    const step = 256 + (seed % 8000);
    let pieces = 0;
    for (let at = 0; at < content.length; at += step) {
      if (pieces++ % 8 === 0) await new Promise(setImmediate);
      yield content.subarray(at, at + step);
    }
    if (how === 'fails') throw new Error('the disk is gone');
  } finally {
    open--;
  }
}

const app = express();
app.set('env', 'test');
app.use(compression());
app.get('/:bytes/:seed/:how', (req, res, next) => {
  const { bytes, seed, how } = req.params;
  const source = Readable.from(rows(Number(bytes), Number(seed), how), { objectMode: false });
  const response = respond(res, {
    headers: { 'Content-Type': 'text/plain' },
    idleTimeout: 5000,
    lingerTimeout: 200,
  });
  pipeline(source, response).catch(next);
});
const server = http.createServer(app);

/** Open descriptors; 0 where the system does not tell. */
function descriptors() {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}

function left() {
  const active = process.getActiveResourcesInfo();
  const { heapUsed, external } = process.memoryUsage();
  return {
    sources: open,
    sockets: active.filter((name) => name === 'TCPSocketWrap').length,
    timers: active.filter((name) => name === 'Timeout').length,
    descriptors: descriptors(),
    memory: heapUsed + external,
  };
}

process.on('message', async () => {
  for (let at = 0; at < 1000 && (open > 0 || left().sockets > 0); at++) await new Promise((go) => setTimeout(go, 20));
  for (let time = 0; time < 4; time++) {
    globalThis.gc();
    await new Promise((go) => setTimeout(go, 50));
  }
  process.send(left());
});
process.on('disconnect', () => process.exit());
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
