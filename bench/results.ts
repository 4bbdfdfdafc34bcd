/** Outcomes as Markdown: a table a suite, the machine, and what the figures do not show. */
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { titleOf } from './fixtures.ts';
import type { Measurement, Outcome } from './measurement.ts';
import type { Ratio, SuiteFile } from './suite.ts';

export interface SuiteResult {
  suite: SuiteFile;
  outcomes: readonly Outcome[];
}

const NONE = '–';

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

export function toMarkdown(results: readonly SuiteResult[], machine: string): string {
  return [
    '# Benchmark results',
    'Made by `npm run bench`; not edited by hand.',
    `Measured on: ${machine}`,
    'MB/s are millions of octets of content a second, without the framing, ± the relative margin of error that ' +
      'Benchmark.js gives. Each implementation ran in a process of its own, one at a time, and its output was compared ' +
      'with the expected octets first. On another machine, or with other load on this one, the figures and their ' +
      'ratios differ.',
    ...results.flatMap(toSection),
    '',
  ].join('\n\n');
}

function toSection({ suite, outcomes }: SuiteResult): string[] {
  const absences = outcomes.filter(({ absence }) => absence !== undefined);
  return [
    `## ${suite.name}`,
    suite.about,
    toTable({ suite, outcomes }),
    ...absences.map(({ implementation, absence }) => `Left out: ${labelOf(suite, implementation)}. ${absence}.`),
    `What this does not show: ${suite.caveat}`,
  ];
}

/** A row a shape; a column an implementation, in MB/s, and one a ratio. */
export function toTable({ suite, outcomes }: SuiteResult): string {
  const header = [
    'chunk size, path',
    ...suite.implementations.map(({ label }) => `${label}, MB/s`),
    ...suite.ratios.map(({ of, over }) => `${labelOf(suite, of)} : ${labelOf(suite, over)}`),
  ];
  const rows = suite.shapes.map((shape) => {
    const found = (name: string) => measurementOf(outcomes, name, titleOf(shape));
    return [
      titleOf(shape),
      ...suite.implementations.map(({ name }) => formatSpeed(found(name))),
      ...suite.ratios.map((ratio) =>
        ratio.path === undefined || ratio.path === shape.path ? formatRatio(ratio, found) : NONE,
      ),
    ];
  });
  return alignTable([header, ...rows]);
}

function labelOf(suite: SuiteFile, name: string): string {
  return suite.implementations.find((implementation) => implementation.name === name)?.label ?? name;
}

function measurementOf(outcomes: readonly Outcome[], name: string, title: string): Measurement | undefined {
  const outcome = outcomes.find(({ implementation }) => implementation === name);
  return outcome?.measurements.find((measurement) => measurement.title === title);
}

/** Three significant digits: the figures carry no more. */
export function formatSpeed(measurement: Measurement | undefined): string {
  if (measurement === undefined) return NONE;
  const megabytes = Number((measurement.bytesPerSecond / 1e6).toPrecision(3));
  return `${megabytes.toLocaleString('en-US')} ±${measurement.errorPercent.toFixed(0)} %`;
}

function formatRatio({ of, over }: Ratio, found: (name: string) => Measurement | undefined): string {
  const ours = found(of);
  const theirs = found(over);
  if (ours === undefined || theirs === undefined) return NONE;
  return `${Number((ours.bytesPerSecond / theirs.bytesPerSecond).toPrecision(2))}x`;
}

function alignTable([header, ...rows]: string[][]): string {
  const all = [header!, ...rows];
  const widths = header!.map((_, column) => Math.max(...all.map((cells) => cells[column]!.length)));
  const line = (cells: string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join(' | ')} |`;
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(header!), line(rule), ...rows.map(line)].join('\n');
}
