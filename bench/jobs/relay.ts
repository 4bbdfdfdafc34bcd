/** A response of 4 MiB passed on by a server in the middle: its CPU. The work is a number of responses. */
import { createHash } from 'node:crypto';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { cut, makeBody } from '../fixtures.ts';
import type { Job, Load, Serve } from '../job.ts';
import { node } from '../library.ts';
import { HOST, listen, onResponse, request, SEALED } from './http.ts';

const PIECES = cut(makeBody(4 * 1024 * 1024), 65536);
const agent = new http.Agent({ keepAlive: true });

type Pass = (upstream: IncomingMessage, res: ServerResponse) => unknown;

const passing =
  (pass: Pass, headers: Record<string, string> = {}): Serve =>
  (upstream) =>
    listen(
      http.createServer((_req, res) => {
        http.get({ host: HOST, port: upstream, agent, headers }, (response) => void pass(response, res));
      }),
    );

const clients: Record<string, Load> = {
  plain: (port, count) => request(port, count, {}),
  asking: (port, count) => request(port, count, { isSealed: true }),
};

export const job: Job = {
  measured: 'server',
  upstream: onResponse((_req, res) => void pipeline(Readable.from(PIECES), node.respond(res))),
  servers: {
    pipeline: passing((upstream, res) => pipeline(upstream, res)),
    'pipeline, two sha-256': passing((upstream, res) => {
      const [one, other] = [createHash('sha256'), createHash('sha256')];
      upstream.on('data', (data) => {
        one.update(data);
        other.update(data);
      });
      return pipeline(upstream, res);
    }),
    relay: passing((upstream, res) => node.relay(upstream, res)),
    'relay, sealed': passing((upstream, res) => node.relay(upstream, res), SEALED),
  },
  clients,
  sides: {
    pipeline: ['pipeline', 'plain'],
    'pipeline, two sha-256': ['pipeline, two sha-256', 'plain'],
    relay: ['relay', 'plain'],
    'relay, sealed': ['relay, sealed', 'asking'],
  },
  rows: [
    {
      title: 'relay, unsealed, beside pipeline(upstream, res)',
      ours: 'relay',
      theirs: 'pipeline',
      by: 'CPU',
      target: 1.1,
      why: 'Each piece passes a Readable and a Writable more than from the upstream message to res.',
    },
    {
      title: 'relay, verifying and sealing, beside pipeline and two bare sha-256',
      ours: 'relay, sealed',
      theirs: 'pipeline, two sha-256',
      by: 'CPU',
      target: 1.15,
      why: 'The same, and the trailers.',
    },
  ],
  work: { warmUp: 8, quick: 48, full: 256 },
};
