/** Behind undici's cache: one response of the network, and many that are made of it, each with the verdict about that one. */

import { setImmediate as nextRound } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../src/core/verdict.ts';
import { respond } from '../../src/node/send/respond.ts';
import { verifyInterceptor } from '../../src/undici/interceptor.ts';
import { verdictOf } from '../../src/undici/verdict-of.ts';
import { collectGarbage } from '../support/garbage.ts';
import { begin, failing, originOf, serve } from '../support/servers.ts';
import { agentOf, COPIES, type Copy, type Dispatcher, streamErrorIn } from './clients.ts';

/** How many of the others it takes until a verdict that nobody asked for is forgotten. */
const OTHERS = 1001;

const WITH_CACHE = COPIES.filter(({ name, undici }) => {
  const has = undici.interceptors.cache !== undefined;
  if (!has) console.warn(`SKIPPED: cache of ${name}, which has none`);
  return has;
});

/** `/kept…` may be cached, and `/failing…` too if it were whole. */
async function cachingUrl(): Promise<{ url: string; count: () => number }> {
  let count = 0;
  const { port } = await serve((req, res) => {
    count++;
    const isKept = !req.url!.startsWith('/other');
    const headers = { 'Cache-Control': isKept ? 'max-age=600' : 'no-store' };
    begin(req.url!.startsWith('/failing') ? failing(['data']) : ['data'], respond(res, { headers }));
  });
  return { url: `http://127.0.0.1:${port}`, count: () => count };
}

const WAYS = {
  request: async ({ undici }: Copy, url: string, dispatcher: Dispatcher) => {
    const response = await undici.request(url, { dispatcher });
    return { response, text: await response.body.text() };
  },
  fetch: async ({ undici }: Copy, url: string, dispatcher: Dispatcher) => {
    const response = await undici.fetch(url, { dispatcher });
    return { response, text: await response.text() };
  },
};

async function concludeOthers(copy: Copy, url: string, dispatcher: Dispatcher): Promise<void> {
  for (let at = 0; at < OTHERS; at++) await WAYS.request(copy, `${url}/other${at}`, dispatcher);
}

describe.each(WITH_CACHE)('cache of $name', (copy) => {
  describe.each(Object.entries(WAYS))('%s', (_, ask) => {
    test('verify, cache: a cached response has its verdict, however many others came since', async () => {
      const { url, count } = await cachingUrl();
      const dispatcher = agentOf(copy).compose(verifyInterceptor(), copy.undici.interceptors.cache());
      await ask(copy, `${url}/kept`, dispatcher);
      await concludeOthers(copy, url, dispatcher);
      collectGarbage();
      const { response, text } = await ask(copy, `${url}/kept`, dispatcher);
      expect({ text, kind: (await verdictOf(response)).kind }).toEqual({ text: 'data', kind: 'complete' });
      expect(count()).toBe(1 + OTHERS);
    }, 120_000);

    test('verify, cache: a body that fails is not kept', async () => {
      const { url, count } = await cachingUrl();
      const dispatcher = agentOf(copy).compose(verifyInterceptor(), copy.undici.interceptors.cache());
      for (const _ of [1, 2]) {
        const error = await ask(copy, `${url}/failing`, dispatcher).catch((reason) => reason);
        expect(streamErrorIn(error)?.code).toBe('ERR_BODY_FAILED');
      }
      expect(count()).toBe(2);
    });
  });

  test('cache, verify: a sealed response from the cache fails, since its trailers were not kept', async () => {
    const { url } = await cachingUrl();
    const dispatcher = agentOf(copy).compose(copy.undici.interceptors.cache(), verifyInterceptor());
    await WAYS.request(copy, `${url}/kept`, dispatcher);
    const error = await WAYS.request(copy, `${url}/kept`, dispatcher).catch((reason) => reason);
    expect(streamErrorIn(error)?.code).toBe('ERR_BODY_UNVERIFIED');
  });

  test('when the cache is gone, and a thousand others have come, nothing of the verdict is kept alive', async () => {
    const { url } = await cachingUrl();
    const told: WeakRef<Verdict>[] = [];
    const onVerdict = (verdict: Verdict) => void told.push(new WeakRef(verdict));
    const filling = async () => {
      const store = new copy.undici.cacheStores.MemoryCacheStore();
      const dispatcher = agentOf(copy).compose(
        verifyInterceptor({ onVerdict }),
        copy.undici.interceptors.cache({ store }),
      );
      for (const _ of [1, 2]) {
        const { response } = await WAYS.request(copy, `${url}/kept`, dispatcher);
        await verdictOf(response);
      }
      await dispatcher.destroy();
    };
    await filling();
    await concludeOthers(copy, url, agentOf(copy).compose(verifyInterceptor()));
    for (let round = 0; round < 50 && told[0]!.deref() !== undefined; round++) {
      await nextRound();
      collectGarbage();
    }
    expect(told).toHaveLength(1);
    expect(told[0]!.deref()).toBeUndefined();
  }, 120_000);
});

