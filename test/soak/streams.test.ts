/**
 * 200 streams at once, for as long as SOAK_SECONDS says (12 by default; npm run test:soak: 30 minutes), through a proxy that
 * cuts, stalls, throttles, fragments, flips and resets at random. Both receivers, both kinds of server, sources that fail and
 * readers that leave among them. Every outcome is held against what was asked for and against what the proxy did:
 * `complete` only with the content's own hash, and nothing but `complete` where nothing went wrong. In the end no socket,
 * descriptor, timer, source or memory is left. Seeded: the seed is in every failure, and SOAK_SEED draws the same plans
 * again; the machine has its own timing.
 */
import { createHash, randomInt } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { heldMemory, openDescriptors } from '../support/garbage.ts';
import { mulberry32 } from '../support/random.ts';
import { type Client, type Outcome, ReceiveClient, VerifyClient } from './clients.ts';
import { type Fault, FaultProxy, type Plan } from './fault-proxy.ts';
import { contentOf, type How, httpOrigin, openSources, socketOrigin } from './origin.ts';

const SECONDS = Number(process.env.SOAK_SECONDS ?? 12);
const SEED = Number(process.env.SOAK_SEED ?? randomInt(2 ** 31));
const STREAMS = 200;
/** No exchange takes longer than all its timeouts together. */
const UNSETTLED_AFTER = 90_000;
const MIB = 2 ** 20;

/**
 * Half of the connections are patient: what is done to them ends by itself, so that a busy machine must not be taken for a
 * stall. Behind a stall or a flipped chunk-size nothing may come any more: those are given up soon, which proves nothing.
 */
const PATIENT: readonly Fault[] = ['none', 'none', 'throttle', 'fragment', 'cut', 'reset'];
const HASTY: readonly Fault[] = ['flip', 'flip', 'flip', 'stall'];
/** Milliseconds. */
const PATIENCE = { patient: 45_000, hasty: 3_000 };

const random = mulberry32(SEED);
const below = (bound: number) => Math.floor(random() * bound);
/** Often small, sometimes some hundred KiB. */
const someBytes = () => Math.floor(2 ** (random() * 18.5));

const planFrom = (faults: readonly Fault[]) => (): Plan => ({
  fault: faults[below(faults.length)]!,
  at: someBytes(),
  bit: below(8),
});
const proxiesFor = (plan: () => Plan) =>
  origins.map((origin) => new FaultProxy(() => (origin.address() as AddressInfo).port, plan));

const origins: Server[] = [socketOrigin(), httpOrigin()];
const proxies = { patient: proxiesFor(planFrom(PATIENT)), hasty: proxiesFor(planFrom(HASTY)) };
const allProxies = [...proxies.patient, ...proxies.hasty];
const counts: Record<string, number> = {};
const wrongs: string[] = [];

beforeAll(async () => {
  for (const origin of origins) await once(origin.listen(0, '127.0.0.1'), 'listening');
  for (const proxy of allProxies) await proxy.listen();
});

afterAll(async () => {
  for (const proxy of allProxies) await proxy.close();
  for (const origin of origins) origin.close();
});

test(`${STREAMS} streams for ${SECONDS} s, seed ${SEED}`, {
  timeout: 1000 * SECONDS + 4 * UNSETTLED_AFTER,
}, async () => {
  const delay = monitorEventLoopDelay();
  delay.enable();
  // The first round warms up: pools, JIT, what is loaded late.
  await soak(Math.min(10_000, 200 * SECONDS));
  await settled();
  const before = await left();
  await soak(1000 * SECONDS);
  await settled();
  const after = await left();

  const exchanges = Object.values(counts).reduce((sum, count) => sum + count, 0);
  console.log(
    `soak: seed ${SEED}, ${SECONDS} s, ${exchanges} streams, ${wrongs.length} wrong outcomes; ${JSON.stringify(counts)}; ` +
      `descriptors ${before.descriptors} -> ${after.descriptors}, timers ${before.timers} -> ${after.timers}, ` +
      `heap and buffers ${(before.memory / MIB).toFixed(1)} -> ${(after.memory / MIB).toFixed(1)} MiB, ` +
      `longest delay of the event loop ${Math.round(delay.max / 1e6)} ms`,
  );
  expect(wrongs, `seed ${SEED}`).toEqual([]);
  expect(openSources.count, `sources, seed ${SEED}`).toBe(0);
  expect(after.sockets, `sockets, seed ${SEED}`).toBe(0);
  expect(after.descriptors, `descriptors, seed ${SEED}`).toBeLessThanOrEqual(before.descriptors);
  expect(after.timers, `timers, seed ${SEED}`).toBeLessThanOrEqual(before.timers);
  expect(after.memory - before.memory, `memory, seed ${SEED}`).toBeLessThan(24 * MIB);
  // Each kind of end has been there, or the soak has shown less than it says.
  for (const kind of ['complete', 'failed', 'truncated', 'mismatch', 'timed out', 'left', 'no response']) {
    expect(counts[kind], `${kind}, seed ${SEED}`).toBeGreaterThan(0);
  }
});

