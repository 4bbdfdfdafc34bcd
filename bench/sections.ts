/** What came of a suite as a section of the results: its speeds and its ratios as tables, and its bars. */
import type { Shape } from './fixtures.ts';
import { bestOf, type Measurement, medianOf, type Outcome } from './measurement.ts';
import type { Chart, Ratio, Section } from './report.ts';
import type { Comparison, SuiteFile } from './suite.ts';
import { formatValue, isWanted, judgeRatio } from './wanted.ts';
import { formatNumber, NONE, toTable } from './wire/tables.ts';

export function toSection(suite: SuiteFile, outcomes: readonly Outcome[]): Section {
  const found = lookUp(outcomes);
  const ratios = suite.comparisons.flatMap((comparison) =>
    suite.shapes.flatMap((shape) => ratioOf(suite, comparison, shape, found) ?? []),
  );
  return {
    name: suite.name,
    markdown: [
      suite.about,
      speedTable(suite, found),
      ratioTable(suite, ratios),
      ...absences(suite, outcomes),
      `What this does not show: ${suite.caveat}`,
    ].join('\n\n'),
    ratios,
    charts: [chartOf(suite, outcomes, found)],
  };
}

type Find = (implementation: string, shape: string) => Measurement | undefined;

function lookUp(outcomes: readonly Outcome[]): Find {
  return (implementation, shape) =>
    outcomes
      .find((outcome) => outcome.implementation === implementation)
      ?.measurements.find((measurement) => measurement.shape === shape);
}

function ratioOf(suite: SuiteFile, comparison: Comparison, { name }: Shape, found: Find): Ratio | undefined {
  if (comparison.shapes !== undefined && !comparison.shapes.includes(name)) return undefined;
  const ours = found(comparison.of, name);
  const theirs = found(comparison.over, name);
  if (ours === undefined || theirs === undefined) return undefined;
  const atLeast = comparison.atLeast?.[name];
  return {
    id: idOf(suite, name, comparison),
    value: bestOf(theirs.samples) / bestOf(ours.samples),
    ...(atLeast !== undefined && { atLeast }),
  };
}

export function idOf(suite: Pick<SuiteFile, 'name'>, shape: string, comparison: Pick<Comparison, 'name'>): string {
  return `${suite.name}/${shape}/${comparison.name}`;
}

function speedTable(suite: SuiteFile, found: Find): string {
  const rows = suite.shapes.map(({ name, title }) => [
    title,
    ...suite.implementations.map((implementation) => formatSpeed(found(implementation.name, name))),
  ]);
  return toTable(['MB/s', ...suite.implementations.map(({ label }) => label)], rows);
}

/** `305 −6 %`: the best sample, and how far the median lies below it. */
function formatSpeed(measurement: Measurement | undefined): string {
  if (measurement === undefined) return NONE;
  const best = bestOf(measurement.samples);
  const below = 100 * (1 - best / medianOf(measurement.samples));
  return `${formatNumber(megabytesPerSecond(best))} −${below.toFixed(0)} %`;
}

function ratioTable(suite: SuiteFile, ratios: readonly Ratio[]): string {
  const label = (name: string) => suite.implementations.find((candidate) => candidate.name === name)!.label;
  const header = suite.comparisons.map(({ of, over }) => `${label(of)} ÷ ${label(over)}`);
  const rows = suite.shapes.map((shape) => [
    shape.title,
    ...suite.comparisons.map((comparison) => {
      const id = idOf(suite, shape.name, comparison);
      return formatRatio(ratios.find((ratio) => ratio.id === id));
    }),
  ]);
  return toTable(['ratio', ...header], rows);
}

function formatRatio(ratio: Ratio | undefined): string {
  if (ratio === undefined) return NONE;
  const value = `${formatValue(ratio.value)}x`;
  return isWanted(ratio) ? `${value} (wanted ${ratio.atLeast}x: ${judgeRatio(ratio)})` : value;
}

function absences(suite: SuiteFile, outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap(({ implementation, absence }) => {
    if (absence === undefined) return [];
    const { label } = suite.implementations.find(({ name }) => name === implementation)!;
    return [`Left out: ${label}. ${absence}.`];
  });
}

function chartOf(suite: SuiteFile, outcomes: readonly Outcome[], found: Find): Chart {
  const present = suite.implementations.filter(
    ({ name }) => outcomes.find(({ implementation }) => implementation === name)?.absence === undefined,
  );
  const groups = suite.shapes.map(({ name }) => ({
    label: name,
    bars: present.flatMap((implementation) => {
      const measurement = found(implementation.name, name);
      if (measurement === undefined) return [];
      return [{ label: implementation.label, value: megabytesPerSecond(bestOf(measurement.samples)) }];
    }),
  }));
  return { title: suite.name, unit: 'MB/s', groups };
}

export function megabytesPerSecond(secondsPerOctet: number): number {
  return 1e-6 / secondsPerOctet;
}
