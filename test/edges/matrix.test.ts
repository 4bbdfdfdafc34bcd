/**
 * Strategy: every subject of subjects.js runs in a process of its own and is asked by clients that know nothing of this
 * library (the octets on the wire, fetch, curl) and by those that do (verify, receive). What each may conclude is
 * written down once, in rows.ts, from the specification and not from what happens; the table that is printed is what happens.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { drawTables, hasCurl, measureAll, NO_CURL } from './measuring.ts';
import { ASKINGS, ROWS, SCENARIOS, TITLES } from './rows.ts';

const only = process.env.EDGES_SUBJECT;
const rows = ROWS.filter(({ subject }) => only === undefined || subject.includes(only));
const results = await measureAll(rows); // the tests then look at each cell

describe.each(rows)('$subject', ({ subject }) => {
  for (const scenario of SCENARIOS) {
    for (const asking of ASKINGS) {
      const words = results.get(subject)!.get(`${scenario} ${asking}`)!;
      test(`${TITLES[scenario]}, ${asking}`, () => {
        for (const { client, said, rule } of words) expect(said, client).toMatch(rule);
      });
    }
  }
});

afterAll(() => {
  const lines = ['', 'What clients conclude (the wire / the others; ✗ is against the rule):', drawTables(results)];
  if (!hasCurl) lines.push('', NO_CURL);
  process.stdout.write(`${lines.join('\n')}\n`);
});
