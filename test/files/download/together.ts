/**
 * Processes that start together on one target after one was killed in the middle of it. The origin counts the responses
 * that are open at a time: each is a process that believes the file to be its own.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { listen } from '../../support/servers.ts';
import { until } from '../../support/sockets.ts';
import * as o from './origin.ts';

const PROCESSES = 6;
const SIZE = 1_000_000;
const FILES = fileURLToPath(new URL('../../../dist/files/index.js', import.meta.url));

interface Said {
  kind?: string;
  code?: string;
  message?: string;
  /** Of the file, right after it was said to be whole. */
  sha256?: string;
}

const CHILD = `
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { download } from ${JSON.stringify(FILES)};
process.on('message', async ({ url, file, at }) => {
  while (performance.timeOrigin + performance.now() < at);
  const said = await download(url, file, { resume: true, retries: 0 }).then(
    ({ kind }) => ({ kind, sha256: createHash('sha256').update(readFileSync(file)).digest('hex') }),
    ({ code, message }) => ({ code, message }),
  );
  process.send(said);
});
process.send('ready');
`;

/** An origin that gives a file slowly, or its rest, and breaks nothing; and half of it, as long as it holds back. */
async function slowOrigin(content: Buffer) {
  const seen = { open: 0, most: 0, holdsBack: true };
  const server = http.createServer(async (req, res) => {
    seen.most = Math.max(seen.most, ++seen.open);
    res.on('close', () => seen.open--);
    const [, from] = /^bytes=(\d+)-$/.exec(req.headers.range ?? '') ?? [];
    const first = Number(from ?? 0);
    res.writeHead(from === undefined ? 200 : 206, {
      ETag: '"one"',
      'Content-Length': SIZE - first,
      'Repr-Digest': o.digestOf(content),
      ...(from !== undefined && { 'Content-Range': `bytes ${first}-${SIZE - 1}/${SIZE}` }),
    });
    const end = seen.holdsBack ? SIZE / 2 : SIZE;
    for (let at = first; at < end && !res.destroyed; at += 100_000) {
      res.write(content.subarray(at, Math.min(at + 100_000, SIZE)));
      await sleep(5);
    }
    if (end === SIZE) res.end();
  });
  return { url: `http://127.0.0.1:${await listen(server)}/`, seen };
}

async function worker(script: string): Promise<ChildProcess> {
  const child = fork(script);
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'message');
  return child;
}

/** @returns what was said, over all rounds */
export async function startTogether(rounds: number): Promise<Map<string, number>> {
  const folder = await o.directory();
  const script = path.join(folder, 'child.mjs');
  await writeFile(script, CHILD);
  const workers = await Promise.all(Array.from({ length: PROCESSES }, () => worker(script)));
  const counts = new Map<string, number>();
  for (let round = 0; round < rounds; round++) {
    const content = randomBytes(SIZE);
    const sha256 = createHash('sha256').update(content).digest('hex');
    const { url, seen } = await slowOrigin(content);
    const target = await o.directory();
    const file = path.join(target, 'file');
    await killInTheMiddle(await worker(script), url, target);
    expect((await readdir(target)).sort()).toEqual(['file.part', 'file.part.json', 'file.part.lock']);
    await until(() => seen.open === 0);
    Object.assign(seen, { most: 0, holdsBack: false });
    const at = Date.now() + 20;
    const said = await Promise.all(
      workers.map(async (child) => {
        const answer = once(child, 'message') as Promise<[Said]>;
        child.send({ url, file, at });
        return (await answer)[0];
      }),
    );
    for (const one of said) {
      const what = one.kind ?? one.code ?? 'nothing';
      counts.set(what, (counts.get(what) ?? 0) + 1);
      if (one.kind !== undefined) expect(one).toEqual({ kind: 'complete', sha256 });
      else expect(one).toMatchObject({ code: 'EBUSY' });
    }
    expect(said.some(({ kind }) => kind === 'complete')).toBe(true);
    expect(seen.most).toBe(1);
    expect((await readFile(file)).equals(content)).toBe(true);
    expect(await readdir(target)).toEqual(['file']);
  }
  return counts;
}

/** Once something of it is noted. */
async function killInTheMiddle(child: ChildProcess, url: string, folder: string): Promise<void> {
  child.send({ url, file: path.join(folder, 'file'), at: 0 });
  const state = path.join(folder, 'file.part.json');
  await until(async () => /"bytes":[1-9]/.test(await readFile(state, 'latin1').catch(() => '')));
  child.kill('SIGKILL');
  await once(child, 'exit');
}
