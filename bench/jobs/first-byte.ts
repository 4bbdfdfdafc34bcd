/** How late the first byte comes: from a request on a warm connection to the first data. The work is a number of requests. */
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Writable } from 'node:stream';
import { type Job, median } from '../job.ts';
import { node } from '../library.ts';
import { HOST, onResponse } from './http.ts';

function send(to: Writable): void {
  to.write('first');
  setTimeout(() => to.end('last'), 1);
}

async function wait(port: number, count: number) {
  const socket = connect(port, HOST).setNoDelay(true);
  await once(socket, 'connect');
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    let text = '';
    let first = 0;
    while (!text.endsWith('0\r\n\r\n')) {
      text += (await once(socket, 'data'))[0].toString('latin1');
      if (first === 0 && text.includes('first')) first = performance.now() - start;
    }
    if (!/first\r\n[\s\S]*last\r\n0/.test(text)) throw new Error(`What has come: ${text}`);
    times.push(first / 1000);
  }
  socket.destroy();
  return { proof: `${count} whole responses`, time: median(times) };
}

export const job: Job = {
  measured: 'client',
  servers: {
    res: onResponse((_req, res) => send(res)),
    'respond(res)': onResponse((_req, res) => send(node.respond(res))),
  },
  clients: { wait },
  sides: { res: ['res', 'wait'], 'respond(res)': ['respond(res)', 'wait'] },
  rows: [
    {
      title: 'the first byte of respond(res), beside res.write',
      ours: 'respond(res)',
      theirs: 'res',
      by: 'time',
      target: 1.1,
      why: 'With a millisecond between requests, the JavaScript before the first write is cold: from the handler to the write 22 us, where it takes res 9. Opening the response is a third of that, the head and the write the rest.',
    },
  ],
  // By then V8 has compiled most of what runs: the first thousand takes twice as long on res, three times on ours (measured).
  work: { warmUp: 3000, quick: 2000, full: 5000 },
};
