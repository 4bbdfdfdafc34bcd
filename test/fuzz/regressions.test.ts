/**
 * Strategy: every seed, and every input that has ever broken an invariant of a fuzz target, through its target as an
 * ordinary test. An input that a fuzzer finds is added to FOUND, with the date and what was wrong; it stays.
 */
import { describe, test } from 'vitest';
import { octets } from '../support/octets.ts';
import { SEEDS } from './seeds.ts';
import { TARGETS } from './targets.ts';

const FOUND: [target: string, what: string, input: Uint8Array][] = [
  // 2026-11-21, jazzer.js: a count of -0 octets was read as the number -0, which is not what is written for it.
  ['structured-fields', 'RFC 9651 §4.2.4: -0 is 0', octets('error;bytes=-0;type=a')],
];

describe.each(Object.keys(TARGETS))('%s', (name) => {
  test.each(SEEDS[name]!.map((seed, at) => [at, seed] as const))('seed %d', (_, seed) => TARGETS[name]!(seed));

  const found = FOUND.filter(([target]) => target === name);
  if (found.length > 0) test.each(found)('%s: %s', (_, __, input) => TARGETS[name]!(input));
});
