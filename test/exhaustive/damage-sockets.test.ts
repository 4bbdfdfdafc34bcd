/**
 * Flip, drop, repeat, swap and insert over real sockets, to `receive` and to `verify`: under `verify` Node's own parser
 * reads the octets, which is looser than ours. Every flip in the long form, a part of each family in the short one.
 */
import { describe } from 'vitest';
import {
  type Change,
  chunkChanges,
  flips,
  insertions,
  losses,
  MEANINGFUL,
  readChanges,
  repetitions,
  splices,
  swaps,
} from './changes.ts';
import { CLIENTS } from './clients.ts';
import { everyNth } from './form.ts';
import { playTo, withPlayer } from './player.ts';
import { inPool } from './pool.ts';
import { named, RESPONSES, type Recorded, TINY, twin } from './responses.ts';
import { countedTest } from './tally.ts';

interface Damage {
  family: string;
  responses: readonly Recorded[];
  changes: (response: Recorded) => Iterable<Change>;
  /** Every n-th case is taken. */
  short: number;
  long?: number;
  contents?: readonly Buffer[];
}

const FAILURE = named('clean failure');
const DAMAGES: Damage[] = [
  { family: 'flip a bit', responses: RESPONSES, changes: ({ octets }) => flips(octets), short: 17 },
  { family: 'lose octets', responses: [TINY, FAILURE], changes: ({ octets }) => losses(octets, 16), short: 17 },
  { family: 'repeat octets', responses: [TINY, FAILURE], changes: ({ octets }) => repetitions(octets, 16), short: 17 },
  { family: 'exchange octets', responses: [TINY], changes: ({ octets }) => swaps(octets), short: 31, long: 3 },
  {
    family: 'lose, repeat, exchange chunks',
    responses: RESPONSES,
    changes: ({ octets, headBytes }) => chunkChanges(octets, headBytes),
    short: 1,
  },
  {
    family: 'lose, repeat, exchange reads',
    responses: [TINY, named('many chunks')],
    changes: ({ octets }) => readChanges(octets, 16),
    short: 3,
  },
  {
    family: 'insert an octet',
    responses: [TINY],
    changes: ({ octets }) => insertions(octets, MEANINGFUL),
    short: 17,
    long: 3,
  },
  {
    family: 'mix two messages',
    responses: [TINY],
    changes: ({ octets }) => splices(octets, twin.octets),
    short: 61,
    long: 5,
    contents: [TINY.content, twin.content],
  },
];

describe.each(CLIENTS)('%s', (client, ask) => {
  for (const { family, responses, changes, short, long, contents } of DAMAGES) {
    countedTest(`${family}`, `${family}, ${client}`, (tally) =>
      withPlayer(async (server) => {
        for (const response of responses) {
          const original = { contents: contents ?? response.contents, require: 'announced' as const };
          await inPool(everyNth(changes(response), short, long), async ({ octets, what }) => {
            const outcome = await playTo(server, ask, { octets, sign: 'FIN' }, { require: 'announced' });
            tally.add(outcome, original, () => `${response.name}: ${what}`);
          });
        }
      }),
    );
  }
});
