/**
 * Strategy: real files and requests, and a clock of the test's own, which reading and hashing a large file move on. So the
 * disk is as slow as a test wants, and what a response has waited for is counted in reads.
 */
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, readdir, readlink, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { digestOf, knownDigest } from '../../../src/files/file-digests.ts';
import { ask, dial } from '../../support/peers.ts';
import { until } from '../../support/sockets.ts';
import * as s from './serving.ts';

const MEBIBYTE = 1024 * 1024;
const LAST = 'bytes=-9';
/** Of no file here. */
const UNKNOWN = '"of a replica"';

async function sparse(mebibytes: number): Promise<string> {
  const file = path.join(await s.directory(), 'large.bin');
  await writeFile(file, `new ${Math.random()}`);
  await truncate(file, mebibytes * MEBIBYTE);
  const stats = await stat(file, { bigint: true });
  onTestFinished(async () => {
    await truncate(file, 0);
    await digestOf(file, stats); // what is still at work on it finds that it has changed
  });
  return file;
}

interface Reads {
  count: number;
  underWay: number;
}

/** Lets each MiB take 9 ms to be read and 1 ms to be hashed, by a clock that moves in no other way. */
async function slowReads(areAtRest = true): Promise<Reads> {
  const reads = { count: 0, underWay: 0 };
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance', 'Date'] });
  if (areAtRest) vi.setSystemTime(Date.now() + 3000);
  const probe = await open('/dev/null');
  const handles: FileHandle = Object.getPrototypeOf(probe);
  await probe.close();
  const hashes: Hash = Object.getPrototypeOf(createHash('sha256'));
  const { read, stat: look } = handles;
  const { update } = hashes;
  vi.spyOn(handles, 'read').mockImplementation(async function (this: FileHandle, ...args: unknown[]) {
    if (args[2] !== MEBIBYTE) return Reflect.apply(read, this, args); // of content that is sent
    reads.underWay++;
    const result = await Reflect.apply(read, this, args);
    reads.count++;
    vi.advanceTimersByTime(9);
    reads.underWay--;
    return result;
  } as never);
  vi.spyOn(handles, 'stat').mockImplementation(async function (this: FileHandle, ...args: unknown[]) {
    reads.underWay++;
    return Reflect.apply(look, this, args).finally(() => reads.underWay--);
  } as never);
  vi.spyOn(hashes, 'update').mockImplementation(function (this: Hash, ...args: unknown[]) {
    if ((args[0] as Buffer).length === MEBIBYTE) vi.advanceTimersByTime(1);
    return Reflect.apply(update, this, args);
  } as never);
  onTestFinished(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });
  return reads;
}

/** Lets pauses pass until that holds. */
async function later(reads: Reads, holds: () => boolean | Promise<boolean>): Promise<void> {
  await until(async () => {
    if (reads.underWay === 0) vi.advanceTimersByTime(2);
    return holds();
  });
}

/** The status, and the tag, of a response whose content is not waited for. */
async function headOf(port: number, fields: Record<string, string>): Promise<string> {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const { received, socket } = await dial(port, `GET / HTTP/1.1\r\nHost: h\r\n${lines.join('')}\r\n`);
  await received.seen(/\r\n\r\n/);
  socket.destroy();
  return received.text.split('\r\n\r\n', 1)[0]!;
}

async function learned(reads: Reads, file: string): Promise<void> {
  const stats = await stat(file, { bigint: true });
  await later(reads, () => knownDigest(stats) !== undefined);
}

test.each<[what: string, mebibytes: number, isWorthWhile: boolean, fields: Record<string, string>]>([
  ['If-Range, in 2.9 s', 290, true, { Range: LAST, 'If-Range': UNKNOWN }],
  ['If-Range, in 3.5 s', 350, false, { Range: LAST, 'If-Range': UNKNOWN }],
  ['If-None-Match, in 1.9 s', 190, true, { 'If-None-Match': UNKNOWN }],
  ['If-None-Match, in 2.5 s', 250, false, { 'If-None-Match': UNKNOWN }],
  ['If-Match, in 2.5 s', 250, false, { 'If-Match': '*, "a"' }],
])('%s: whether the tag will come in time shows after 0.2 s', async (_, mebibytes, isWorthWhile, fields) => {
  const file = await sparse(mebibytes);
  const { port } = await s.overHttp(file);
  const reads = await slowReads();
  const head = await headOf(port, fields);
  expect(head.includes('\r\nETag: ')).toBe(isWorthWhile);
  if (isWorthWhile) expect(reads.count).toBe(mebibytes);
  else expect(reads.count).toBeLessThanOrEqual(30);
});

