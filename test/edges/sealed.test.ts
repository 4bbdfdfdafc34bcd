/**
 * Strategy: applications of each framework that know nothing of this library but one line, `seal`, as a matrix like that of
 * `respond` (matrix.test.ts). What each calls when it fails is recorded without the seal; the table in the guide is made
 * from both. `UPDATE=1` writes it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { snippet } from '../support/guides.ts';
import { CLIENTS } from './clients.ts';
import { conclusion, drawTables, measureAll, sideBySide } from './measuring.ts';
import { ASKINGS, TITLES } from './rows.ts';
import { Running } from './running.ts';
import { expectedSealed, PREFIX, SEALED_ROWS, SEALED_SCENARIOS, type SealedRow } from './sealed-rows.ts';
import { SEALED_SUBJECTS } from './sealed-subjects.js';

const GUIDE = fileURLToPath(new URL('../../docs/seal.md', import.meta.url));
const START = '<!-- made by test/edges/sealed.test.ts -->\n';
const END = '<!-- end -->\n';

const only = process.env.EDGES_SUBJECT;
const rows = SEALED_ROWS.filter(({ subject }) => only === undefined || subject.includes(only));
const results = await measureAll(rows, SEALED_SCENARIOS, expectedSealed);

const nameOf = ({ subject }: SealedRow) => subject.slice(PREFIX.length);

/** Without the seal: what it calls when it fails, and what a client on the wire concludes. */
async function plain(row: SealedRow): Promise<{ called: string; said: string }> {
  const running = new Running(row.subject, { EDGES_UNSEALED: '1' });
  const wire = CLIENTS.find(({ name }) => name === 'wire')!;
  const said = await conclusion(running, row, 'middle', 'HTTP/1.1', wire);
  // Not of those that are asked before, to warm up, or after, to see whether the connection is kept.
  const called = [...running.called].find(([id]) => /^\d+$/.test(id))?.[1] ?? 'nothing';
  await running.stop();
  return { called, said };
}

test('what the guide has for the AI SDK is what is tried', () => {
  const formats = readFileSync(new URL('./sealed-formats.js', import.meta.url), 'utf8');
  expect(formats).toContain(snippet('docs/seal.md', 'watched(parts, res)'));
});

test('every application is in a row', () => {
  expect(SEALED_ROWS.map(nameOf).sort()).toEqual(Object.keys(SEALED_SUBJECTS).sort());
});

describe.each(rows)('$subject', ({ subject }) => {
  for (const scenario of SEALED_SCENARIOS) {
    for (const asking of ASKINGS) {
      test(`${TITLES[scenario]}, ${asking}`, () => {
        for (const { client, said, rule } of results.get(subject)!.get(`${scenario} ${asking}`)!) {
          expect(said, client).toMatch(rule);
        }
      });
    }
  }
});

/** What a reader of the guide wants to know. */
function plainly(said: string): string {
  if (said.includes('TAKEN FOR WHOLE') && !said.includes('HANGS')) return '**success**';
  if (said.includes('HANGS')) return 'hangs';
  return said.includes('told') ? 'failure, and why' : 'failure';
}

test.skipIf(only !== undefined)(
  'the table of the guide',
  async () => {
    const plains = await sideBySide(rows, plain);
    const lines = rows.map((row, i) => {
      const { called, said } = plains[i]!;
      const cells = results.get(row.subject)!;
      const [unaware, asked] = ['middle HTTP/1.1', 'middle asked'].map((key) => plainly(cells.get(key)![0]!.said));
      const call = called === 'nothing' ? called : `\`${called}\``;
      return `| ${nameOf(row)} | ${call} | ${plainly(said)} | ${unaware} | ${asked} |\n`;
    });
    const head = '| application | calls | without `seal` | with it | with it, asked |\n|---|---|---|---|---|\n';
    const guide = readFileSync(GUIDE, 'utf8');
    const [before, rest] = guide.split(START) as [string, string];
    const updated = `${before}${START}\n${head}${lines.join('')}\n${END}${rest.split(END)[1]}`;
    if (process.env.UPDATE) writeFileSync(GUIDE, updated);
    else expect(guide).toBe(updated);
  },
  120_000,
);

afterAll(() => {
  process.stdout.write(`\n${drawTables(results, SEALED_SCENARIOS)}\n`);
});
