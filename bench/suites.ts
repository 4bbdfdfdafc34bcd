/** Every suite, by the order in which they run. */
import { decode } from './decode.ts';
import { encode } from './encode.ts';
import type { SuiteFile } from './suite.ts';

export const suites: readonly SuiteFile[] = [decode, encode];

export function suiteNamed(name: string): SuiteFile {
  const found = suites.find((suite) => suite.name === name);
  if (found === undefined) {
    throw new TypeError(`No suite is named ${name}; there are ${suites.map((suite) => suite.name).join(', ')}`);
  }
  return found;
}
