/**
 * npm run bench: builds, then measures what runs in process, how its time grows, and what crosses a socket, one after
 * the other. Prints a table each; a full run also writes results.md, results.svg and ratios.json.
 */
import { execSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { measureLinear } from './linear.ts';
import { type Effort, measureSuite } from './measure.ts';
import { ROOT } from './processes.ts';
import type { Section } from './report.ts';
import { currentLoad, describeMachine, writeResults } from './results.ts';
import { toSection } from './sections.ts';
import { suites } from './suites.ts';
import { wantedTable } from './wanted.ts';
import { measureWire } from './wire/run.ts';

const FULL: Effort = { rounds: 3, maxTime: 0.7 };
const QUICK: Effort = { rounds: 1, maxTime: 0.15 };

const LINEAR = 'linear';

const HELP = `Usage: npm run bench -- [options]

Builds the library, measures it and its peers, and prints the tables.
A full run writes bench/results.md, bench/results.svg and bench/ratios.json as well.

  --only <name>  only this: ${[...suites.map(({ name }) => name), LINEAR].join(', ')},
                 or a part of what crosses a socket (receive, send, first-octet, idle-memory)
  --quick        fewer samples, and rougher figures
  --help         this text
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, quick: { type: 'boolean', default: false }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  execSync('npm run --silent build', { cwd: ROOT, stdio: 'inherit' });
  const loadAtStart = currentLoad();
  const sections: Section[] = [];
  for await (const section of measureAll(values.only, values.quick)) sections.push(section);
  const machine = describeMachine(loadAtStart);
  for (const { name, markdown } of sections) console.log(`\n## ${name}\n\n${markdown}`);
  console.log(`\n## What is wanted\n\n${wantedTable(sections)}\n\n${machine}`);
  if (values.quick || values.only !== undefined) {
    console.log('The results are left as they are: only a full run writes them.');
  } else {
    writeResults(sections, machine);
    console.log('Written to bench/results.md, bench/results.svg and bench/ratios.json.');
  }
}

async function* measureAll(only: string | undefined, quick: boolean): AsyncGenerator<Section> {
  const isChosen = (name: string) => only === undefined || only === name;
  const effort = quick ? QUICK : FULL;
  let isFound = false;
  for (const suite of suites.filter(({ name }) => isChosen(name))) {
    isFound = true;
    yield toSection(suite, await measureSuite(suite, effort, log));
  }
  if (isChosen(LINEAR)) {
    isFound = true;
    yield await measureLinear(quick, log);
  }
  if (only === undefined || !isFound) yield* await measureWire({ quick, log, ...(only !== undefined && { only }) });
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = 1;
}
