/** What the guide says of those who watch a sealed response (docs/seal.md, "What others see"). */
import { expect, test } from 'vitest';
import { morganLogs, onResponseRuns } from './observing.js';

const FAILED = 'error;bytes=5;type=source_error';

test('morgan logs a line when the response is over, and the status that was sent', async () => {
  expect(await morganLogs(false)).toEqual({ status: 'ok;bytes=5', logged: ['GET 200\n'] });
  expect(await morganLogs(true)).toEqual({ status: FAILED, logged: ['GET 200\n'] });
});

test("Fastify's onResponse runs for a whole response alone", async () => {
  expect(await onResponseRuns(false)).toEqual({ status: 'ok;bytes=5', runs: 1 });
  expect(await onResponseRuns(true)).toEqual({ status: FAILED, runs: 0 });
});
