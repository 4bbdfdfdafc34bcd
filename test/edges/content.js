/** The content that every subject streams, in its two pieces. */
export const FIRST = `<html><head></head><body>${'a line of the export\n'.repeat(1000)}`;
export const SECOND = `${'another line of it\n'.repeat(1000)}</body></html>`;

/** Text that compresses, of so many bytes, and another for each seed. */
export function contentOf(bytes, seed) {
  const line = `a line of the export ${seed}\n`;
  return Buffer.from(line.repeat(Math.ceil(bytes / line.length)).slice(0, bytes));
}
