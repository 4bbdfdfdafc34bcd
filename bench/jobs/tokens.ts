/** Tokens of 1 to 12 bytes, a write each, as fast as the stream takes them. The work is in KiB of text. */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { Job } from '../job.ts';
import { node } from '../library.ts';
import { makeTrace } from '../tokens.ts';
import { onResponse, request } from './http.ts';

const tokens = makeTrace(256 * 1024).flat();

async function stream(to: Writable): Promise<void> {
  for (const token of tokens) {
    if (!to.write(token)) await once(to, 'drain');
  }
  to.end();
}

export const job: Job = {
  measured: 'server',
  servers: {
    res: onResponse((_req, res) => void stream(res)),
    'respond(res)': onResponse((_req, res) => void stream(node.respond(res))),
  },
  clients: { plain: (port, size) => request(port, Math.ceil(size / 256), { connections: 1 }) },
  sides: { res: ['res', 'plain'], 'respond(res)': ['respond(res)', 'plain'] },
  rows: [
    {
      title: 'tokens of 1 to 12 bytes: respond(res) beside res.write',
      ours: 'respond(res)',
      theirs: 'res',
      by: 'speed',
      target: 3,
    },
  ],
  work: { warmUp: 256, quick: 1024, full: 8192 },
};
