/** Strategy: what together.test.ts does three times, a hundred times: what is rare has room to happen. */
import { expect, test } from 'vitest';
import { startTogether } from './together.ts';

test('a hundred times six processes', { timeout: 900_000 }, async () => {
  const counts = await startTogether(100);
  expect(counts.get('complete')).toBeGreaterThanOrEqual(100);
  console.info('a hundred times six processes on one target:', Object.fromEntries(counts));
});
