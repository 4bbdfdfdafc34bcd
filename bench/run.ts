/**
 * `npm run bench`: everything, into results.md. `--quick` takes two minutes or so; `--only <name>` (a file of jobs/ or
 * parts/, may be repeated) and `--check` (compares with results.md, and fails at nothing) write nothing.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runJob } from './job.ts';
import { readPage, toPage } from './page.ts';
import type { Part } from './part.ts';
import type { Measured } from './row.ts';

/** A ratio that has changed by more than this is named: two quick runs differ by up to a third (measured). */
const NOTICED = 1.4;
const PAGE = new URL('results.md', import.meta.url);

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
  },
});
const isQuick = values.quick || values.check;
if (isQuick) process.env.BENCH_QUICK = '1'; // told to the processes of the jobs
const log = (line: string) => process.stdout.write(`${line}\n`);
const isWanted = (name: string) => values.only?.includes(name) ?? true;
const namesIn = (folder: string) =>
  readdirSync(new URL(folder, import.meta.url))
    .map((file) => file.replace(/\.ts$/, ''))
    .filter(isWanted);

const isWritten = !values.check && values.only === undefined;
if (isWritten) rmSync(new URL('profiles/', import.meta.url), { recursive: true, force: true });

const parts: Measured[] = [];
for (const name of namesIn('parts/')) {
  log(name);
  const { part } = (await import(new URL(`parts/${name}.ts`, import.meta.url).href)) as { part: Part };
  parts.push(...(await part.run(isQuick, log)));
}
const JOBS = ['files', 'short', 'seal', 'receive', 'relay', 'open', 'tokens', 'first-byte'];
const jobs: Measured[] = [];
for (const name of JOBS.filter(isWanted)) {
  log(name);
  jobs.push(...(await runJob(name, isQuick, log, isWritten)));
}

if (values.check) {
  const committed = readPage(readFileSync(PAGE, 'utf8'));
  for (const { title, by, best } of [...jobs, ...parts]) {
    const before = committed.get(title);
    if (before === undefined || by === 'memory') continue;
    const slower = by === 'speed' ? before / best : best / before;
    if (slower > NOTICED) log(`WORSE: ${title}: ${best.toFixed(2)}, and ${before} in results.md`);
  }
} else if (isWritten) {
  writeFileSync(PAGE, toPage(jobs, parts, isQuick));
} else {
  for (const { title, best, median } of [...jobs, ...parts]) log(`${title}: ${best.toFixed(2)} (${median.toFixed(2)})`);
}
process.exit();
