/**
 * npm run bench:check: whether the ratios that matter still hold, in a short run, against the committed ratios.json.
 * Below three quarters of the committed ratio is lost. Made to hold still on a busy machine: CPU time, not the clock;
 * both sides take turns, sample by sample; the best sample of each counts; and what falls below is measured again, in
 * fresh processes, before it is called lost.
 */
import { execSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { bestOf } from './measurement.ts';
import { ROOT } from './processes.ts';
import { RATIOS_FILE } from './results.ts';
import { Sampler } from './sampler.ts';
import { formatValue } from './wanted.ts';

/** A ratio below this part of the committed one is lost. */
const FLOOR = 0.75;
const SAMPLES = 5;
const REPEATS = 7;

interface Claim {
  suite: string;
  of: string;
  /** The first of them that this Node has. */
  over: readonly string[];
  shapes: readonly string[];
}

const CLAIMS: readonly Claim[] = [
  {
    suite: 'decode',
    of: 'decoder',
    over: ['node-parser', 'wasm'],
    shapes: ['16', '64', '256', '1024', '4096', '65536'],
  },
  { suite: 'encode', of: 'coalesced', over: ['memcpy'], shapes: ['16', '64', '1024'] },
  { suite: 'seal', of: 'seal', over: ['sha-256'], shapes: ['64', '1024', '65536'] },
  { suite: 'verify', of: 'verify', over: ['sha-256'], shapes: ['64', '1024', '65536'] },
];

interface Finding {
  id: string;
  value: number;
  floor: number | undefined;
}

async function main(): Promise<void> {
  const committed = readCommitted();
  execSync('npm run --silent build', { cwd: ROOT, stdio: 'inherit' });
  let lost = 0;
  for (const claim of CLAIMS) {
    let shapes = claim.shapes;
    for (let attempt = 0; attempt <= REPEATS && shapes.length > 0; attempt++) {
      const findings = await compare({ ...claim, shapes }, committed);
      for (const finding of findings) console.log(describe(finding, attempt));
      shapes = shapes.filter((_, i) => isLost(findings[i]!));
    }
    lost += shapes.length;
  }
  if (lost > 0) {
    console.error(`bench:check: ${lost} ratios are lost`);
    process.exitCode = 1;
  }
}

function readCommitted(): Record<string, number> {
  try {
    return JSON.parse(readFileSync(RATIOS_FILE, 'utf8'));
  } catch (cause) {
    throw new Error('bench/ratios.json cannot be read: a full `npm run bench` writes it', { cause });
  }
}

/** A finding for each shape of the claim. */
async function compare(claim: Claim, committed: Record<string, number>): Promise<Finding[]> {
  const { suite, shapes } = claim;
  const ours = await Sampler.start({ suite, implementation: claim.of });
  const { name, sampler: theirs } = await firstPresent(suite, claim.over);
  try {
    const findings: Finding[] = [];
    for (const shape of shapes) {
      const id = `${suite}/${shape}/${name}`;
      const value = await ratioOf(ours, theirs, shape);
      findings.push({ id, value, floor: committed[id] === undefined ? undefined : FLOOR * committed[id] });
    }
    return findings;
  } finally {
    ours.stop();
    theirs.stop();
  }
}

async function firstPresent(suite: string, names: readonly string[]): Promise<{ name: string; sampler: Sampler }> {
  const absences: string[] = [];
  for (const name of names) {
    const sampler = await Sampler.start({ suite, implementation: name });
    if (sampler.absence === undefined) return { name, sampler };
    absences.push(sampler.absence);
    sampler.stop();
  }
  throw new Error(`Nothing to compare with in ${suite}: ${absences.join('; ')}`);
}

async function ratioOf(ours: Sampler, theirs: Sampler, shape: string): Promise<number> {
  const samples = { ours: [] as number[], theirs: [] as number[] };
  for (let i = 0; i < SAMPLES; i++) {
    samples.ours.push(await ours.sample(shape));
    samples.theirs.push(await theirs.sample(shape));
  }
  return bestOf(samples.theirs) / bestOf(samples.ours);
}

/** What was never measured cannot be compared: it counts as lost, so that nobody takes it for kept. */
function isLost({ value, floor }: Finding): boolean {
  return floor === undefined || value < floor;
}

function describe(finding: Finding, attempt: number): string {
  const { id, value, floor } = finding;
  const outcome = isLost(finding) ? (attempt < REPEATS ? 'below' : 'LOST') : 'kept';
  const wanted = floor === undefined ? 'not in bench/ratios.json' : `at least ${formatValue(floor)}`;
  return `${outcome.padEnd(5)}  ${id}: ${formatValue(value)}, ${wanted}${attempt > 0 ? `, repeat ${attempt}` : ''}`;
}

try {
  await main();
} catch (error) {
  console.error(`bench:check: ${(error as Error).message}`);
  process.exitCode = 1;
}
