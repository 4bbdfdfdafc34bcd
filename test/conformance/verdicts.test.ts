/** Strategy: every row of the table of verdicts, at every `require`, in every receiver. */
import { describe, expect, test } from 'vitest';
import { RECEIVERS } from './receivers.ts';
import { ROWS } from './rows.ts';

const REQUIRES = ['announced', 'always', 'never'] as const;

for (const receiver of RECEIVERS) {
  describe(`x-stream-status 5.2: ${receiver.name}`, () => {
    const leftOut = new Map<string, number>();
    for (const row of ROWS) {
      const reason = receiver.cannot(row);
      if (reason !== undefined) {
        leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1);
        test.skip(`${row.kind}: ${row.title} (left out: ${reason})`);
        continue;
      }
      const instead = receiver.instead(row);
      const { kind, code, content } = { ...row, ...instead };
      const title = `${kind}: ${row.title}${instead === undefined ? '' : ` (${instead.why})`}`;
      test(title, async () => {
        for (const require of REQUIRES) {
          const { data, ...found } = await receiver.read(row, require);
          expect({ require, ...found }).toEqual({ require, kind, code: code[require] });
          if (data === undefined) continue;
          if (found.code === undefined) expect(data).toBe(content);
          else expect(content.startsWith(data), 'what came before the error is content').toBe(true);
        }
      });
    }
    for (const [reason, rows] of leftOut) console.warn(`SKIPPED: ${rows} rows of ${receiver.name}: ${reason}`);
  });
}
