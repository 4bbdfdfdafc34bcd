/**
 * A thousand responses through a relay, over real servers and keep-alive connections: a third whole, a third failing, a
 * third with a client that leaves at a random point. Every verdict is right, every source is let go, and afterwards no
 * socket, timer or descriptor is left. Seeded: the seed stands in the title.
 */
import { once } from 'node:events';
import { Agent, createServer, get, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requestHeaders } from '../../src/node/head/request-headers.ts';
import { verify } from '../../src/node/receive/verify.ts';
import { relay } from '../../src/node/relay.ts';
import { respond } from '../../src/node/send/respond.ts';
import { heldMemory, openDescriptors } from '../support/garbage.ts';
import { mulberry32 } from '../support/random.ts';

const RESPONSES = 1000;
const AT_ONCE = 20;
const SEED = 20261121;
const PIECE = Buffer.alloc(1500, 'soak');

const random = mulberry32(SEED);
const agents = [
  new Agent({ keepAlive: true, maxSockets: AT_ONCE }),
  new Agent({ keepAlive: true, maxSockets: AT_ONCE }),
];
const [toOrigin, toFront] = agents as [Agent, Agent];
let origin: Server;
let front: Server;
let openSources = 0;
const relayed: Promise<unknown>[] = [];

/** `?pieces=40&fails`: this many pieces, and then the end or a failure. */
async function* source(url: URL) {
  openSources++;
  try {
    for (let n = Number(url.searchParams.get('pieces')); n > 0; n--) {
      if (n % 16 === 0) await new Promise(setImmediate); // sometimes the source makes us wait
      yield PIECE;
    }
    if (url.searchParams.has('fails')) throw new Error('on purpose');
  } finally {
    openSources--;
  }
}

beforeAll(async () => {
  origin = await serve((req, res) => {
    void pipeline(source(new URL(req.url!, 'http://origin')), respond(res)).catch(() => {});
  });
  front = await serve((req, res) => {
    const upstream = get({ ...at(origin, toOrigin), path: req.url, headers: requestHeaders() });
    upstream.on('response', (response) => relayed.push(relay(response, res)));
    upstream.on('error', () => res.destroy());
    res.on('close', () => upstream.destroy()); // the client may leave before upstream has answered
  });
});

afterAll(async () => {
  for (const agent of agents) agent.destroy();
  await Promise.all([origin, front].map((server) => new Promise((resolve) => server.close(resolve))));
});

test(`${RESPONSES} responses with seed ${SEED}`, { timeout: 120_000 }, async () => {
  const counts = { whole: 0, failed: 0, left: 0 };
  const next = async (index: number) => {
    const kind = (['whole', 'failed', 'left'] as const)[index % 3]!;
    await ask(kind, 1 + Math.floor(random() * 200));
    counts[kind]++;
  };
  // The first round warms up: pools, JIT, keep-alive connections.
  await inParallel(RESPONSES / 5, next);
  await settled();
  const before = { descriptors: openDescriptors(), memory: await heldMemory() };
  await inParallel((RESPONSES * 4) / 5, next);
  await settled();

  expect(counts).toEqual({ whole: 334, failed: 334, left: 332 }); // thirds of 200 and of 800;
  expect(openSources).toBe(0);
  expect((await heldMemory()) - before.memory).toBeLessThan(16 * 2 ** 20);
  // Keep-alive connections may be fewer or more, up to what the agents allow: each has an end here and one there.
  expect(openDescriptors() - before.descriptors).toBeLessThanOrEqual(4 * AT_ONCE);

  for (const agent of agents) agent.destroy();
  origin.closeAllConnections();
  front.closeAllConnections();
  await settled();
  expect(process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap')).toEqual([]);
  expect(await connections()).toBe(0);
});

/** One request through the relay, and what has to become of it. */
async function ask(kind: 'whole' | 'failed' | 'left', pieces: number): Promise<void> {
  const path = `/?pieces=${pieces}${kind === 'failed' ? '&fails' : ''}`;
  const request = get({ ...at(front, toFront), path, headers: requestHeaders() });
  request.on('error', () => {}); // a client that leaves before the response gets one
  const leaveAfter = kind === 'left' ? Math.floor(random() * pieces * PIECE.length) : Number.POSITIVE_INFINITY;
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const body = verify(response);
  let bytes = 0;
  let code: string | undefined;
  try {
    for await (const data of body) {
      bytes += data.length;
      if (bytes > leaveAfter) break; // which destroys the body
    }
  } catch (error) {
    code = (error as NodeJS.ErrnoException).code;
  }
  const verdict = await body.verdict;
  if (kind === 'left') {
    // It may have had all of it in hand before it left.
    expect(['abandoned', 'complete']).toContain(verdict.kind);
    if (verdict.kind === 'complete') expect(verdict.bytes).toBe(pieces * PIECE.length);
    return;
  }
  expect({ kind: verdict.kind, bytes, code, digest: verdict.digest }).toEqual({
    kind: kind === 'whole' ? 'complete' : 'failed',
    bytes: pieces * PIECE.length,
    code: kind === 'whole' ? undefined : 'ERR_BODY_FAILED',
    digest: 'match',
  });
}

async function inParallel(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let index = 0;
  const worker = async () => {
    while (index < count) await work(index++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Waits until what was left behind is gone: sources let go, relays done. */
async function settled(): Promise<void> {
  await Promise.all(relayed.splice(0));
  for (let i = 0; i < 100 && (openSources > 0 || i < 3); i++) await wait(20);
}

async function serve(listener: RequestListener): Promise<Server> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function at(server: Server, agent: Agent) {
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, agent };
}

async function connections(): Promise<number> {
  const counts = [origin, front].map(
    (server) => new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count))),
  );
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}
