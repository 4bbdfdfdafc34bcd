/**
 * Drop, repeat, swap, insert, in process: every octet, read and chunk lost, doubled and exchanged, every octet value put
 * in at every place, and the octets of two messages mixed as a confused connection could mix them.
 */
import {
  ALL_VALUES,
  type Change,
  chunkChanges,
  insertions,
  losses,
  MEANINGFUL,
  readChanges,
  repetitions,
  splices,
  swaps,
} from './changes.ts';
import { damageTest } from './damage.ts';
import { named, RESPONSES, type Recorded, SMALL, TINY, twin, WITHOUT_DIGEST } from './responses.ts';

const LARGER = RESPONSES.filter((response) => !SMALL.includes(response));
/** In reads of this many octets. Every pair of octets is a family of its own, and so is every range lost or doubled. */
const READ_SIZES = [3, 5, 7, 8, 16, 32, 64, 100, 128];
const reads = ({ octets }: Recorded): Change[] => READ_SIZES.flatMap((size) => [...readChanges(octets, size)]);

// Without a digest the count has to notice.
const COUNTED = [...SMALL, WITHOUT_DIGEST];
damageTest('every range of octets lost', 'lose octets', COUNTED, ({ octets }) => losses(octets), {
  short: 31,
});
damageTest('up to 16 octets lost', 'lose octets', LARGER, ({ octets }) => losses(octets, 16), { short: 7 });
damageTest('every range of octets twice', 'repeat octets', COUNTED, ({ octets }) => repetitions(octets), {
  short: 31,
});
damageTest('up to 16 octets twice', 'repeat octets', LARGER, ({ octets }) => repetitions(octets, 16), {
  short: 7,
});

const OTHERS = SMALL.filter((response) => response !== TINY);
damageTest('every two octets exchanged', 'exchange octets', OTHERS, ({ octets }) => swaps(octets), {
  short: 37,
});
damageTest('every two octets of tiny exchanged', 'exchange octets', [TINY], ({ octets }) => swaps(octets));
damageTest('octets up to 16 apart exchanged', 'exchange octets', LARGER, ({ octets }) => swaps(octets, 16), {
  short: 3,
});

damageTest('every read lost, doubled, exchanged', 'lose, repeat, exchange reads', RESPONSES, reads, {
  short: 17,
});
damageTest('every chunk lost, doubled, exchanged', 'lose, repeat, exchange chunks', RESPONSES, (response) =>
  chunkChanges(response.octets, response.headBytes),
);

damageTest('any octet put in anywhere', 'insert an octet', SMALL, ({ octets }) => insertions(octets, ALL_VALUES), {
  short: 61,
});
damageTest('an octet put in anywhere', 'insert an octet', LARGER, ({ octets }) => insertions(octets, MEANINGFUL), {
  short: 13,
});

for (const other of [twin, named('clean failure'), named('abort'), named('plain'), WITHOUT_DIGEST]) {
  damageTest(
    `the beginning of tiny, the end of ${other.name}`,
    'mix two messages',
    [TINY],
    ({ octets }) => splices(octets, other.octets),
    { short: 41, long: 3, contents: [TINY.content, ...other.contents] },
  );
  damageTest(
    `the beginning of ${other.name}, the end of tiny`,
    'mix two messages',
    [TINY],
    ({ octets }) => splices(other.octets, octets),
    { short: 41, long: 3, contents: [TINY.content, ...other.contents] },
  );
}
