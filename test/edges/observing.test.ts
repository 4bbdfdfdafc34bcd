/** What the guide says of those who watch a sealed response (docs/seal.md, "What others see"). */
import { expect, test } from 'vitest';
import { requestHeaders } from '../../src/node/index.ts';
import { aiSdk, morganLogs, onResponseRuns, overHttp2 } from './observing.js';

const FAILED = 'error;bytes=5;type=source_error';

test('morgan logs a line when the response is over, and the status that was sent', async () => {
  expect(await morganLogs(false)).toEqual({ status: 'ok;bytes=5', logged: ['GET 200\n'] });
  expect(await morganLogs(true)).toEqual({ status: FAILED, logged: ['GET 200\n'] });
});

test("Fastify's onResponse runs for a whole response alone", async () => {
  expect(await onResponseRuns(false)).toEqual({ status: 'ok;bytes=5', runs: 1 });
  expect(await onResponseRuns(true)).toEqual({ status: FAILED, runs: 0 });
});

test('Fastify over HTTP/2 ends a failed stream cleanly, but for the seal', async () => {
  const asked = { te: 'trailers', 'x-want-stream-status': '?1' };
  const before = { body: 'first', status: undefined };
  expect(await overHttp2(false, {})).toEqual({ ...before, rstCode: 0 });
  expect(await overHttp2(true, {})).toEqual({ ...before, rstCode: 2 });
  expect(await overHttp2(true, asked)).toEqual({ body: 'first', status: FAILED, rstCode: 0 });
});

test('the AI SDK ends a response whose model has failed, and its onError tells the seal', async () => {
  expect([await aiSdk(false, requestHeaders()), await aiSdk(false, {})]).toEqual(['ok', 'whole']);
  expect([await aiSdk(true, requestHeaders()), await aiSdk(true, {})]).toEqual(['error', 'cut']);
});
