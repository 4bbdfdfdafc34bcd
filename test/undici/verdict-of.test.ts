/** How a verdict is asked for and told, and for how long. */
import { Writable } from 'node:stream';
import { setImmediate as nextRound } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../src/core/verdict.ts';
import { respond } from '../../src/node/send/respond.ts';
import { verifyInterceptor } from '../../src/undici/interceptor.ts';
import type { CheckedRequest } from '../../src/undici/response-check.ts';
import { EXCHANGE_FIELD, exchangeFor, verdictOf } from '../../src/undici/verdict-of.ts';
import { collectGarbage } from '../support/garbage.ts';
import { begin, failing, originOf, serve } from '../support/servers.ts';
import { agentOf, CLIENTS, COPIES } from './clients.ts';

async function respondingUrl(): Promise<string> {
  const { port } = await serve((req, res) => {
    begin(req.url === '/failing' ? failing(['data']) : ['data'], respond(res));
  });
  return `http://127.0.0.1:${port}`;
}

/** As of a response to somebody else. */
function concludeAnother(verdict: Verdict): void {
  const exchange = exchangeFor({});
  exchange.begin();
  exchange.conclude(verdict);
}

const NO_VERDICT = /did not come through verifyInterceptor, or ended long ago/;

describe.each(COPIES)('verdictOf, $name', (copy) => {
  const { undici } = copy;
  const verifying = (...options: Parameters<typeof verifyInterceptor>) =>
    agentOf(copy).compose(verifyInterceptor(...options));

  test('request: asked before the body is read and after, it is the same verdict', async () => {
    const response = await undici.request(await respondingUrl(), { dispatcher: verifying() });
    const before = verdictOf(response);
    await response.body.text();
    expect((await before).kind).toBe('complete');
    expect(await verdictOf(response)).toBe(await before);
  });

  test('request with responseHeaders: "raw"', async () => {
    const options = { dispatcher: verifying(), responseHeaders: 'raw' };
    const response = await undici.request(await respondingUrl(), options);
    await response.body.text();
    expect((await verdictOf(response)).kind).toBe('complete');
  });

  test('stream: the factory is given what verdictOf takes, and the Writable gets the error', async () => {
    const url = await respondingUrl();
    let verdict: Promise<Verdict> | undefined;
    const sink = (data: { headers: object }) => {
      verdict = verdictOf(data);
      return new Writable({ write: (_data, _encoding, callback) => callback() });
    };
    await undici.stream(`${url}/`, { method: 'GET', dispatcher: verifying() }, sink);
    expect((await verdict!).kind).toBe('complete');
    const failure = undici.stream(`${url}/failing`, { method: 'GET', dispatcher: verifying() }, sink);
    await expect(failure).rejects.toMatchObject({ code: 'ERR_BODY_FAILED' });
    expect((await verdict!).kind).toBe('failed');
  });

  test('fetch: of a Response, and of its clone', async () => {
    const response = await undici.fetch(await respondingUrl(), { dispatcher: verifying() });
    const clone = response.clone();
    expect(await Promise.all([response.text(), clone.text()])).toEqual(['data', 'data']);
    expect(await verdictOf(response)).toBe(await verdictOf(clone));
  });

  test('a response of another dispatcher has none', async () => {
    const response = await undici.request(await respondingUrl(), { dispatcher: agentOf(copy) });
    await response.body.text();
    expect(() => verdictOf(response)).toThrow(NO_VERDICT);
  });

  test('a server that names another exchange is not listened to', async () => {
    const first = await undici.request(await respondingUrl(), { dispatcher: verifying() });
    await first.body.text();
    const named = `${EXCHANGE_FIELD}: ${first.headers[EXCHANGE_FIELD]}\r\n`;
    const octets = `HTTP/1.1 200 OK\r\n${named}Content-Length: 4\r\n${named}\r\ndata`;
    const second = await undici.request(`http://127.0.0.1:${await originOf(octets)}/`, { dispatcher: verifying() });
    await second.body.text();
    expect((await verdictOf(second)).kind).toBe('unverified');
    const third = await undici.fetch(`http://127.0.0.1:${await originOf(octets)}/`, { dispatcher: verifying() });
    await third.text();
    expect((await verdictOf(third)).kind).toBe('unverified');
  });

  test('a verdict of a fetch that was not asked for is forgotten a thousand later, and one that was is not', async () => {
    const url = await respondingUrl();
    const dispatcher = verifying();
    const ask = async () => {
      const response = await undici.fetch(url, { dispatcher });
      await response.text();
      return response;
    };
    const [asked, unasked] = [await ask(), await ask()];
    await verdictOf(asked);
    for (let at = 0; at < 999; at++) concludeAnother(await verdictOf(asked));
    const last = await ask();
    expect((await verdictOf(asked)).kind).toBe('complete');
    expect((await verdictOf(last)).kind).toBe('complete');
    const isForgotten = () => {
      try {
        void verdictOf({ headers: unasked.headers });
        return false;
      } catch (error) {
        expect((error as Error).message).toMatch(NO_VERDICT);
        return true;
      }
    };
    for (let round = 0; round < 50 && !isForgotten(); round++) {
      await nextRound();
      collectGarbage();
    }
    expect(isForgotten()).toBe(true);
  });
});

describe.each(CLIENTS)('onVerdict, $name', ({ read }) => {
  test('is told every verdict and what it is about', async () => {
    const told: [Verdict, CheckedRequest][] = [];
    const onVerdict = (...args: [Verdict, CheckedRequest]) => told.push(args);
    const url = await respondingUrl();
    const { verdict } = await read(`${url}/failing?now`.replace('?now', ''), { options: { onVerdict } });
    expect(told).toEqual([[verdict, { origin: url, method: 'GET', path: '/failing', statusCode: 200 }]]);
  });
});

describe('options', () => {
  test.each([{ require: 'sometimes' }, { digest: 'md5' }])('%j is a TypeError', (options) => {
    expect(() => verifyInterceptor(options as never)).toThrow(TypeError);
  });

  test.each(COPIES)('digest: false checks no digest, $name', async (copy) => {
    const dispatcher = agentOf(copy).compose(verifyInterceptor({ digest: false }));
    const response = await copy.undici.request(await respondingUrl(), { dispatcher });
    await response.body.text();
    expect(await verdictOf(response)).toMatchObject({ kind: 'complete', digest: 'ignored' });
  });
});
