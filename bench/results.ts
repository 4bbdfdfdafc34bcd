/** Sections as files: results.md, results.svg and ratios.json. */
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { toSvg } from './picture.ts';
import type { Section } from './report.ts';
import { wantedTable } from './wanted.ts';

export const RATIOS_FILE = new URL('ratios.json', import.meta.url);

const METHOD =
  'In process (all sections up to `linear`), MB/s are millions of octets a second of CPU time, all threads of the ' +
  'process taken together; octets of content, without the framing, unless the section says otherwise. A figure is the ' +
  'best sample of several rounds, since what disturbs a sample only ever makes it longer; behind it stands how far the ' +
  'median sample lies below. Every ratio is made of two best samples of one run, on the same octets. Each ' +
  'implementation ran in a process of its own, in turn, and its output was compared with the expected octets first. ' +
  'What crosses a socket says itself how it was measured. On another machine, or with other load on this one, the ' +
  'figures and, less, their ratios differ.';

/** What else ran here shows in the load; the benchmark itself is about 1 of it. */
export function currentLoad(): string {
  return loadavg()[0]!.toFixed(1);
}

export function describeMachine(loadAtStart: string): string {
  const cpu = cpus()[0]?.model.trim() ?? 'unknown CPU';
  const memory = Math.round(totalmem() / 2 ** 30);
  const date = new Date().toISOString().slice(0, 10);
  return (
    `${cpu}, ${availableParallelism()} cores, ${memory} GiB of memory, Node ${process.version}, ` +
    `${process.platform} ${process.arch}, ${date}. Load average of the last minute: ${loadAtStart} at the start, ` +
    `${currentLoad()} at the end, of which the benchmark is about 1.`
  );
}

export function writeResults(sections: readonly Section[], machine: string): void {
  writeFileSync(new URL('results.md', import.meta.url), toMarkdown(sections, machine));
  const charts = sections.flatMap((section) => section.charts);
  writeFileSync(new URL('results.svg', import.meta.url), toSvg(charts, machine));
  writeFileSync(RATIOS_FILE, toJson(sections));
}

export function toMarkdown(sections: readonly Section[], machine: string): string {
  return [
    '# Benchmark results',
    'Made by `npm run bench`; not edited by hand.',
    `Measured on: ${machine}`,
    METHOD,
    '![The figures as bars, on a log scale](results.svg)',
    `## What is wanted\n\n${wantedTable(sections)}`,
    ...sections.map(({ name, markdown }) => `## ${name}\n\n${markdown}`),
    '',
  ].join('\n\n');
}

/** Every ratio by its id, with the three digits that it carries. */
export function toJson(sections: readonly Section[]): string {
  const ratios = sections.flatMap((section) => section.ratios);
  const entries = ratios.map(({ id, value }): [string, number] => [id, Number(value.toPrecision(3))]);
  const byId = Object.fromEntries(entries);
  if (Object.keys(byId).length !== entries.length) throw new Error('Two ratios have the same id');
  return `${JSON.stringify(byId, null, 2)}\n`;
}