async function soak(milliseconds: number): Promise<void> {
  const deadline = performance.now() + milliseconds;
  await Promise.all(
    Array.from({ length: STREAMS }, async (_, index) => {
      while (performance.now() < deadline && wrongs.length < 10) await life(index, deadline);
    }),
  );
}

/** One client, for one to four exchanges. */
async function life(index: number, deadline: number): Promise<void> {
  const temper = (index & 1) === 0 ? 'patient' : 'hasty';
  const proxy = proxies[temper][(index >> 1) & 1]!;
  const Receiver = (index & 4) === 0 ? ReceiveClient : VerifyClient;
  const client: Client = new Receiver(proxy.port, PATIENCE[temper]);
  try {
    for (let left = 1 + below(4); left > 0 && performance.now() < deadline; left--) {
      const [bytes, seed] = [someBytes(), below(1e6)];
      const how: How = below(5) === 0 ? 'fails' : 'good';
      const leaveAfter = below(10) === 0 ? below(bytes + 1) : Number.POSITIVE_INFINITY;
      const target = `/${bytes}/${seed}/${how}`;
      const outcome = await settledInTime(client.ask(target, leaveAfter));
      if (outcome === undefined) {
        wrongs.push(`${target}: not settled after ${UNSETTLED_AFTER} ms`);
        return;
      }
      judge(Receiver.name, target, outcome, contentOf(bytes, seed), how, leaveAfter, proxy);
    }
  } finally {
    client.close();
  }
}

/** @returns undefined if it does not settle */
function settledInTime(outcome: Promise<Outcome>): Promise<Outcome | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, UNSETTLED_AFTER, undefined);
    outcome.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Holds an outcome against what was asked for and what was done to it. */
function judge(
  via: string,
  target: string,
  found: Outcome,
  content: Buffer,
  how: How,
  leaveAfter: number,
  proxy: FaultProxy,
): void {
  const { kind, code, message, bytes, sha256, port } = found;
  const wrong = proxy.wrongOf(port);
  // To the hasty, a busy machine is as good as a stall.
  const isTimeout =
    HASTY.includes(wrong?.plan.fault ?? 'stall') && (code === 'ERR_BODY_TIMEOUT' || code === 'ERR_HEAD_TIMEOUT');
  const hasStruck = wrong === undefined || wrong.hasStruck || isTimeout;
  const isFlipped = hasStruck && wrong?.plan.fault === 'flip';
  const say = (what: string) => {
    wrongs.push(`${what}: ${via} ${target} ${JSON.stringify({ ...found, leaveAfter, ...wrong })}`);
  };
  const hasLeft = bytes > leaveAfter && message === undefined;
  const counted = hasLeft ? 'left' : code === 'ERR_BODY_TIMEOUT' ? 'timed out' : (kind ?? 'no response');
  counts[counted] = (counts[counted] ?? 0) + 1;

  const isWhole = bytes === content.length && sha256 === hashOf(content);
  if (kind === 'complete' && !hasLeft && !isWhole) return say('complete, and not the content');
  if (kind === 'complete' && how === 'fails') return say('complete, of a source that failed');
  if (!isFlipped && !hasLeft && sha256 !== hashOf(content.subarray(0, bytes)))
    return say('not a prefix of the content');
  if (hasStruck || hasLeft) return;
  if (how === 'good' && !(kind === 'complete' && isWhole)) say('nothing was done to it, and it is not complete');
  if (how === 'fails' && !(kind === 'failed' || (content.length === 0 && kind === 'unverified'))) {
    say('its source failed, nothing was done to it, and it is not failed');
  }
}

function hashOf(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Waits until what is closing has closed: the servers linger for 200 ms. */
async function settled(): Promise<void> {
  for (let at = 0; at < 500 && (openSources.count > 0 || activeResources('TCPSocketWrap') > 0); at++) await wait(20);
}

async function left() {
  return {
    memory: await heldMemory(), // first, for it waits
    sockets: activeResources('TCPSocketWrap'),
    timers: activeResources('Timeout'),
    descriptors: openDescriptors(),
  };
}

function activeResources(name: string): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === name).length;
}
