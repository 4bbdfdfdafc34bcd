/** A server that drains at SIGTERM, and ends: one process, or with the argument `cluster` two behind a primary. */
import cluster from 'node:cluster';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { drain, respond } from '../../dist/node/index.js';

if (process.argv[2] === 'cluster' && cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  cluster.once('listening', (_, { port }) => console.log(port));
  process.on('SIGTERM', () => {
    for (const worker of workers) worker.process.kill('SIGTERM');
  });
} else {
  const server = createServer((_, res) => {
    const source = new Readable({ read() {} });
    source.push('data');
    pipeline(source, respond(res)).catch(() => {});
  });
  server.listen(0, '127.0.0.1', () => cluster.isPrimary && console.log(server.address().port));
  process.on('SIGTERM', async () => {
    await drain(server, { timeout: 100 });
    process.disconnect?.();
  });
}
