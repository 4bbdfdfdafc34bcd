/** Damaged responses, received in process and counted. */
import type { Change } from './changes.ts';
import { everyNth } from './form.ts';
import { BREATH, breathe, receiveOctets } from './in-process.ts';
import type { Recorded } from './responses.ts';
import { countedTest } from './tally.ts';

type Changes = (response: Recorded) => Iterable<Change>;

/**
 * A counted test: each change of each response, or every n-th of them (`everyNth`).
 *
 * @param contents that a changed message may be complete with; by default the response's own
 */
export function damageTest(
  title: string,
  family: string,
  responses: readonly Recorded[],
  changes: Changes,
  { short = 1, long = 1, contents }: { short?: number; long?: number; contents?: readonly Buffer[] } = {},
): void {
  countedTest(title, family, async (tally) => {
    for (const response of responses) {
      const original = { contents: contents ?? response.contents, require: 'announced' as const };
      for (const { octets, what } of everyNth(changes(response), short, long)) {
        tally.add(receiveOctets([octets]), original, () => `${response.name}: ${what}`);
        if (tally.count.cases % BREATH === 0) await breathe();
      }
    }
  });
}
