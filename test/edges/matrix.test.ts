/**
 * Strategy: every subject of subjects.js runs in a process of its own and is asked by clients that know nothing of this
 * library (the octets on the wire, fetch, curl) and by those that do (verify, receive). What each may conclude is
 * written down once, in rows.ts, from the design and not from what happens; the table that is printed is what happens.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { KNOWN_RED, knownRed } from './known-red.ts';
import { drawTables, hasCurl, measureAll, NO_CURL } from './measuring.ts';
import { ASKINGS, ROWS, SCENARIOS, TITLES } from './rows.ts';

const only = process.env.EDGES_SUBJECT;
const rows = ROWS.filter(({ subject }) => only === undefined || subject.includes(only));
const results = await measureAll(rows); // the tests then look at each cell

describe.each(rows)('$subject', ({ subject }) => {
  for (const scenario of SCENARIOS) {
    for (const asking of ASKINGS) {
      const words = results.get(subject)!.get(`${scenario} ${asking}`)!;
      const red = knownRed(subject, scenario, asking);
      const cell = () => {
        for (const { client, said, rule } of words) expect(said, client).toMatch(rule);
      };
      if (red === undefined) test(`${TITLES[scenario]}, ${asking}`, cell);
      else if (red.isUnsteady) test(`${TITLES[scenario]}, ${asking} (NOT ASSERTED: ${red.reason})`, () => {});
      else test.fails(`${TITLES[scenario]}, ${asking} (known to be red: ${red.reason})`, cell);
    }
  }
});

/** The product of all this. */
function drawProduct(): string {
  const lines = ['', 'What clients conclude (the wire / the others; ✗ is against the rule):', drawTables(results)];
  for (const { subjects, scenarios, askings, reason, isUnsteady } of KNOWN_RED) {
    lines.push(
      '',
      `${isUnsteady ? 'NOT ASSERTED' : 'KNOWN TO BE RED'}: ${subjects.join(', ')}: ${scenarios.join(', ')}; ${askings.join(', ')}:`,
      `  ${reason}`,
    );
  }
  if (!hasCurl) lines.push('', NO_CURL);
  return `${lines.join('\n')}\n`;
}

afterAll(() => {
  process.stdout.write(drawProduct());
});