describe.each(COPIES.filter(({ undici }) => undici.interceptors.deduplicate !== undefined))(
  'deduplicate of $name',
  (copy) => {
    test('verify, deduplicate: one response, and as many that have its verdict', async () => {
      const { url, count } = await cachingUrl();
      const dispatcher = agentOf(copy).compose(verifyInterceptor(), copy.undici.interceptors.deduplicate());
      const all = await Promise.all([1, 2, 3].map(() => WAYS.request(copy, `${url}/kept`, dispatcher)));
      expect(count()).toBe(1);
      const verdicts = await Promise.all(all.map(({ response }) => verdictOf(response)));
      expect(verdicts.map(({ kind }) => kind)).toEqual(['complete', 'complete', 'complete']);
    });

    test('verify, deduplicate: a failed body fails for each', async () => {
      const { url, count } = await cachingUrl();
      const dispatcher = agentOf(copy).compose(verifyInterceptor(), copy.undici.interceptors.deduplicate());
      const all = await Promise.allSettled([1, 2, 3].map(() => WAYS.request(copy, `${url}/failing`, dispatcher)));
      expect(count()).toBe(1);
      expect(all.map((one) => one.status === 'rejected' && streamErrorIn(one.reason)?.code)).toEqual(
        Array(3).fill('ERR_BODY_FAILED'),
      );
    });
  },
);

describe.each(COPIES)('dump of $name', (copy) => {
  test('verify, dump: the body is thrown away, and judged all the same', async () => {
    const { url } = await cachingUrl();
    const dispatcher = agentOf(copy).compose(verifyInterceptor(), copy.undici.interceptors.dump());
    const { response, text } = await WAYS.request(copy, `${url}/other`, dispatcher);
    expect({ text, kind: (await verdictOf(response)).kind }).toEqual({ text: '', kind: 'complete' });
  });

  test('verify, dump: what is longer than it takes is abandoned; undici 6 lets the rest come', async () => {
    const octets = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nthere\r\n0\r\n\r\n`;
    const url = `http://127.0.0.1:${await originOf(octets)}/`;
    const told: Verdict['kind'][] = [];
    const dispatcher = agentOf(copy).compose(
      verifyInterceptor({ onVerdict: ({ kind }) => told.push(kind) }),
      copy.undici.interceptors.dump({ maxSize: 7 }),
    );
    await WAYS.request(copy, url, dispatcher).catch(() => {});
    expect(told).toEqual([copy.major === 6 ? 'unverified' : 'abandoned']);
  });

  test('dump, verify: fails, since what was thrown away cannot be judged', async () => {
    const { url } = await cachingUrl();
    const dispatcher = agentOf(copy).compose(copy.undici.interceptors.dump(), verifyInterceptor());
    const error = await WAYS.request(copy, `${url}/other`, dispatcher).catch((reason) => reason);
    expect(['ERR_BODY_MISMATCH', 'ERR_BODY_UNVERIFIED']).toContain(streamErrorIn(error)?.code);
  });
});
