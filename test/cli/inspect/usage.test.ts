/** Strategy: the help of inspect, against the exit codes that there are. Its options: test/cli/usage.test.ts. */
import { expect, test } from 'vitest';
import { EXIT } from '../../../src/cli/exit-codes.ts';
import { INSPECT_USAGE } from '../../../src/cli/usage.ts';

test('inspect --help lists every exit code that it has, and no other', () => {
  const table = INSPECT_USAGE.slice(INSPECT_USAGE.indexOf('\nExit codes'));
  const listed = [...table.matchAll(/^ +(\d+) {2}\S/gm)].map(([, code]) => Number(code));
  const { status: _, ...codes } = EXIT; // an HTTP status of 400 is no fault of a message
  expect(listed).toEqual(Object.values(codes).sort((one, other) => one - other));
});
