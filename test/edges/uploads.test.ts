/** Verified uploads in Express and Fastify: whole, failed, cut, and not sealed at all. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { type SealingOptions, seal } from '../../src/node/index.ts';
import { expressUploads, fastifyUploads } from './uploads.js';

test.each([
  ['Express', expressUploads],
  ['Fastify', fastifyUploads],
])('%s takes an upload that is whole, and no other', async (_name, uploads) => {
  const folder = mkdtempSync(join(tmpdir(), 'uploads-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'export.csv');
  const server = await uploads(path);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const put = async (source: AsyncIterable<string>, sealing: SealingOptions | undefined) => {
    const headers = { 'Content-Type': 'text/csv', 'Transfer-Encoding': 'chunked' };
    const request = http.request({ host: '127.0.0.1', port, method: 'PUT', headers, agent: false });
    if (sealing !== undefined) seal(request, sealing);
    const answer = once(request, 'response').then(async ([message]) => {
      let text = '';
      for await (const data of message as http.IncomingMessage) text += data;
      return `${(message as http.IncomingMessage).statusCode} ${text}`.trim();
    });
    const outcome = new Promise<string>((resolve) => {
      pipeline(source as Readable, request, (error) => error && resolve(error.message));
    });
    return Promise.race([answer.catch(() => outcome), outcome]);
  };
  async function* failing() {
    yield 'a line\n';
    await once(server, 'request');
    throw new Error('the disk is gone');
  }
  expect(await put(failing(), {})).toBe('the disk is gone');
  expect(await put(Readable.from(['a line\n']), undefined)).toBe('400 ERR_BODY_UNVERIFIED');
  expect(existsSync(path)).toBe(false);
  expect(await put(Readable.from(['a line\n', 'another\n']), {})).toMatch(/^201/);
  expect(readFileSync(path, 'utf8')).toBe('a line\nanother\n');
});
