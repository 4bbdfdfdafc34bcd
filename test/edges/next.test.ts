/**
 * A route handler of Next that gives a sealed Response: what a page reads, and what a client that does not accept it gets. And
 * the guide's server, as a newcomer starts it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import http, { type IncomingMessage } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { requestHeaders } from '../../src/node/index.ts';
import { IN_CONTENT_TYPE, verifyResponse } from '../../src/web/index.ts';
import { snippet } from '../support/guides.ts';
import { createHasher } from '../support/hashing.ts';
import { FIRST, SECOND } from './content.js';
import { Running } from './running.ts';

const running = new Running('next 15, sealedResponse');
afterAll(() => running.stop());

let requests = 0;

/** What the client reads, and how that ends. */
async function read(scenario: string, headers: Record<string, string>): Promise<{ text: string; end: string }> {
  const id = `${scenario} ${++requests}`;
  const url = `http://127.0.0.1:${await running.port()}/?${new URLSearchParams({ scenario, id })}`;
  const isAware = headers.Accept === IN_CONTENT_TYPE;
  const plain = await fetch(url, { headers });
  const response = isAware ? verifyResponse(plain, { require: 'always', createHasher }) : plain;
  let text = '';
  try {
    for await (const data of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(data).toString('latin1');
      running.release(id);
    }
    return { text, end: `${response.status}, ends` };
  } catch (error) {
    return { text, end: (error as { code?: string }).code ?? 'cut' };
  }
}

test('a page that accepts it knows how the body ended', async () => {
  const headers = { Accept: IN_CONTENT_TYPE };
  expect(await read('whole', headers)).toEqual({ text: FIRST + SECOND, end: '200, ends' });
  expect(await read('middle', headers)).toEqual({ text: FIRST, end: 'ERR_BODY_FAILED' });
});

test('any other client gets the stream, and a cut where it fails', async () => {
  expect(await read('whole', {})).toEqual({ text: FIRST + SECOND, end: '200, ends' });
  expect(await read('middle', {})).toEqual({ text: FIRST, end: 'cut' });
});

const GUIDE = 'docs/seal.md';
const FOLDER = fileURLToPath(new URL('next/', import.meta.url));

test("the guide's server and its hook: pages/api that throws is told as a failure", async () => {
  expect(readFileSync(`${FOLDER}src/instrumentation.js`, 'utf8')).toContain(snippet(GUIDE, 'onRequestError'));
  const file = `${FOLDER}server.mjs`;
  const listening = '.listen(0, function () { process.send({ port: this.address().port }); });';
  writeFileSync(file, snippet(GUIDE, "from 'next'").replace('.listen(8080);', listening));
  onTestFinished(() => rmSync(file));
  const env = { ...process.env, NODE_ENV: 'production' as const };
  const child = spawn(process.execPath, [file], { cwd: FOLDER, env, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  onTestFinished(() => void child.kill());
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  const path = '/api/throws?scenario=middle&id=1';
  const request = http.get({ host: '127.0.0.1', port, path, headers: requestHeaders(), agent: false });
  const [message] = (await once(request, 'response')) as [IncomingMessage];
  child.send({ release: '1' });
  await once(message.resume(), 'end');
  expect(message.trailers['x-stream-status']).toBe(`error;bytes=${FIRST.length};type=source_error`);
});
