/** What the project wants of a ratio, beside what was measured. */
import type { Ratio, Section } from './report.ts';
import { toTable } from './wire/tables.ts';

export function isWanted({ atLeast, atMost }: Ratio): boolean {
  return atLeast !== undefined || atMost !== undefined;
}

/** `met`, or by how much it was missed, in percent of what is wanted. */
export function judgeRatio({ value, atLeast, atMost }: Ratio): string {
  if (atLeast !== undefined && !(value >= atLeast)) return `missed by ${percent(1 - value / atLeast)}`;
  if (atMost !== undefined && !(value <= atMost)) return `missed by ${percent(value / atMost - 1)}`;
  return 'met';
}

/** A row for every ratio that something is wanted of. */
export function wantedTable(sections: readonly Section[]): string {
  const wanted = sections.flatMap(({ ratios }) => ratios).filter(isWanted);
  const met = wanted.filter((ratio) => judgeRatio(ratio) === 'met').length;
  const rows = wanted.map((ratio) => [ratio.id, formatWanted(ratio), formatValue(ratio.value), judgeRatio(ratio)]);
  return `${met} of ${wanted.length} are met.\n\n${toTable(['ratio', 'wanted', 'measured', 'outcome'], rows)}`;
}

function formatWanted({ atLeast, atMost }: Ratio): string {
  return [
    ...(atLeast === undefined ? [] : [`≥ ${formatValue(atLeast)}`]),
    ...(atMost === undefined ? [] : [`≤ ${formatValue(atMost)}`]),
  ].join(', ');
}

/** Two decimals for small numbers: 0.95 and 1.1 are wanted of some. */
export function formatValue(value: number): string {
  return value < 10 ? value.toFixed(2) : Number(value.toPrecision(3)).toLocaleString('en-US');
}

function percent(share: number): string {
  const number = 100 * share;
  return `${number < 10 ? number.toFixed(1) : number.toFixed(0)} %`;
}
