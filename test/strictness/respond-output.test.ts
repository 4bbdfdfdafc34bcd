/**
 * Invariant: what `respond` sends over a real socket, content, trailers and seal, is what `http.get` and curl give out:
 * random content, writes and trailers, one after the other on kept-alive connections.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent, get, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FieldPairs } from '../../src/core/fields.ts';
import { readRequest } from '../../src/node/head/read-request.ts';
import { pairsFrom } from '../../src/node/receive/message-source.ts';
import { respond } from '../../src/node/send/respond.ts';
import { needs, run } from '../interop/programs.ts';
import { body, split, trailers } from '../support/arbitraries.ts';
import { latin1 } from '../support/octets.ts';

interface Case {
  content: Uint8Array;
  writes: Uint8Array[];
  trailers: FieldPairs;
}

const SEAL = ['x-stream-status', 'content-digest'];
/** Names are announced, and those of the seal are its own. */
const anyCase: fc.Arbitrary<Case> = fc.tuple(body, split, trailers).map(([content, cut, fields]) => ({
  content,
  writes: cut(content).filter((piece) => piece.length > 0),
  trailers: fields.filter(([name]) => !SEAL.includes(name.toLowerCase())),
}));

/** Each target is the number of a case. */
const cases: Case[] = [];
const sockets = new Set<Socket>();
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let port: number;
let folder: string;

const server = createServer(async (socket) => {
  sockets.add(socket.on('close', () => sockets.delete(socket)));
  try {
    for (;;) {
      const request = await readRequest(socket);
      const { writes, trailers } = cases[Number(request.target.slice(1))]!;
      const extraTrailers = { names: [...new Set(trailers.map(([name]) => name))], fields: () => trailers };
      await pipeline(Readable.from(writes), respond(socket, { request, extraTrailers }));
    }
  } catch {
    socket.destroy(); // no further request
  }
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chunked-trailers-'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  port = (server.address() as AddressInfo).port;
});

afterAll(async () => {
  agent.destroy();
  server.close();
  for (const socket of sockets) socket.destroy();
  await rm(folder, { recursive: true });
});

/** The whole trailer section, seal first. */
function sealed({ content, trailers }: Case): FieldPairs {
  const digest = createHash('sha256').update(content).digest('base64');
  return [['X-Stream-Status', `ok;bytes=${content.length}`], ['Content-Digest', `sha-256=:${digest}:`], ...trailers];
}

const TE = { TE: 'trailers', Connection: 'TE' };

test('RFC 9112 §7.1: as http.get reads it', async () => {
  await fc.assert(
    fc.asyncProperty(anyCase, async (one) => {
      const target = cases.push(one) - 1;
      const request = get({ port, host: '127.0.0.1', path: `/${target}`, headers: TE, agent });
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      const content = await buffer(response);
      expect(response.complete).toBe(true);
      expect(latin1(content)).toBe(latin1(one.content));
      expect(pairsFrom(response.rawTrailers)).toEqual(sealed(one));
    }),
    { numRuns: 300 },
  );
});

test('RFC 9112 §7.1: as curl reads it, forty responses over one connection', async (context) => {
  needs(context, 'curl');
  const some = fc.sample(anyCase, 40);
  const first = cases.length;
  cases.push(...some);
  const config = some.map((_, at) =>
    [
      `url = "http://127.0.0.1:${port}/${first + at}"`,
      `output = "${join(folder, `${at}.body`)}"`,
      `dump-header = "${join(folder, `${at}.head`)}"`,
      'header = "TE: trailers"',
      'header = "Connection: TE"',
      'write-out = "%{http_code} %{num_connects}\\n"',
      'silent',
      'show-error',
      'noproxy = "*"',
    ].join('\n'),
  );
  await writeFile(join(folder, 'curlrc'), config.join('\nnext\n'));
  const { code, stdout, stderr } = await run('curl', ['-q', '-K', join(folder, 'curlrc')]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toBe(`200 1\n${'200 0\n'.repeat(some.length - 1)}`);
  for (const [at, one] of some.entries()) {
    // curl may make no file for empty content.
    const content = await readFile(join(folder, `${at}.body`), 'latin1').catch(() => '');
    expect(content).toBe(latin1(one.content));
    const [, lines] = (await readFile(join(folder, `${at}.head`), 'latin1')).split('\r\n\r\n', 2);
    const section = sealed(one).map(([name, value]) => `${name}: ${value}`);
    expect(lines!.replace(/\r\n$/, '')).toBe(section.join('\r\n'));
  }
});
