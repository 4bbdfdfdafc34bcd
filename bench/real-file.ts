/**
 * A real file: the DOM's type declarations, some 2 MiB of text that the TypeScript compiler brings to every checkout.
 * Its package is one a platform, its text is the same in all of them.
 */
import { readFileSync } from 'node:fs';

export const REAL_FILE = `node_modules/@typescript/typescript-${process.platform}-${process.arch}/lib/lib.dom.d.ts`;

export function readRealFile(): Buffer {
  return readFileSync(new URL(`../${REAL_FILE}`, import.meta.url));
}

/** Its lines, each with its LF. */
export function linesOf(text: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const next = end < 0 ? text.length : end + 1;
    lines.push(text.subarray(at, next));
    at = next;
  }
  return lines;
}
