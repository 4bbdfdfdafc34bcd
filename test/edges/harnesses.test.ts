/** What test harnesses and hosts conclude, each in a process of its own (harnesses.js). */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const PROGRAM = fileURLToPath(new URL('./harnesses.js', import.meta.url));

async function outcomes(harness: string): Promise<Record<string, string>> {
  const { stdout } = await run(process.execPath, [PROGRAM, harness]);
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}

const failing = { '/whole': '200 first,second', '/middle': expect.stringMatching(/^error: /), '/before': '500' };

test.each(['app.inject of fastify', 'light-my-request', 'supertest', 'node-mocks-http'])(
  '%s sees a failed body fail',
  async (harness) => {
    expect(await outcomes(harness)).toEqual(failing);
  },
);

// Its response does not know the request: that is said at once.
test('serverless-http sees a failed body fail, once it is given the request', async () => {
  const { 'without { request }': without, ...results } = await outcomes('serverless-http');
  expect(results).toEqual(failing);
  expect(without).toMatch(/^error: respond needs the request that is answered/);
});

test('connect-timeout answers in our place before the head, and has no part in a body that is open', async () => {
  const { sources, ...results } = await outcomes('connect-timeout');
  expect(results).toEqual({ ...failing, '/before': '503' });
  expect(sources).toEqual([true, true, true]);
});

test('http-terminator cuts what is open', async () => {
  expect(await outcomes('http-terminator')).toEqual({ '1.1': 'cut, FIN', '1.0': 'cut, RST' });
});
