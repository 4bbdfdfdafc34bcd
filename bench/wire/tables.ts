/** Markdown tables, aligned, so that they can be read in a terminal as well. */
export const NONE = '–';

export function toTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((cells) => cells[column]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`;
  const rule = widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(header), line(rule), ...rows.map(line)].join('\n');
}

/** Three significant digits: the figures carry no more. */
export function formatNumber(value: number | undefined): string {
  return value === undefined ? NONE : Number(value.toPrecision(3)).toLocaleString('en-US');
}

/** Two decimals below ten, since 0.95 and 1.04 are not the same. */
export function formatRatio(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(1)}x`;
}
