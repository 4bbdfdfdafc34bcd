/** A long response in writes of 64 KiB, by a handler that knows nothing of the seal. The work is a number of responses of 16 MiB. */
import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { makeBody } from '../fixtures.ts';
import type { Job } from '../job.ts';
import { node } from '../library.ts';
import { onResponse, request, sendBlocks } from './http.ts';

const BLOCK = makeBody(65_536);
const BLOCKS = 256;
const { seal } = node;

const send = (res: ServerResponse, onBlock?: () => void) => sendBlocks(res, BLOCK, BLOCKS, onBlock);

export const job: Job = {
  measured: 'server',
  servers: {
    res: onResponse((_req, res) => send(res)),
    'res and sha-256': onResponse((_req, res) => {
      const hash = createHash('sha256');
      send(res, () => void hash.update(BLOCK));
    }),
    'seal(res)': onResponse((_req, res) => send(seal(res))),
  },
  clients: {
    plain: (port, count) => request(port, count, {}),
    asking: (port, count) => request(port, count, { isSealed: true }),
  },
  sides: {
    res: ['res', 'plain'],
    'res and sha-256': ['res and sha-256', 'plain'],
    'seal(res)': ['seal(res)', 'plain'],
    'seal(res), sealed': ['seal(res)', 'asking'],
  },
  rows: [
    {
      title: 'seal(res) beside the plain res, writes of 64 KiB, for a client that did not ask',
      ours: 'seal(res)',
      theirs: 'res',
      by: 'CPU',
      target: 1.02,
      why: 'A write of 64 KiB is nearly all the kernel, and a run of it differs from the next by a hundredth or two: so may these.',
    },
    {
      title: 'the same for a client that asked, beside the plain res and a bare sha-256',
      ours: 'seal(res), sealed',
      theirs: 'res and sha-256',
      by: 'CPU',
    },
  ],
  work: { warmUp: 16, quick: 16, full: 256 },
};
