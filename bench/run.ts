/**
 * npm run bench: builds, then measures every implementation in a process of its own, one at a time, since the garbage
 * that one leaves would slow whoever came after it. Prints a table a suite; a full run also writes results.md.
 */
import { execSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Outcome, Report, Task } from './measurement.ts';
import { currentLoad, describeMachine, formatSpeed, type SuiteResult, toMarkdown, toTable } from './results.ts';
import type { SuiteFile } from './suite.ts';
import { suiteNamed, suites } from './suites.ts';

const FULL_SECONDS = 4;
const QUICK_SECONDS = 0.4;

const HELP = `Usage: npm run bench -- [options]

Builds the library, measures it and its peers, and prints a table for each suite.
A full run writes bench/results.md as well.

  --only <suite>  only this suite: ${suites.map(({ name }) => name).join(', ')}
  --quick         fewer samples: about a minute instead of four, and rougher figures
  --help          this text
`;

const root = fileURLToPath(new URL('..', import.meta.url));

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, quick: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const chosen = values.only === undefined ? suites : [suiteNamed(values.only)];
  execSync('npm run --silent build', { cwd: root, stdio: 'inherit' });
  const loadAtStart = currentLoad();
  const results: SuiteResult[] = [];
  for (const suite of chosen) results.push(await measure(suite, values.quick ? QUICK_SECONDS : FULL_SECONDS));
  const machine = describeMachine(loadAtStart);
  for (const result of results) console.log(`\n${result.suite.name}\n\n${toTable(result)}`);
  console.log(`\n${machine}`);
  if (values.quick || values.only !== undefined) {
    console.log('bench/results.md is left as it is: only a full run of all suites writes it.');
  } else {
    writeFileSync(new URL('results.md', import.meta.url), toMarkdown(results, machine));
    console.log('Written to bench/results.md.');
  }
}

async function measure(suite: SuiteFile, maxTime: number): Promise<SuiteResult> {
  const outcomes: Outcome[] = [];
  for (const { name, label } of suite.implementations) {
    const cases = suite.shapes.length;
    progress(`${suite.name}, ${label}: checking the output of ${cases} cases`);
    const outcome: Outcome = { implementation: name, measurements: [] };
    for await (const report of reportsOf({ suite: suite.name, implementation: name, maxTime })) {
      if ('absence' in report) {
        outcome.absence = report.absence;
        progress(`${suite.name}, ${label}: left out. ${report.absence}`);
      } else {
        outcome.measurements.push(report);
        const done = outcome.measurements.length;
        progress(`${suite.name}, ${label}, ${done} of ${cases}: ${report.title}: ${formatSpeed(report)} MB/s`);
      }
    }
    outcomes.push(outcome);
  }
  return { suite, outcomes };
}

/** Runs a child for the task. Throws if it fails: half a comparison is none. */
async function* reportsOf(task: Task): AsyncGenerator<Report> {
  const script = fileURLToPath(new URL('child.ts', import.meta.url));
  // What loads TypeScript here loads it there. DEP0111 is process.binding, which the results say is deprecated.
  const flags = [...process.execArgv, '--expose-gc', '--disable-warning=DEP0111'];
  const child = spawn(process.execPath, [...flags, script, JSON.stringify(task)], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line);
  const code = await exit;
  if (code !== 0) throw new Error(`${task.suite}, ${task.implementation}: the child exited with ${code}`);
}

function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = 1;
}
