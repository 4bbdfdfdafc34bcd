/**
 * What clients conclude of a subject: each cell of the matrix is asked of the process that it runs in, and compared with the
 * rule of rows.ts.
 */
import { spawnSync } from 'node:child_process';
import { type Asking, CLIENTS, type Client, type Scenario } from './clients.ts';
import { ASKINGS, expected, type Row, SCENARIOS, TITLES } from './rows.ts';
import { Running } from './running.ts';

/** A client that has not concluded anything by then is said to hang. */
export const PATIENCE = 4000;
/** A first piece that is not there by then is held back by somebody. */
const LATE = 2000;

const SIDE_BY_SIDE = 8;
export const NO_CURL = 'SKIPPED: what curl concludes, in every cell: there is no curl on this machine';

export interface Word {
  client: string;
  said: string;
  rule: RegExp;
  isRight: boolean;
}

export const hasCurl = spawnSync('curl', ['--version']).status === 0;
if (!hasCurl) console.warn(NO_CURL);
const clients = CLIENTS.filter(({ name }) => hasCurl || name !== 'curl');

let requests = 0;

/**
 * What one client concludes; `LATE` if what the source had given did not come until more followed.
 *
 * @param times how many times as patient
 */
export async function conclusion(
  running: Running,
  row: Row,
  scenario: Scenario,
  asking: Asking,
  client: Client,
  times = 1,
) {
  const id = String(++requests);
  const port = await running.port();
  const patience = new AbortController();
  const { signal } = patience;
  const hangs = new Promise<string>((resolve) =>
    signal.addEventListener('abort', () => setTimeout(resolve, 100, 'HANGS')),
  );
  const timer = setTimeout(() => patience.abort(), times * (row.holds ? 2 * PATIENCE : PATIENCE));
  let late = '';
  const lateTimer = setTimeout(() => {
    if (scenario !== 'middle' && scenario !== 'slow') return;
    late = 'LATE, ';
    running.release(id);
  }, times * LATE);
  const onContent = () => {
    clearTimeout(lateTimer);
    running.release(id);
  };
  const path = `/?scenario=${scenario}&id=${id}`;
  const isKept = !(row.destroys && ['middle', 'before', 'head'].includes(scenario));
  const reading = client.read({ port, path, scenario, asking, adds: row.adds, signal, onContent, isKept });
  const said = await Promise.race([reading.catch((error: Error) => `UNREADABLE: ${error.message}`), hangs]);
  clearTimeout(timer);
  clearTimeout(lateTimer);
  const isLeftOpen = (scenario === 'leaves' || scenario === 'head') && !(await running.hasClosed(id, times * LATE));
  const { death } = running;
  return `${late}${said}${isLeftOpen ? ', SOURCE LEFT OPEN' : ''}${death === undefined ? '' : `, PROCESS DIED: ${death}`}`;
}

/** What a client may conclude. */
export type Rule = typeof expected;

/** The words of all clients, by `${scenario} ${asking}`. */
export type Cells = Map<string, Word[]>;

/** All cells of a subject, one after the other: some of them close every connection that there is. */
async function measure(row: Row, scenarios: readonly Scenario[], ruleOf: Rule): Promise<Cells> {
  const cells: Cells = new Map();
  const running = new Running(row.subject);
  for (const scenario of scenarios) {
    for (const asking of ASKINGS) {
      const words: Word[] = [];
      cells.set(`${scenario} ${asking}`, words);
      for (const client of clients) {
        if (!client.asks.includes(asking) || !client.scenarios.includes(scenario)) continue;
        const rule = ruleOf(row, scenario, asking, client.name);
        let said = await conclusion(running, row, scenario, asking, client);
        // A busy machine may have taken its time: whoever really waits does so in a longer time as well.
        if (!rule.test(said) && /HANGS|LATE|LEFT OPEN/.test(said)) {
          said = await conclusion(running, row, scenario, asking, client, 5);
        }
        words.push({ client: client.name, said, rule, isRight: rule.test(said) });
        if (said.includes('HANGS')) break; // enough is known of this cell
      }
    }
  }
  await running.stop();
  return cells;
}

/** Does it for each, several side by side. */
export async function sideBySide<One, Result>(all: readonly One[], work: (one: One) => Promise<Result>) {
  const results: Result[] = [];
  const waiting = all.entries();
  await Promise.all(
    Array.from({ length: SIDE_BY_SIDE }, async () => {
      for (const [i, one] of waiting) results[i] = await work(one);
    }),
  );
  return results;
}

/** The subjects, by name. */
export async function measureAll(
  rows: readonly Row[],
  scenarios: readonly Scenario[] = SCENARIOS,
  ruleOf: Rule = expected,
): Promise<Map<string, Cells>> {
  const results = await sideBySide(rows, (row) => measure(row, scenarios, ruleOf));
  return new Map(rows.map(({ subject }, i) => [subject, results[i]!]));
}

/** Equal words once, wrong ones with a mark. */
export function drawn(words: Word[]): string {
  return [...new Set(words.map(({ said, isRight }) => (isRight ? said : `✗ ${said.slice(0, 80)}`)))].join(' / ');
}

/** A table for each scenario, of every subject. */
export function drawTables(results: Map<string, Cells>, scenarios: readonly Scenario[] = SCENARIOS): string {
  const lines: string[] = [];
  for (const scenario of scenarios) {
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
  return lines.join('\n');
}
