/** The content that every subject streams, in its two pieces. */
export const FIRST = `<html><head></head><body>${'a line of the export\n'.repeat(1000)}`;
export const SECOND = `${'another line of it\n'.repeat(1000)}</body></html>`;
