/**
 * In-content §7: whatever a proxy makes of trailers, framing and failures, the verdict on the content is the same. Behind the
 * proxies of test/exhaustive in all their ways, and behind a real nginx, which drops trailers.
 */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createSocketServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { respond } from '../../src/node/send/respond.ts';
import { ChunkedDecoderStream } from '../../src/web/chunked-decoder-stream.ts';
import { listening } from '../exhaustive/listening.ts';
import { POLICIES, withProxy } from '../exhaustive/proxies.ts';
import { createHasher } from '../support/hashing.ts';
import { latin1 } from '../support/octets.ts';

const ROWS = Array.from({ length: 200 }, (_, id) => `${id},row\n`);
const CONTENT = ROWS.join('');

/** Sends the rows; then ends, fails, or dies without a word, as the path says. */
function origin(): Server {
  return createServer(async (req, res) => {
    async function* rows() {
      for (const row of ROWS) {
        yield row;
        await new Promise(setImmediate);
      }
      if (req.url === '/failed') throw new Error('the disk is gone');
      if (req.url === '/truncated') Socket.prototype.destroy.call(req.socket); // as a killed process would
    }
    const describeError = (error: unknown) => ({ type: 'source_error', details: (error as Error).message });
    await pipeline(Readable.from(rows()), respond(res, { framing: 'content', describeError })).catch(() => {});
  });
}

async function decoded(url: string) {
  const response = await fetch(url);
  const decoder = new ChunkedDecoderStream({ require: 'always', createHasher });
  let data = '';
  let code: string | undefined;
  try {
    for await (const piece of response.body!.pipeThrough(decoder)) data += latin1(piece);
  } catch (error) {
    code = (error as { code?: string }).code;
  }
  return { data, code, verdict: await decoder.verdict };
}

async function expectSameVerdicts(port: number): Promise<void> {
  const url = `http://127.0.0.1:${port}`;
  const whole = await decoded(`${url}/complete`);
  expect(whole).toMatchObject({ data: CONTENT, code: undefined, verdict: { kind: 'complete', digest: 'match' } });
  const failed = await decoded(`${url}/failed`);
  expect(failed).toMatchObject({ data: CONTENT, code: 'ERR_BODY_FAILED' });
  expect(failed.verdict).toMatchObject({ kind: 'failed', digest: 'match' });
  expect(failed.verdict.reason).toBe('The sender reported source_error: the disk is gone');
  const cut = await fetch(`${url}/truncated`).then(
    () => decoded(`${url}/truncated`),
    () => undefined, // a proxy that holds back what it has not got whole answers nothing at all
  );
  if (cut !== undefined) expect([cut.code, cut.verdict.kind]).toEqual(['ERR_BODY_TRUNCATED', 'truncated']);
}

describe('in-content §7', () => {
  test.each(POLICIES)('the verdict is the same behind a proxy that does this: $name', async (policy) => {
    await withProxy(policy, origin(), expectSameVerdicts);
  });

  test('the verdict is the same behind nginx', async ({ skip }) => {
    if (spawnSync('nginx', ['-v']).status !== 0) {
      console.warn('SKIPPED: in-content behind nginx: nginx does not run here');
      return skip('nginx does not run here');
    }
    const folder = await mkdtemp(path.join(tmpdir(), 'nginx-'));
    const port = await freePort();
    await listening(origin(), async (upstream) => {
      await writeFile(path.join(folder, 'nginx.conf'), configuration(folder, port, upstream));
      const args = ['-p', folder, '-e', 'stderr', '-c', path.join(folder, 'nginx.conf')];
      const nginx = spawn('nginx', args, { stdio: ['ignore', 'ignore', 'inherit'] });
      try {
        await accepting(port);
        await expectSameVerdicts(port);
      } finally {
        nginx.kill();
        await once(nginx, 'close');
        await rm(folder, { recursive: true, force: true });
      }
    });
  });
});

function configuration(folder: string, port: number, upstream: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `daemon off; master_process off; pid ${folder}/pid;
events {}
http {
  access_log off; error_log /dev/null crit;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://127.0.0.1:${upstream}; proxy_http_version 1.1; }
  }
}
`;
}

/** nginx cannot say which port it got, so it gets one that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createSocketServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Tries until something listens there. */
async function accepting(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await sleep(10);
  }
}
