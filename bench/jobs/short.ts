/** A short response on a kept-alive connection, written and ended in one tick. The work is a number of responses. */
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { makeBody } from '../fixtures.ts';
import type { Job } from '../job.ts';
import { node } from '../library.ts';
import { onResponse, onSocket, request } from './http.ts';

const SHORT = makeBody(100);
const { readRequest, respond, seal } = node;

function send(stream: NodeJS.WritableStream): void {
  stream.write(SHORT);
  stream.end();
}

export const job: Job = {
  measured: 'server',
  servers: {
    res: onResponse((_req, res) => send(res)),
    'seal(res)': onResponse((_req, res) => send(seal(res))),
    'respond(res)': onResponse((_req, res) => send(respond(res))),
    'respond(socket)': onSocket(async (socket) => {
      for (;;) send(respond(socket, { request: await readRequest(socket) }));
    }),
    'pipeline to res': onResponse((_req, res: ServerResponse) => void pipeline(Readable.from([SHORT]), res)),
    'pipeline to respond(res)': onResponse((_req, res) => void pipeline(Readable.from([SHORT]), respond(res))),
  },
  clients: {
    plain: (port, count) => request(port, count, {}),
    asking: (port, count) => request(port, count, { isSealed: true }),
  },
  sides: {
    res: ['res', 'plain'],
    'seal(res)': ['seal(res)', 'plain'],
    'seal(res), sealed': ['seal(res)', 'asking'],
    'respond(res)': ['respond(res)', 'plain'],
    'respond(res), sealed': ['respond(res)', 'asking'],
    'respond(socket)': ['respond(socket)', 'plain'],
    'pipeline to res': ['pipeline to res', 'plain'],
    'pipeline to respond(res)': ['pipeline to respond(res)', 'plain'],
  },
  rows: [
    {
      title: 'seal(res) beside the plain res, 100 bytes, for a client that did not ask',
      ours: 'seal(res)',
      theirs: 'res',
      by: 'CPU',
      target: 1.3,
    },
    {
      title: 'the same for a client that asked, sealed with sha-256',
      ours: 'seal(res), sealed',
      theirs: 'res',
      by: 'CPU',
    },
    {
      title: 'respond(res) beside res.write and res.end, 100 bytes',
      ours: 'respond(res)',
      theirs: 'res',
      by: 'CPU',
      target: 2,
      why: 'A Writable, a channel and a timer of its own for each response, before Node writes the head. One system call, as theirs.',
    },
    {
      title: 'the same, sealed with sha-256 for a client that asks',
      ours: 'respond(res), sealed',
      theirs: 'res',
      by: 'CPU',
      target: 3.5,
    },
    {
      title: 'respond(socket) with readRequest',
      ours: 'respond(socket)',
      theirs: 'res',
      by: 'CPU',
      target: 1.2,
      why: 'The request head is parsed in JavaScript, theirs in C, and each response is a Writable, of which Node has none below res.',
    },
    {
      title: 'pipeline(source, respond(res)) beside pipeline(source, res), 100 bytes',
      ours: 'pipeline to respond(res)',
      theirs: 'pipeline to res',
      by: 'CPU',
      target: 1,
      why: 'A second Writable between the source and res: what respond(res) costs over res without pipeline, and its listeners. Most of both sides is pipeline itself.',
    },
  ],
  // By then V8 has compiled what runs. Before, a response costs twice as much on res, up to four times on ours (measured).
  work: { warmUp: 10_000, quick: 4000, full: 20_000 },
};
