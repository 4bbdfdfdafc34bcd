/**
 * Entrants at every size: fresh processes for each size, since what one size has taught the engine slows the next; their
 * output checked before anything is timed; then a contest. What comes of it is a section: CPU time, throughput, ratios.
 */
import type { Chart, Ratio, Section } from '../report.ts';
import { checkLoad } from './check.ts';
import { type Contestant, contest, type Figures, type Plan } from './contest.ts';
import type { Load } from './load.ts';
import { formatNumber, formatRatio, NONE, toTable } from './tables.ts';

export type Size = Load['size'];

export interface Entered {
  /** Throws if what it gives for the load is wrong. */
  check(load: Load): Promise<void>;
  run: Contestant['run'];
  stop(): Promise<void>;
}

export interface Entrant {
  name: string;
  label: string;
  /** Where it does not take part in all. */
  sizes?: readonly Size[];
  enter(): Promise<Entered>;
}

/** One entrant over another: bigger is better. */
export interface Comparison {
  /** Of the ratio's id: `<prefix>/<size>/<over>/<figure>`. */
  prefix: string;
  of: string;
  over: string;
  figure: 'cpu' | 'throughput';
  /** What is wanted at a size; undefined for nothing, null for no ratio at all. */
  atLeast(size: Size): number | undefined | null;
}

export interface Match {
  name: string;
  about: string;
  caveat: string;
  sizes: readonly Size[];
  entrants: readonly Entrant[];
  /** Names of who is left out, and why. */
  absences: readonly string[];
  comparisons: readonly Comparison[];
}

type Results = ReadonlyMap<Size, ReadonlyMap<string, Figures>>;

export async function play(match: Match, plan: Plan, log: (line: string) => void): Promise<Section> {
  const results = new Map<Size, Map<string, Figures>>();
  for (const size of match.sizes) {
    const entrants = match.entrants.filter(({ sizes }) => sizes?.includes(size) ?? true);
    const entering = await Promise.allSettled(
      entrants.map(async ({ name, enter }): Promise<Contestant & Entered> => ({ name, ...(await enter()) })),
    );
    const entered = entering.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    try {
      for (const one of entering) if (one.status === 'rejected') throw one.reason;
      for (const { check } of entered) await check(checkLoad(size));
      const figures = await contest(entered, size, plan);
      results.set(size, figures);
      const told = [...figures].map(([name, { cpuPerGigabyte }]) => `${name} ${formatNumber(cpuPerGigabyte)}`);
      log(`${match.name}, ${titleOf(size)}, CPU s/GB: ${told.join(', ')}`);
    } finally {
      await Promise.all(entered.map(({ stop }) => stop()));
    }
  }
  return sectionOf(match, results);
}

export function titleOf(size: Size): string {
  return size === 'trace' ? 'tokens of 1 to 12' : `${size}`;
}

function sectionOf(match: Match, results: Results): Section {
  const { name, about, caveat, absences } = match;
  const ratios = ratiosOf(match, results);
  const markdown = [
    about,
    'Seconds of CPU for 10^9 octets of content:',
    figuresTable(match, results, 'cpuPerGigabyte'),
    'Throughput, MB/s of content:',
    figuresTable(match, results, 'megabytesPerSecond'),
    'Ratios; above 1 is to our advantage. In brackets what is wanted:',
    ratiosTable(match, ratios),
    ...absences.map((absence) => `Left out: ${absence}.`),
    `What this does not show: ${caveat}`,
  ].join('\n\n');
  const charts = [
    chartOf(match, results, 'cpuPerGigabyte', 's/GB', 'CPU time, less is better'),
    chartOf(match, results, 'megabytesPerSecond', 'MB/s', 'throughput'),
  ];
  return { name, markdown, ratios: [...ratios.values()].flatMap((row) => [...row.values()]), charts };
}

function figuresTable({ sizes, entrants }: Match, results: Results, figure: keyof Figures): string {
  const rows = sizes.map((size) => {
    const cells = entrants.map(({ name }) => formatNumber(results.get(size)?.get(name)?.[figure]));
    return [titleOf(size), ...cells];
  });
  return toTable(['octets', ...entrants.map(({ label }) => label)], rows);
}

function ratiosOf({ sizes, comparisons }: Match, results: Results): Map<Size, Map<Comparison, Ratio>> {
  return new Map(
    sizes.map((size) => {
      const row = new Map<Comparison, Ratio>();
      for (const comparison of comparisons) {
        const { prefix, of, over, figure } = comparison;
        const wanted = comparison.atLeast(size);
        const ours = results.get(size)?.get(of);
        const theirs = results.get(size)?.get(over);
        if (wanted === null || ours === undefined || theirs === undefined) continue;
        const value =
          figure === 'cpu'
            ? theirs.cpuPerGigabyte / ours.cpuPerGigabyte
            : ours.megabytesPerSecond / theirs.megabytesPerSecond;
        const id = `${prefix}/${size}/${over}/${figure}`;
        row.set(comparison, wanted === undefined ? { id, value } : { id, value, atLeast: wanted });
      }
      return [size, row];
    }),
  );
}

function ratiosTable({ sizes, entrants, comparisons }: Match, ratios: Map<Size, Map<Comparison, Ratio>>): string {
  const used = comparisons.filter((comparison) => [...ratios.values()].some((row) => row.has(comparison)));
  const labelOf = (name: string) => entrants.find((entrant) => entrant.name === name)!.label;
  const header = used.map(({ of, over, figure }) =>
    figure === 'cpu' ? `CPU, ${labelOf(over)} ÷ ${labelOf(of)}` : `MB/s, ${labelOf(of)} ÷ ${labelOf(over)}`,
  );
  const rows = sizes.map((size) => [titleOf(size), ...used.map((one) => ratioCell(ratios.get(size)?.get(one)))]);
  return toTable(['octets', ...header], rows);
}

function ratioCell(ratio: Ratio | undefined): string {
  if (ratio === undefined) return NONE;
  return ratio.atLeast === undefined ? formatRatio(ratio.value) : `${formatRatio(ratio.value)} (${ratio.atLeast})`;
}

function chartOf(match: Match, results: Results, figure: keyof Figures, unit: string, what: string): Chart {
  const groups = match.sizes.map((size) => ({
    label: titleOf(size),
    bars: match.entrants.flatMap(({ name, label }) => {
      const value = results.get(size)?.get(name)?.[figure];
      return value === undefined ? [] : [{ label, value }];
    }),
  }));
  return { title: `${match.name}: ${what}`, unit, groups };
}
