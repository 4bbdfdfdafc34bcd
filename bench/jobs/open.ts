/** Many open responses with a small write a second each. The warm-up opens them; the work is seconds of that. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job } from '../job.ts';
import { node } from '../library.ts';
import { HOST, onResponse } from './http.ts';

const COUNT = process.env.BENCH_QUICK ? 1000 : 9000;
const DATA = 'data: tick\n\n';

function tick(to: Writable): void {
  to.on('error', () => {});
  to.write(DATA);
  const timer = setInterval(() => to.write(DATA), 1000);
  to.on('close', () => clearInterval(timer));
}

const sockets: Socket[] = [];
let bytes = 0;

async function watch(port: number, seconds: number): Promise<string> {
  while (sockets.length < COUNT) {
    const socket = connect(port, HOST).on('error', () => {});
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    sockets.push(socket);
    await once(socket, 'data');
    socket.on('data', (data) => {
      bytes += data.length;
    });
  }
  bytes = 0;
  await sleep(seconds * 1000);
  // Each chunk is 12 bytes in 5 of framing; a second that has not come yet is allowed for.
  if (bytes < COUNT * (DATA.length + 5) * (seconds - 1)) throw new Error(`Only ${bytes} bytes have come`);
  return `${COUNT} responses open`;
}

export const job: Job = {
  measured: 'server',
  servers: {
    res: onResponse((_req, res) => tick(res)),
    'respond(res)': onResponse((_req, res) => tick(node.respond(res))),
  },
  clients: { watch },
  sides: { res: ['res', 'watch'], 'respond(res)': ['respond(res)', 'watch'] },
  rows: [
    {
      title: 'open responses, a write a second each',
      ours: 'respond(res)',
      theirs: 'res',
      by: 'CPU',
      target: 1.2,
      why: 'A tick to gather in, a chunk and a timer for each write.',
    },
    {
      title: 'the same: KiB of memory for each, over those of res',
      ours: 'respond(res)',
      theirs: 'res',
      by: 'memory',
      each: COUNT,
      target: 4,
      why: 'A Writable of its own, with its state, its listeners and its record, for each response.',
    },
  ],
  work: { warmUp: 1, quick: 3, full: 10 },
  runs: 3,
};
