/**
 * Cut everywhere, over real sockets: every response after every single octet, with FIN, with RST behind the octets and
 * with RST when they have been read, to `receive` and to `verify`. Behind the last octet stands what the whole is worth,
 * so that a refusal of everything would not pass.
 */
import { describe, expect, test } from 'vitest';
import type { Require } from '../../src/core/verifier.ts';
import { CLIENTS } from './clients.ts';
import { everyNth } from './form.ts';
import { playTo, type Sign, withPlayer } from './player.ts';
import { inPool } from './pool.ts';
import { RESPONSES, type Recorded, TINY, WITHOUT_DIGEST } from './responses.ts';
import { countedTest } from './tally.ts';

const SIGNS: Sign[] = ['FIN', 'RST', 'RST when read'];
const ALL = [...RESPONSES, WITHOUT_DIGEST];

/**
 * What may come of it, cut after `length` octets. A body that ends with its connection looks ended after any of them,
 * but not where the connection was reset after they had been read. (Node tells of a reset right behind data as of FIN.)
 */
const originalOf = ({ octets, contents, isUntilClose }: Recorded, length: number, sign: Sign, require: Require) => ({
  contents: length === octets.length ? contents : [],
  require,
  mayEnd: isUntilClose ? sign !== 'RST when read' : length === octets.length,
});

describe.each(CLIENTS)('%s', (client, ask) => {
  test.each(ALL)('x-stream-status 5.2: whole, $name is $kind', async (response) => {
    const sign = response.ending === 'reset' ? 'RST when read' : 'FIN';
    await withPlayer(async (server) => {
      const outcome = await playTo(server, ask, { octets: response.octets, sign }, { require: 'announced' });
      const ended = response.kind === 'complete' || response.kind === 'unverified';
      expect(outcome).toMatchObject({ kind: response.kind, ended });
      if (response.ending !== 'error-response') expect(outcome.data.equals(response.content)).toBe(true);
    });
  });

  for (const sign of SIGNS) {
    countedTest(`RFC 9112 §8: cut after every octet, with ${sign}`, `cut, ${client}, ${sign}`, (tally) =>
      withPlayer((server) =>
        inPool(everyNth(cuts(ALL), sign === 'RST' ? 3 : 1), async ({ response, length }) => {
          const octets = response.octets.subarray(0, length);
          const outcome = await playTo(server, ask, { octets, sign }, { require: 'announced' });
          tally.add(
            outcome,
            originalOf(response, length, sign, 'announced'),
            () => `${response.name} cut after ${length}`,
          );
        }),
      ),
    );
  }

  countedTest('require always: cut after every octet', `cut, ${client}, require always`, (tally) =>
    withPlayer((server) =>
      inPool(everyNth(cuts(ALL), 7), async ({ response, length }) => {
        const octets = response.octets.subarray(0, length);
        const outcome = await playTo(server, ask, { octets, sign: 'FIN' }, { require: 'always' });
        tally.add(outcome, originalOf(response, length, 'FIN', 'always'), () => `${response.name} cut after ${length}`);
      }),
    ),
  );

  countedTest('x-stream-status 5.2: silence after every octet of a body', `cut, ${client}, silence`, (tally) =>
    withPlayer((server) =>
      inPool(cuts([TINY]), async ({ response, length }) => {
        if (client === 'verify' && length < response.headBytes) return; // the request's own, which has no bound
        const one = { octets: response.octets.subarray(0, length), sign: 'silence' as const };
        const outcome = await playTo(server, ask, one, { require: 'announced', idleTimeout: 500, headTimeout: 500 });
        tally.add(
          outcome,
          originalOf(response, length, 'silence', 'announced'),
          () => `${response.name} silent after ${length}`,
        );
      }),
    ),
  );
});

function* cuts(responses: readonly Recorded[]): Generator<{ response: Recorded; length: number }> {
  for (const response of responses) {
    for (let length = 0; length <= response.octets.length; length++) yield { response, length };
  }
}