test('HEAD as well', async () => {
  const { port } = await s.overHttp(await sparse(250));
  const reads = await slowReads();
  const { status, headers } = await ask(port, '/', 'HEAD');
  expect([status, headers.etag]).toEqual([200, undefined]);
  expect(reads.count).toBeLessThanOrEqual(30);
});

test('where it is known to take long, the next request waits for nothing; the rest is learned, and If-Range holds', async () => {
  const file = await sparse(400);
  const { port } = await s.overHttp(file);
  const reads = await slowReads();
  expect(await headOf(port, { Range: LAST, 'If-Range': UNKNOWN })).toMatch(/^HTTP\/1\.1 200 OK/);
  const { count } = reads;
  for (let again = 0; again < 10; again++) {
    expect(await headOf(port, { Range: LAST, 'If-Range': UNKNOWN })).toMatch(/^HTTP\/1\.1 200 OK/);
  }
  expect(reads.count - count).toBeLessThanOrEqual(10); // in the background: it pauses, and the clock stands still
  await learned(reads, file);
  expect(reads.count).toBe(400);
  const { headers } = await ask(port, '/', 'HEAD');
  const { status, body } = await ask(port, '/', 'GET', { Range: LAST, 'If-Range': headers.etag! });
  expect([status, body.length]).toEqual([206, 9]);
});

test('of a file that has just been written, the start that was read for nothing is read again, and then it is known', async () => {
  const file = await sparse(400);
  const { port } = await s.overHttp(file);
  const reads = await slowReads(false);
  expect(await headOf(port, { Range: LAST, 'If-Range': UNKNOWN })).toMatch(/^HTTP\/1\.1 200 OK/);
  await learned(reads, file);
  expect(reads.count).toBeGreaterThan(400);
  expect(reads.count).toBeLessThanOrEqual(430);
});

test('a rest that is worth waiting for is waited for', async () => {
  const file = await sparse(500);
  const { port } = await s.overHttp(file);
  const reads = await slowReads();
  await headOf(port, { Range: LAST, 'If-Range': UNKNOWN });
  await later(reads, () => reads.count > 400);
  let head: string | undefined;
  headOf(port, { Range: LAST, 'If-Range': UNKNOWN }).then((found) => {
    head = found;
  });
  // It may be in a pause of the background when it is asked for. Once all has been read the clock stands still: the file is
  // closed yet, and how long that takes on a busy machine is nothing that the head waits for.
  await until(() => {
    if (reads.underWay === 0 && reads.count < 500) vi.advanceTimersByTime(2);
    return head !== undefined;
  });
  expect(head).toContain('\r\nETag: ');
});

test('many at once, each of which could be had alone: all are told soon, and few files are open afterwards', async () => {
  const files = await Promise.all(Array.from({ length: 20 }, () => sparse(40)));
  const ports = await Promise.all(files.map(async (file) => (await s.overHttp(file)).port));
  const reads = await slowReads();
  const heads = await Promise.all(ports.map((port) => headOf(port, { Range: LAST, 'If-Range': UNKNOWN })));
  expect(heads.filter((head) => head.startsWith('HTTP/1.1 200 OK')).length).toBe(20);
  expect(reads.count).toBeLessThanOrEqual(150);
  if (process.platform !== 'linux') return;
  await later(reads, async () => (await openOf(files)) <= 8);
  for (const file of files) await learned(reads, file);
  expect(reads.count).toBe(800);
});

async function openOf(files: string[]): Promise<number> {
  const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
  return (await Promise.all(links)).filter((link) => files.includes(link)).length;
}

test('RFC 9110 §13.1.5: an If-Range that cannot hold, or has no Range, waits for nothing', async () => {
  const { port } = await s.overHttp(await sparse(100));
  const reads = await slowReads();
  for (const fields of [{ Range: LAST, 'If-Range': `W/${UNKNOWN}` }, { 'If-Range': UNKNOWN }]) {
    expect(await headOf(port, fields as unknown as Record<string, string>)).toMatch(/^HTTP\/1\.1 200 OK/);
  }
  expect(reads.count).toBeLessThanOrEqual(1);
});
