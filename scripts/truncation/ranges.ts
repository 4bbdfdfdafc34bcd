/** Neighbouring versions of which the same is to be said, as text. */
import type { Row } from './record.ts';

export interface Range<T> {
  value: T;
  rows: Row[];
}

/** Undefined leaves a row out, and ends a range. */
export function rangesOf<T>(rows: readonly Row[], describe: (row: Row) => T | undefined): Range<T>[] {
  const ranges: Range<T>[] = [];
  let open: Range<T> | undefined;
  for (const row of rows) {
    const value = describe(row);
    if (open !== undefined && open.value === value) {
      open.rows.push(row);
    } else {
      open = value === undefined ? undefined : { value, rows: [row] };
      if (open !== undefined) ranges.push(open);
    }
  }
  return ranges;
}

export function spanOf({ rows }: Range<unknown>): string {
  const [first, last] = [rows[0]!.version, rows.at(-1)!.version];
  return first === last ? first : `${first} to ${last}`;
}

/** `emitted (4.0.0 to 12.22.12), not emitted (13.0.0 to 26.10.0)` */
export function describeRanges(ranges: readonly Range<string>[]): string {
  const spans = new Map<string, string[]>();
  for (const range of ranges) spans.set(range.value, [...(spans.get(range.value) ?? []), spanOf(range)]);
  return [...spans].map(([value, all]) => `${value} (${all.join(', ')})`).join('; ');
}
