/** A response of 4 MiB passed on by a server in the middle: its CPU. The work is a number of responses. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { cut, makeBody } from '../fixtures.ts';
import type { Job, Load, Serve } from '../job.ts';
import { node } from '../library.ts';
import { HOST, listen, onResponse, request, SEALED } from './http.ts';

/** Installed for the tests of frameworks (`npm ci --prefix test/edges`); without it there is no row for it. */
const installed = new URL('../../test/edges/node_modules/http-proxy/index.js', import.meta.url);
const httpProxy = existsSync(installed) ? (await import(installed.href)).default : undefined;

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
    'http-proxy': (upstream) => {
      const proxy = httpProxy.createProxyServer({ target: { host: HOST, port: upstream }, agent });
      return listen(http.createServer((req, res) => proxy.web(req, res)));
    },
    relay: passing((upstream, res) => node.relay(upstream, res)),
    'relay, sealed': passing((upstream, res) => node.relay(upstream, res), SEALED),
  },
  clients,
  sides: {
    ...(httpProxy && { 'http-proxy': ['http-proxy', 'plain'] }),
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
      why: 'Most of it is that of respond: pipeline(upstream, respond(res)) takes 1.17 to 1.25 by itself. It holds up to 128 KiB where res asks its source to wait at 16 KiB, so more of the pieces live long enough for V8 to collect its whole heap for them (16 times in 900 responses, and 6). The framing of upstream is read once more, for the reason of an abort.',
    },
    { title: 'the same beside http-proxy', ours: 'relay', theirs: 'http-proxy', by: 'CPU' },
    {
      title: 'relay, verifying and sealing, beside pipeline and two bare sha-256',
      ours: 'relay, sealed',
      theirs: 'pipeline, two sha-256',
      by: 'CPU',
      target: 1.15,
      why: 'The same. The bytes are hashed once for both, where the bare side hashes twice.',
    },
  ],
  work: { warmUp: 128, quick: 48, full: 512 },
};
