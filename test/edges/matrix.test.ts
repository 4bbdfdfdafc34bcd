/**
 * Strategy: every subject of subjects.js runs in a process of its own and is asked by clients that know nothing of this
 * library (the octets on the wire, fetch, curl) and by those that do (verify, receive). What each may conclude is
 * written down once, in rows.ts, from the design and not from what happens; the table that is printed is what happens.
 */
import { spawnSync } from 'node:child_process';
import { afterAll, describe, expect, test } from 'vitest';
import { type Asking, CLIENTS, type Client, type Scenario } from './clients.ts';
import { ASKINGS, expected, ROWS, type Row, SCENARIOS, TITLES } from './rows.ts';
import { Running } from './running.ts';

/** A client that has not concluded anything by then is said to hang. */
const PATIENCE = 2000;
/** A first piece that is not there by then is held back by somebody. */
const LATE = 1000;

const SIDE_BY_SIDE = 8;
const NO_CURL = 'SKIPPED: what curl concludes, in every cell: there is no curl on this machine';

interface Word {
  client: string;
  said: string;
  rule: RegExp;
  isRight: boolean;
}

const hasCurl = spawnSync('curl', ['--version']).status === 0;
if (!hasCurl) console.warn(NO_CURL);
const clients = CLIENTS.filter(({ name }) => hasCurl || name !== 'curl');

const only = process.env.EDGES_SUBJECT;
const rows = ROWS.filter(({ subject }) => only === undefined || subject.includes(only));
const results = new Map<string, Map<string, Word[]>>();
let requests = 0;

/** What one client concludes; `LATE` if what the source had given did not come until more followed. */
async function conclusion(running: Running, row: Row, scenario: Scenario, asking: Asking, client: Client) {
  const id = String(++requests);
  const port = await running.port();
  const patience = new AbortController();
  const { signal } = patience;
  const hangs = new Promise<string>((resolve) =>
    signal.addEventListener('abort', () => setTimeout(resolve, 100, 'HANGS')),
  );
  const timer = setTimeout(() => patience.abort(), PATIENCE);
  let late = '';
  const lateTimer = setTimeout(() => {
    if (scenario !== 'middle' && scenario !== 'slow') return;
    late = 'LATE, ';
    running.release(id);
  }, LATE);
  const onContent = () => {
    clearTimeout(lateTimer);
    running.release(id);
  };
  const path = `/?scenario=${scenario}&id=${id}`;
  const isKept = !(row.destroys && (scenario === 'middle' || scenario === 'head'));
  const reading = client.read({ port, path, scenario, asking, adds: row.adds, signal, onContent, isKept });
  const said = await Promise.race([reading.catch((error: Error) => `UNREADABLE: ${error.message}`), hangs]);
  clearTimeout(timer);
  clearTimeout(lateTimer);
  const isLeftOpen = (scenario === 'leaves' || scenario === 'head') && !(await running.hasClosed(id, LATE));
  const { death } = running;
  return `${late}${said}${isLeftOpen ? ', SOURCE LEFT OPEN' : ''}${death === undefined ? '' : `, PROCESS DIED: ${death}`}`;
}

/** All cells of a subject, one after the other: some of them close every connection that there is. */
async function measure(row: Row): Promise<void> {
  const cells = new Map<string, Word[]>();
  results.set(row.subject, cells);
  const running = new Running(row.subject);
  for (const scenario of SCENARIOS) {
    for (const asking of ASKINGS) {
      const words: Word[] = [];
      cells.set(`${scenario} ${asking}`, words);
      for (const client of clients) {
        if (!client.asks.includes(asking) || !client.scenarios.includes(scenario)) continue;
        const said = await conclusion(running, row, scenario, asking, client);
        const rule = expected(row, scenario, asking, client.name);
        words.push({ client: client.name, said, rule, isRight: rule.test(said) });
        if (said.includes('HANGS')) break; // enough is known of this cell
      }
    }
  }
  await running.stop();
}

// Measured first, several subjects side by side; the tests then look at each cell.
const waiting = rows.values();
await Promise.all(
  Array.from({ length: SIDE_BY_SIDE }, async () => {
    for (const row of waiting) await measure(row);
  }),
);

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

/** Equal words once, wrong ones with a mark. */
function drawn(words: Word[]): string {
  return [...new Set(words.map(({ said, isRight }) => (isRight ? said : `✗ ${said.slice(0, 80)}`)))].join(' / ');
}

/** The product of all this. */
function drawTable(): string {
  const lines = ['', 'What clients conclude (the wire / the others; ✗ is against the rule):'];
  for (const scenario of SCENARIOS) {
    const body = [...results].map(([subject, cells]) => [
      subject,
      ...ASKINGS.map((asking) => drawn(cells.get(`${scenario} ${asking}`)!)),
    ]);
    const table = [[TITLES[scenario], ...ASKINGS], ...body];
    const widths = table[0]!.map((_, column) => Math.max(...table.map((line) => line[column]!.length)));
    const draw = (line: string[]) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd();
    lines.push('', ...table.map(draw));
  }
  if (!hasCurl) lines.push('', NO_CURL);
  return `${lines.join('\n')}\n`;
}

afterAll(() => {
  process.stdout.write(drawTable());
});
