/**
 * Launder, over real sockets: an origin whose source is whole or fails in each of its ways, a proxy that damages what it
 * forwards in each of its ways, and a client that asks for trailers and status, for trailers, or for nothing.
 *
 * With `require: 'always'`, no failed body ends without an error, whatever the proxy does. With the default, none does
 * where the head that reached the client named X-Stream-Status in Trailer: a proxy that drops that field, or the wishes
 * of the request, takes the announcement away, and a failed body may then end `unverified`, never `complete`.
 */
import type { Server } from 'node:net';
import { describe, expect, test } from 'vitest';
import { requestHeaders } from '../../src/node/head/request-headers.ts';
import { CLIENTS } from './clients.ts';
import { IS_LONG } from './form.ts';
import { cases } from './launder-cases.ts';
import { CONTENT, ORIGINS, pathOf } from './origin.ts';
import { inPool } from './pool.ts';
import { allPolicies, POLICIES, type Policy, withProxy } from './proxies.ts';
import { countedTest, type Tally } from './tally.ts';

describe('a whole body', () => {
  const KEEPING = POLICIES.filter(({ upstream, trailers, framing }) => {
    return upstream === 'HTTP/1.1' && trailers === 'kept' && framing === 'chunked';
  });
  test.each(KEEPING.filter(({ passesWishes }) => passesWishes))('is complete behind "$name"', async (policy) => {
    await withProxy(policy, ORIGINS[0]![1](), async (port) => {
      for (const [, ask] of CLIENTS) {
        const outcome = await ask(port, pathOf('whole', 0), { require: 'always', fields: requestHeaders() });
        expect(outcome).toMatchObject({ ended: true, kind: 'complete', data: CONTENT, promise: { status: true } });
      }
    });
  });
});

for (const [origin, make] of ORIGINS) {
  countedTest(
    `x-stream-status 5.2: every fate behind every proxy, from ${origin}`,
    `launder, ${origin}`,
    async (tally) => {
      await inPool(POLICIES, (policy) => launder(policy, make(), tally), 4);
    },
  );
}

if (IS_LONG) {
  countedTest(
    'x-stream-status 5.2: every combination of what a proxy may do',
    'launder, every proxy',
    async (tally) => {
      await inPool(allPolicies(), (policy) => launder(policy, ORIGINS[0]![1](), tally), 4);
    },
  );
}

async function launder(policy: Policy, origin: Server, tally: Tally): Promise<void> {
  let index = 0;
  await withProxy(policy, origin, (port) =>
    inPool(
      cases(),
      async ({ fate, fields, require, client, ask }) => {
        const contents = fate === 'whole' ? [CONTENT] : [];
        const outcome = await ask(port, pathOf(fate, index++), { require, fields });
        const what = () => `${policy.name}; ${fate}; ${JSON.stringify(fields)}; ${client}, ${require}`;
        tally.add(outcome, { contents, require }, what);
      },
      12,
    ),
  );
}
