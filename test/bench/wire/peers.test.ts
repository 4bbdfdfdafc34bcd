import { afterAll, describe, expect, it, test } from 'vitest';
import { assertRight } from '../../../bench/wire/check.ts';
import { agesOf } from '../../../bench/wire/first-octet.ts';
import type { Kind } from '../../../bench/wire/idle/server.ts';
import { memoryOf } from '../../../bench/wire/idle-memory.ts';
import { WRITES } from '../../../bench/wire/latency/stamp.ts';
import { digestOf, type Load, octetsOf } from '../../../bench/wire/load.ts';
import { enterReceiver, receivers, startSource } from '../../../bench/wire/receive.ts';
import type { Found } from '../../../bench/wire/runtimes.ts';
import { enterSender, type Sender, senders, startClient } from '../../../bench/wire/send.ts';

/** Small enough for a moment, and odd enough that no buffer is filled by a whole number of pieces. */
const LOADS: readonly Load[] = [
  { size: 16, count: 5001 },
  { size: 1000, count: 203 },
  { size: 65536, count: 5 },
];
const TRACE: Load = { size: 'trace', count: 30 };

describe('every sender writes what it is asked for', async () => {
  const client = startClient();
  afterAll(() => client.stop());
  const all: { sender: Sender; found: Found }[] = await Promise.all(
    senders.map(async (sender) => ({ sender, found: await sender.find({ installs: false }) })),
  );
  for (const { sender, found } of all) {
    if ('absence' in found) {
      const title = `${sender.label}: left out, ${found.absence}`;
      console.warn(`SKIPPED: ${title}`);
      test.skip(title, () => {});
      continue;
    }
    it(sender.label, async () => {
      const { check, run, stop } = await enterSender(sender, found, client);
      try {
        for (const load of sender.hasTrace ? [...LOADS, TRACE] : LOADS) await check(load);
        const { seconds, cpuSeconds } = await run(LOADS[0]!);
        expect(seconds).toBeGreaterThan(0);
        expect(cpuSeconds).toBeGreaterThanOrEqual(0);
      } finally {
        await stop();
      }
    });
  }
});

describe('every receiver gets what was written', async () => {
  const source = await startSource();
  afterAll(() => source.server.stop());
  it.each(receivers.map((receiver) => [receiver.label, receiver] as const))('%s', async (_, receiver) => {
    const { check, run, stop } = enterReceiver(receiver, source);
    try {
      for (const load of LOADS) await check(load);
      const { seconds, cpuSeconds } = await run(LOADS[0]!);
      expect(seconds).toBeGreaterThan(0);
      expect(cpuSeconds).toBeGreaterThanOrEqual(0);
    } finally {
      await stop();
    }
  });
});

describe('what is not right is noticed', () => {
  const load: Load = { size: 16, count: 3 };
  const octets = octetsOf(load);
  const sha256 = digestOf(load);
  const sealed = { 'x-stream-status': `ok;bytes=${octets}`, 'content-digest': `sha-256=:${sha256}:` };

  it('and what is right is not', () => {
    assertRight('it', load, { octets, sha256 }, false);
    assertRight('it', load, { octets, sha256, trailers: {} }, false);
    assertRight('it', load, { octets, sha256, trailers: sealed }, true);
  });

  it.each([
    ['a missing octet', { octets: octets - 1, sha256 }, false],
    ['other octets', { octets, sha256: digestOf({ size: 24, count: 2 }) }, false],
    ['a missing seal', { octets, sha256, trailers: {} }, true],
    ['a seal that nobody asked for', { octets, sha256, trailers: sealed }, false],
    ['a wrong count in the seal', { octets, sha256, trailers: { ...sealed, 'x-stream-status': 'ok;bytes=1' } }, true],
  ])('%s', (_, checked, isSealed) => {
    expect(() => assertRight('it', load, checked, isSealed)).toThrow();
  });
});

describe('the first octet', () => {
  it('has an age for every write of every server', async () => {
    const rounds = 3;
    const ages = await agesOf(rounds);
    expect(Object.keys(ages)).toEqual(['respond-socket', 'respond-response', 'server-response']);
    for (const { first, later } of Object.values(ages)) {
      expect(first.length).toBe(rounds);
      expect(later.length).toBe(rounds * (WRITES - 1));
      expect([...first, ...later].every((age) => age > 0 && age < 10e6)).toBe(true);
    }
  });
});

describe('the idle memory', () => {
  it.each<Kind>(['bare', 'respond-socket', 'respond-response', 'server-response'])(
    '%s: every connection is open, and takes some',
    async (kind) => {
      expect((await memoryOf(kind, 1000)).heap).toBeGreaterThan(0); // throws if one of them is not open
    },
  );
});
