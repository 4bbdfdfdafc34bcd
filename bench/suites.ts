/** Every suite of what runs in process, by the order in which they run. */
import { decode } from './decode.ts';
import { decodeOdd } from './decode-odd.ts';
import { encode } from './encode.ts';
import { encodeWritable } from './encode-writable.ts';
import { seal } from './seal.ts';
import type { SuiteFile } from './suite.ts';
import { verify } from './verify.ts';

export const suites: readonly SuiteFile[] = [decode, decodeOdd, encode, encodeWritable, seal, verify];

export function suiteNamed(name: string): SuiteFile {
  const found = suites.find((suite) => suite.name === name);
  if (found === undefined) {
    throw new TypeError(`No suite is named ${name}; there are ${suites.map((suite) => suite.name).join(', ')}`);
  }
  return found;
}
