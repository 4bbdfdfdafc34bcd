/**
 * Contestants against each other at one load: each gives its figures for as many octets as fill a run, in turn, and the
 * medians of the rounds are what counts. How many octets that are is found out first, for each by itself, which also
 * warms it up: at 16 octets one of them takes a hundred times as long as another.
 */
import { type Load, loadOf, octetsOf } from './load.ts';

export interface Plan {
  rounds: number;
  /** CPU time of a run, about. */
  cpuSeconds: number;
  /** The most that a run may take by the clock, about. */
  seconds: number;
  /** How many runs' worth goes before, for nothing but to warm up; more where the runs are short. */
  warmUpRuns: number;
}

export const FULL: Plan = { rounds: 5, cpuSeconds: 0.5, seconds: 1.2, warmUpRuns: 1 };
export const QUICK: Plan = { rounds: 3, cpuSeconds: 0.2, seconds: 0.5, warmUpRuns: 2 };

/** One transfer. */
export interface Run {
  seconds: number;
  /** Of the process under test. */
  cpuSeconds: number;
}

export interface Contestant {
  name: string;
  run(load: Load): Promise<Run>;
}

/** The medians. */
export interface Figures {
  megabytesPerSecond: number;
  /** CPU seconds for 10^9 octets of content. */
  cpuPerGigabyte: number;
}

const FIRST_PIECES = 20_000;
const MAX_FIRST_BYTES = 32 * 2 ** 20;
const MAX_BYTES = 2 ** 31;
/** A shorter run says too little about a longer one. */
const MIN_SHARE = 1 / 3;
const MAX_TRIES = 8;

export async function contest(
  contestants: readonly Contestant[],
  size: Load['size'],
  plan: Plan,
): Promise<Map<string, Figures>> {
  const loads = new Map<Contestant, Load>();
  const runs = new Map<Contestant, Figures[]>();
  for (const contestant of contestants) {
    loads.set(contestant, await fit(contestant, size, plan));
    runs.set(contestant, []);
  }
  for (let round = 0; round < plan.rounds; round++) {
    // Each begins a round in turn, so that nobody always follows the same one.
    const first = round % contestants.length;
    for (const contestant of [...contestants.slice(first), ...contestants.slice(0, first)]) {
      const load = loads.get(contestant)!;
      runs.get(contestant)!.push(figuresOf(await contestant.run(load), load));
    }
  }
  return new Map(contestants.map((contestant) => [contestant.name, mediansOf(runs.get(contestant)!)]));
}

async function fit(contestant: Contestant, size: Load['size'], plan: Plan): Promise<Load> {
  const unit = size === 'trace' ? 64 : size;
  let load = loadOf(size, Math.min(unit * FIRST_PIECES, MAX_FIRST_BYTES));
  let warmed = 0;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const { seconds, cpuSeconds } = await contestant.run(load);
    const share = Math.max(cpuSeconds / plan.cpuSeconds, seconds / plan.seconds);
    warmed += share;
    load = loadOf(size, Math.min(octetsOf(load) / share, MAX_BYTES));
    if (share >= MIN_SHARE && warmed >= plan.warmUpRuns) break;
  }
  return load;
}

function figuresOf({ seconds, cpuSeconds }: Run, load: Load): Figures {
  const octets = octetsOf(load);
  return { megabytesPerSecond: octets / 1e6 / seconds, cpuPerGigabyte: (cpuSeconds * 1e9) / octets };
}

function mediansOf(figures: readonly Figures[]): Figures {
  return {
    megabytesPerSecond: median(figures.map(({ megabytesPerSecond }) => megabytesPerSecond)),
    cpuPerGigabyte: median(figures.map(({ cpuPerGigabyte }) => cpuPerGigabyte)),
  };
}

/** The middle one of an odd number of values; the mean of the middle two of an even one. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
