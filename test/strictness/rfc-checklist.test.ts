/**
 * Strategy: spec-notes/rfc-checklist.md is read, and held to what it says: each row names a test or a reason, each test is
 * in its file under that title, no id is missing or doubled. The list that it was made from lies beside the project.
 */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { missing, skip } from './vectors.ts';

const ROOT = new URL('../../', import.meta.url);
const SOURCE = new URL('../shared/rfc-checklist.md', ROOT);

interface Row {
  id: string;
  tests: { file: string; title: string }[];
  reason: string;
}

const page = readFileSync(new URL('spec-notes/rfc-checklist.md', ROOT), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => /^\| [A-Z]+-\d\d \|/.test(line))
  .map((line): Row => {
    const [id, , , , tested, reason] = line.slice(2, -2).split(' | ') as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const tests = tested === '–' ? [] : tested.split('<br>').map(testFrom);
    return { id, tests, reason: reason === '–' ? '' : reason };
  });

function testFrom(text: string): { file: string; title: string } {
  const match = /^`(test\/\S+\.test\.ts)` › (RFC .+)$/.exec(text);
  if (match === null) throw new Error(`This is no "file › title" with a clause: ${text}`);
  return { file: match[1]!, title: match[2]! };
}

/** How many ids of each letter there are. */
const IDS = { C: 18, F: 7, T: 18, R: 10, D: 9, SF: 5, P: 3 };
const ids = Object.entries(IDS).flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, at) => `${letter}-${String(at + 1).padStart(2, '0')}`),
);

test('every id has one row, in order', () => {
  expect(rows.map(({ id }) => id)).toEqual(ids);
});

test('the ids are those of the list that the page was made from', (context) => {
  const reason = missing(SOURCE);
  if (reason !== undefined) return skip(context, reason);
  const source = readFileSync(SOURCE, 'utf8').matchAll(/^\| ([A-Z]+-\d\d)(?: †)? \|/gm);
  expect([...source].map(([, id]) => id).sort()).toEqual([...ids].sort());
});

describe.each(rows)('$id', ({ tests, reason }) => {
  test('is tested, or is not ours for a reason', () => {
    expect(tests.length > 0 || reason.length > 10).toBe(true);
  });

  test.each(tests)('$file › $title', ({ file, title }) => {
    const url = new URL(file, ROOT);
    expect(existsSync(url)).toBe(true);
    const source = readFileSync(url, 'utf8');
    const quoted = ["'", '`', '"'].map((quote) => `${quote}${title}${quote}`);
    expect(quoted.some((text) => source.includes(text))).toBe(true);
  });
});
