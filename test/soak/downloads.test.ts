/**
 * Strategy: for CHAOS_SECONDS (120 by default), fifty downloads of 20 MB again and again, several of them on the same
 * target, with and without --resume, by the built program's `get` from `sendFile`, through a proxy that cuts, stalls,
 * throttles, flips and resets; and half of the processes are killed at some moment. After each process, every file under a
 * target's name is read: it is whole. Files that are not ours lie among them, and stay as they are. In the end everything
 * arrives, and nothing else is left. Seeded: CHAOS_SEED draws the same faults and moments; the machine has its own timing.
 */
import { spawn } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chown, lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { sendFile } from '../../src/files/send-file.ts';
import { MAIN, temporaryDirectory } from '../support/cli.ts';
import { mulberry32 } from '../support/random.ts';
import { type Fault, FaultProxy, type Plan } from './fault-proxy.ts';
import { contentOf } from './origin.ts';

const SECONDS = Number(process.env.CHAOS_SECONDS ?? 120);
const SEED = Number(process.env.CHAOS_SEED ?? randomInt(2 ** 31));
const SIZE = 20_000_000;
const DOWNLOADS = 50;
const TARGETS = 20;
/** Of the processes, at a time: two cores have no use for more. */
const AT_ONCE = 8;

const FAULTS: readonly Fault[] = ['none', 'none', 'none', 'throttle', 'cut', 'cut', 'reset', 'stall', 'flip'];
const SIGNALS = ['SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGTERM', 'SIGINT'] as const;

const random = mulberry32(SEED);
const below = (bound: number) => Math.floor(random() * bound);
const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;

let isCalm = false;
const plan = (): Plan =>
  isCalm ? { fault: 'none', at: 0, bit: 0 } : { fault: pick(FAULTS), at: below(SIZE), bit: below(8) };

test(`${SECONDS} s of downloads that break and are killed`, { timeout: 1000 * (4 * SECONDS + 300) }, async () => {
  const base = await temporaryDirectory();
  const origin = path.join(base, 'origin.bin');
  const content = contentOf(SIZE, 1);
  await writeFile(origin, content);
  const url = await served(origin);
  const wanted = createHash('sha256').update(content).digest('hex');
  const counts: Record<string, number> = {};
  const until = performance.now() + 1000 * SECONDS;
  let rounds = 0;
  do {
    const folder = path.join(base, `round ${rounds++}`);
    await mkdir(folder);
    const foreign = await plant(folder);
    const before = await looksOf(folder, foreign);
    isCalm = false;
    await inParallel(
      Array.from({ length: DOWNLOADS }, (_, i) => `file ${i % TARGETS}`),
      async (name) => {
        while (performance.now() < until) {
          const how = await one(url, folder, name);
          counts[how] = (counts[how] ?? 0) + 1;
          await assertWhole(folder, wanted);
          if (how === '0') return;
        }
      },
    );
    isCalm = true;
    // Only one of those that start at once has a target: no two of these are of the same.
    await inParallel(
      Array.from({ length: TARGETS }, (_, i) => `file ${i}`),
      async (name) => {
        expect({ name, how: await one(url, folder, name, true) }).toEqual({ name, how: '0' });
      },
    );
    await assertWhole(folder, wanted);
    const names = Array.from({ length: TARGETS }, (_, i) => `file ${i}`);
    expect((await readdir(folder)).sort()).toEqual([...names, ...foreign].sort());
    expect(await looksOf(folder, foreign)).toEqual(before);
  } while (performance.now() < until);
  console.info(`seed ${SEED}: ${rounds} rounds of ${DOWNLOADS} downloads; how the processes ended:`, counts);
  expect(counts['0']).toBeGreaterThan(0);
});

/** The URL of the proxy in front. */
async function served(file: string): Promise<string> {
  const server = createServer((_req, res) => void sendFile(res, file).catch(() => {}));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const proxy = new FaultProxy(() => (server.address() as AddressInfo).port, plan);
  await proxy.listen();
  onTestFinished(async () => {
    await proxy.close();
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${proxy.port}/`;
}

/** One process. @returns its exit code, or the signal that has ended it */
async function one(url: string, folder: string, name: string, isLast = false): Promise<string> {
  const resume = isLast || random() < 0.7 ? ['--resume'] : [];
  const args = [
    'get',
    url,
    '-o',
    name,
    '--require',
    'always',
    '--retries',
    '3',
    '--idle-timeout',
    isLast ? '30' : '2',
    ...resume,
  ];
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: folder, stdio: 'ignore' });
  const isKilled = !isLast && random() < 0.5;
  const timer = isKilled ? setTimeout(() => child.kill(pick(SIGNALS)), 150 + below(2500)) : undefined;
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  return String(code ?? signal);
}

async function inParallel(names: string[], work: (name: string) => Promise<void>): Promise<void> {
  const left = [...names];
  const next = async () => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) await work(name);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}

async function assertWhole(folder: string, wanted: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!/^file \d+$/.test(name)) continue;
    const sha256 = createHash('sha256')
      .update(await readFile(path.join(folder, name)))
      .digest('hex');
    expect({ name, sha256, seed: SEED }).toEqual({ name, sha256: wanted, seed: SEED });
  }
}

/** Files that look like ours, and are not. @returns their names */
async function plant(folder: string): Promise<string[]> {
  const files: Record<string, string> = {
    'file 0.new': 'mine',
    'file.part': 'mine',
    '.file 0.notes.part': 'mine',
    '.file 1.00000000.1.1.00000000.00000000': 'mine',
    'other.part': 'mine',
    'other.part.json': '{"mine":1}',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  if (process.getuid?.() === 0) {
    const name = '.file 2.00000000.1.1.00000000.00000000.part';
    await writeFile(path.join(folder, name), "another user's");
    await chown(path.join(folder, name), 65_534, 65_534);
    return [...Object.keys(files), name];
  }
  console.warn("SKIPPED: another user's file among the downloads, since only root can make one");
  return Object.keys(files);
}

async function looksOf(folder: string, names: string[]): Promise<unknown[]> {
  return Promise.all(
    names.map(async (name) => {
      const { ino, size, ctimeNs } = await lstat(path.join(folder, name), { bigint: true });
      return { name, ino, size, ctimeNs };
    }),
  );
}
