/**
 * Strategy: processes, threads and copies of the module on one target. The hundred rounds of the first are in
 * together-long.test.ts.
 */
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { type download as Download, download } from '../../../src/files/download/download.ts';
import { rawServer } from '../../support/peers.ts';
import * as o from './origin.ts';
import { startTogether } from './together.ts';

const DIST = fileURLToPath(new URL('../../../dist', import.meta.url));
const MODULE = pathToFileURL(path.join(DIST, 'files', 'index.js')).href;
const { CONTENT } = o;

test('six processes that start together after a kill: one works, and the others get EBUSY', async () => {
  const counts = await startTogether(3);
  expect((counts.get('complete') ?? 0) + (counts.get('EBUSY') ?? 0)).toBe(18);
});

/** Gives the content in two pieces, the second once so many have asked or been refused: all are at work at the same time. */
async function slowServer(count: number) {
  const waiting: (() => void)[] = [];
  let arrived = 0;
  const arrive = () => {
    if (++arrived < count) return;
    for (const goOn of waiting) goOn();
  };
  const { url } = await rawServer((socket) => {
    socket.write(o.plainStart(5000), 'latin1');
    waiting.push(() => socket.end(CONTENT.subarray(5000)));
    arrive();
  });
  const refused = async (outcome: Promise<string>) => {
    if ((await outcome) === 'EBUSY') arrive();
    return outcome;
  };
  return { url, refused };
}

const THREAD = `
const { parentPort, workerData } = require('node:worker_threads');
import(workerData.module).then(async ({ download }) => {
  const { url, file, options } = workerData;
  parentPort.postMessage(await download(url, file, options).then(({ kind }) => kind, ({ code }) => code));
});
`;

function inThread(module: string, url: string, file: string, options: object): Promise<string> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(THREAD, { eval: true, workerData: { module, url, file, options } });
    worker.once('message', resolve).once('error', reject);
  });
}

describe('threads of one process', () => {
  test('with resume: one has the file, the others get EBUSY', async () => {
    const folder = await o.directory();
    const file = path.join(folder, 'file');
    const { url, refused } = await slowServer(4);
    const options = { resume: true, retries: 0 };
    const said = await Promise.all(Array.from({ length: 4 }, () => refused(inThread(MODULE, url, file, options))));
    expect(said.sort()).toEqual(['EBUSY', 'EBUSY', 'EBUSY', 'unverified']);
    expect(await readFile(file)).toEqual(CONTENT);
    expect(await readdir(folder)).toEqual(['file']);
  });

  test('without: each has a file of its own, which no other removes', async () => {
    const folder = await o.directory();
    const file = path.join(folder, 'file');
    const { url } = await slowServer(4);
    const said = await Promise.all(Array.from({ length: 4 }, () => inThread(MODULE, url, file, {})));
    expect(said).toEqual(Array.from({ length: 4 }, () => 'unverified'));
    expect(await readFile(file)).toEqual(CONTENT);
    expect(await readdir(folder)).toEqual(['file']);
  });
});

test.skipIf(process.platform !== 'linux').each([true, false])(
  'a thread that was terminated is dead, though its process is not (resume: %s)',
  async (resume) => {
    const folder = await o.directory();
    const file = path.join(folder, 'file');
    const { url, requests } = await o.scripted(
      (socket) => socket.write(o.plainStart(5000), 'latin1'),
      o.plainStart(CONTENT.length),
    );
    const workerData = { module: MODULE, url, file, options: { resume } };
    const worker = new Worker(THREAD, { eval: true, workerData });
    while (requests.length === 0) await new Promise(setImmediate);
    if (resume) await expect(download(url, file, { resume })).rejects.toMatchObject({ code: 'EBUSY' });
    await worker.terminate();
    await download(url, file, { resume });
    expect(await readFile(file)).toEqual(CONTENT);
    expect(await readdir(folder)).toEqual(['file']);
  },
);

describe('two copies of the module in one thread', () => {
  async function copies(): Promise<[typeof Download, typeof Download]> {
    const folder = await o.directory();
    // With the sources, to which its source maps lead.
    for (const part of ['dist', 'src'])
      await cp(path.join(DIST, '..', part), path.join(folder, part), { recursive: true });
    await writeFile(path.join(folder, 'package.json'), '{"type":"module"}');
    const load = (root: string) => import(pathToFileURL(createRequire(root).resolve(`${root}/files/index.js`)).href);
    const [one, other] = await Promise.all([load(DIST), load(path.join(folder, 'dist'))]);
    expect(one.download).not.toBe(other.download);
    return [one.download, other.download];
  }

  test.each([true, false])('keep off each other (resume: %s)', async (resume) => {
    const folder = await o.directory();
    const file = path.join(folder, 'file');
    const { url, refused } = await slowServer(2);
    const said = await Promise.all(
      (await copies()).map((download) =>
        refused(
          download(url, file, { resume, retries: 0 }).then(
            ({ kind }) => kind,
            ({ code }) => code,
          ),
        ),
      ),
    );
    expect(said.sort()).toEqual(resume ? ['EBUSY', 'unverified'] : ['unverified', 'unverified']);
    expect(await readFile(file)).toEqual(CONTENT);
    expect(await readdir(folder)).toEqual(['file']);
  });
});
