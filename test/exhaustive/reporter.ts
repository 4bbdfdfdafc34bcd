/** Prints what all exhaustive tests have counted, as one table, and the sentence that docs/tried.md quotes. */
import type { Reporter, TestModule } from 'vitest/node';
import { IS_LONG } from './form.ts';
import type { Count } from './tally.ts';

const COLUMNS = ['cases', 'complete', 'unverified', 'refused', 'silent'] as const;
const formatted = new Intl.NumberFormat('en-US');

export default class ExhaustiveReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>): void {
    const counts = modules
      .flatMap((module) => [...module.children.allTests()])
      .flatMap((test) => (test.meta() as { exhaustive?: Count }).exhaustive ?? []);
    if (counts.length === 0) return;
    const families = new Map<string, Count>();
    for (const count of counts) {
      const sum = families.get(count.family);
      families.set(count.family, sum === undefined ? { ...count } : added(sum, count));
    }
    const rows = [...families.values()].sort((one, other) => (one.family < other.family ? -1 : 1));
    const total = rows.reduce(added, { family: 'total', cases: 0, complete: 0, unverified: 0, refused: 0, silent: 0 });
    const lines = [
      ['', ...COLUMNS],
      ...[...rows, total].map((row) => [row.family, ...COLUMNS.map((column) => formatted.format(row[column]))]),
    ];
    const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
    const padded = lines.map((line) =>
      line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join('  '),
    );
    const sentence = `${formatted.format(total.cases)} cases, ${formatted.format(total.silent)} silent successes`;
    process.stdout.write(`\n${padded.join('\n')}\n\n${IS_LONG ? 'long' : 'short'} form: ${sentence}\n`);
  }
}

function added(one: Count, other: Count): Count {
  const sum = { ...one };
  for (const column of COLUMNS) sum[column] += other[column];
  return sum;
}
