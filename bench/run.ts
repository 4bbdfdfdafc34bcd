/**
 * `npm run bench`: everything, into results.md; `--help` says what else. `--check` fails at nothing, and says what it has
 * left out for lack of time.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runJob } from './job.ts';
import { readPage, toPage } from './page.ts';
import type { Part } from './part.ts';
import { toPicture } from './picture.ts';
import type { Measured } from './row.ts';

/** A ratio that has changed by more than this is named: two quick runs differ by up to a third (measured). */
const NOTICED = 1.4;
const PAGE = new URL('results.md', import.meta.url);
const PICTURE = new URL('results.svg', import.meta.url);
/** Milliseconds, after which `--check` reports what it has: on a busy machine that is less than all. */
const CHECK_TIME = 170_000;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    picture: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  process.stdout.write(`npm run bench -- [options]: measures everything, and writes bench/results.md (20 minutes)
  --only <name>  only this file of bench/jobs or bench/parts; may be repeated; writes nothing
  --quick        fewer and shorter runs (2 minutes)
  --check        compares a quick run with bench/results.md (3 minutes); writes nothing
  --picture      only draws bench/results.svg again from bench/results.md
`);
  process.exit();
}
const isQuick = values.quick || values.check;
if (isQuick) process.env.BENCH_QUICK = '1'; // told to the processes of the jobs
const log = (line: string) => process.stdout.write(`${line}\n`);
const isWanted = (name: string) => values.only?.includes(name) ?? true;
const namesIn = (folder: string) =>
  readdirSync(new URL(folder, import.meta.url))
    .map((file) => file.replace(/\.ts$/, ''))
    .filter(isWanted);

const isWritten = !values.check && values.only === undefined;
if (values.picture) {
  writeFileSync(PICTURE, toPicture(readFileSync(PAGE, 'utf8')));
  process.exit();
}

if (isWritten) rmSync(new URL('profiles/', import.meta.url), { recursive: true, force: true });

const outOfTime = new Promise<never>((_, reject) => {
  if (values.check) setTimeout(() => reject(new Error('there is no more time')), CHECK_TIME);
});
outOfTime.catch(() => {});

interface Entry {
  name: string;
  measure: (until: number) => Promise<Measured[]>;
}

/** Measures them one by one. In a check each has its share of the time that is left, and what fails is passed over. */
async function measureAll(entries: readonly Entry[], behind: number): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const [i, { name, measure }] of entries.entries()) {
    log(name);
    if (!values.check) {
      measured.push(...(await measure(Number.POSITIVE_INFINITY)));
      continue;
    }
    const now = performance.now();
    const until = now + (CHECK_TIME - now) / (entries.length - i + behind);
    try {
      measured.push(...(await Promise.race([outOfTime, measure(until)])));
    } catch (error) {
      log(`LEFT OUT: ${name}: ${(error as Error).message}`);
    }
  }
  return measured;
}

const partEntries = namesIn('parts/').map((name): Entry => {
  const measure = async () => {
    const { part } = (await import(new URL(`parts/${name}.ts`, import.meta.url).href)) as { part: Part };
    return part.run(isQuick, log);
  };
  return { name, measure };
});
const JOBS = ['files', 'short', 'seal', 'receive', 'relay', 'open', 'tokens', 'first-byte', 'runtimes'];
/** Their programs are compared with nothing that was promised: a check has no time for them. */
const UNCHECKED = values.check ? ['runtimes'] : [];
const jobEntries = JOBS.filter((name) => isWanted(name) && !UNCHECKED.includes(name)).map((name): Entry => {
  return { name, measure: (until) => runJob(name, isQuick, log, { isProfiled: isWritten, until }) };
});
const parts = await measureAll(partEntries, jobEntries.length);
const jobs = await measureAll(jobEntries, 0);

if (values.check) {
  const committed = new Map(readPage(readFileSync(PAGE, 'utf8')).map((row) => [row.title, row]));
  let compared = 0;
  let worse = 0;
  for (const { title, by, best } of [...jobs, ...parts]) {
    const before = committed.get(title)?.best;
    if (before === undefined || by === 'memory') continue;
    compared++;
    const slower = by === 'speed' ? before / best : best / before;
    if (slower <= NOTICED) continue;
    worse++;
    log(`WORSE: ${title}: ${best.toFixed(2)}, and ${before} in results.md`);
  }
  const of = `${compared} of ${committed.size} figures`;
  log(`${of} of results.md compared, ${worse} of them worse by more than a factor of ${NOTICED}`);
} else if (isWritten) {
  const page = toPage(jobs, parts, isQuick);
  writeFileSync(PAGE, page);
  writeFileSync(PICTURE, toPicture(page));
} else {
  for (const { title, best, median } of [...jobs, ...parts]) log(`${title}: ${best.toFixed(2)} (${median.toFixed(2)})`);
}
process.exit();
