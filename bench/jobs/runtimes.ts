/**
 * What sending costs a server on Node, and one in another language: a body of 100 bytes, and one of 1 MiB in writes of 64 KiB,
 * in chunks. The work is a number of large responses; for each there are ten short ones.
 */
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { makeBody } from '../fixtures.ts';
import type { Job, Serve } from '../job.ts';
import { node } from '../library.ts';
import { otherServers } from '../peers/servers.ts';
import { onResponse, request, sendBlocks } from './http.ts';

const BLOCK = makeBody(65_536);
const SHORT = BLOCK.subarray(0, 100);
const SHORT_EACH = 10;
const BLOCKS = 16;

const onNode = (wrap: (res: ServerResponse) => Writable): Serve =>
  onResponse((req, res) => {
    const to = wrap(res);
    if (req.url === '/blocks') return sendBlocks(to, BLOCK, BLOCKS);
    to.write(SHORT);
    to.end();
  });

const servers: Record<string, Serve> = {
  'respond(res)': onNode((res) => node.respond(res)),
  res: onNode((res) => res),
  ...(await otherServers(BLOCK)),
};

/** The proof is the same for both sizes: that all was right. */
async function requestWhole(port: number, path: string, count: number, pieces: Uint8Array[]): Promise<string> {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  const digest = hash.digest('base64');
  const came = await request(port, count, { path });
  if (came !== digest) throw new Error(`What came of ${path} is not what was sent`);
  return 'whole';
}

const sizes = { short: '100 bytes', blocks: '1 MiB in writes of 64 KiB' };
const sidesOf = (size: string) => Object.keys(servers).map((server) => [`${server}, ${size}`, [server, size]]);

export const job: Job = {
  measured: 'server',
  servers,
  clients: {
    short: (port, count) => requestWhole(port, '/short', count * SHORT_EACH, [SHORT]),
    blocks: (port, count) => requestWhole(port, '/blocks', count, Array(BLOCKS).fill(BLOCK)),
  },
  sides: Object.fromEntries(Object.keys(sizes).flatMap(sidesOf)),
  rows: Object.entries(sizes).flatMap(([size, said]) =>
    ['res', 'Go net/http', 'Bun.serve', 'Deno.serve'].map((other) => ({
      title: `respond(res), ${said}, beside ${other}`,
      ours: `respond(res), ${size}`,
      theirs: `${other}, ${size}`,
      by: 'CPU' as const,
    })),
  ),
  work: { warmUp: 1000, quick: 100, full: 2000 },
  runs: 3,
};
