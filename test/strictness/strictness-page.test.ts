/** Strategy: spec-notes/strictness.md against what it was made from: its table is renewed and compared; its judgements are complete. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PAGE, renewedPage } from '../../scripts/strictness.ts';
import { GROUPS } from '../../scripts/strictness-rows.ts';
import { missingVectors, readVectors, skip } from './vectors.ts';

const page = readFileSync(PAGE, 'utf8');

test('the table is current (npm run strictness renews it)', (context) => {
  if (missingVectors !== undefined) return skip(context, missingVectors);
  expect(renewedPage(page)).toBe(page);
});

test('every cell of ours is what the RFC allows', () => {
  const rows = page
    .split('\n')
    .filter((line) => /^\| `.*\| (?:accept|reject|waits|limit|not read|\*\*\w+\*\*) \|/.test(line));
  const ours = rows.map((line) => line.split(' | ')[1]);
  expect(ours.filter((outcome) => outcome!.startsWith('**'))).toEqual([]);
});

test('the counts that the page gives of its records are right', (context) => {
  const rows = GROUPS.flatMap((group) => group.rows);
  expect(new Set(rows.map(([id]) => id)).size).toBe(rows.length);
  expect(page).toContain(`\n${rows.length} of the 355 records`);
  if (missingVectors !== undefined) return skip(context, missingVectors);
  expect(readVectors()).toHaveLength(355);
});
