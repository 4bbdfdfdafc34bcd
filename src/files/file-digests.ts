/**
 * The SHA-256 of files, each read once for it as long as it does not change: in the background, a third of the time, so
 * that nobody can keep the process busy by asking for files; at full speed while somebody waits. Kept under device, inode,
 * size and times of change.
 */
import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { open } from 'node:fs/promises';
import { assertUnchanged, fingerprintOf } from './file-content.ts';

const READ_BYTES = 1024 * 1024;
/** After so many bytes it is looked whether the file is still the same, and worth going on with. */
const LOOK_BYTES = 64 * READ_BYTES;
/** Milliseconds, at most: a busy machine makes hashing slow, and is not to stop it. */
const MAX_PAUSE = 100;
/** Of the time, that is spent on all files in the background. */
const SHARE = 1 / 3;
/** How many are read side by side, the smallest ones first: a large one does not stop the others. */
const MAX_RUNNING = 8;

const MAX_KNOWN = 10_000;
/** Files that wait for their turn; further ones are not learned until they are asked for again. */
const MAX_QUEUED = 1000;

/** Longer than any file system's clock ticks (2 s on FAT): a second change within one tick would not show. */
const REST_MILLISECONDS = 2000;

interface Job {
  file: string;
  stats: BigIntStats;
  waiting: number;
  isRunning: boolean;
  digest: Promise<Buffer | undefined>;
  settle: (digest: Buffer | undefined) => void;
  /** Ends a pause. */
  wake: () => void;
}

/** In the order of their last use. */
const known = new Map<string, Buffer>();
/** In the order in which they came. */
const jobs = new Map<string, Job>();
let running = 0;

export function knownDigest(stats: BigIntStats): Buffer | undefined {
  const key = fingerprintOf(stats);
  const digest = known.get(key);
  if (digest === undefined) return undefined;
  known.delete(key);
  known.set(key, digest);
  return digest;
}

/** Begins to learn the digest of the file, unless that is known or under way. */
export function learnDigest(file: string, stats: BigIntStats): void {
  if (knownDigest(stats) === undefined) jobFor(file, stats);
}

/**
 * The digest of the file; undefined if it changes before that is known, or has already, or there is no more time.
 *
 * @param signal ends the wait
 */
export async function digestOf(file: string, stats: BigIntStats, signal?: AbortSignal): Promise<Buffer | undefined> {
  const there = knownDigest(stats);
  if (there !== undefined || signal?.aborted) return there;
  const job = jobFor(file, stats);
  if (job === undefined) return undefined;
  job.waiting++;
  job.wake();
  if (!job.isRunning) void run(job);
  let giveUp = () => {};
  const gaveUp = new Promise<undefined>((resolve) => {
    giveUp = () => resolve(undefined);
    signal?.addEventListener('abort', giveUp);
  });
  try {
    return await Promise.race([job.digest, gaveUp]);
  } finally {
    signal?.removeEventListener('abort', giveUp);
    job.waiting--;
  }
}

function jobFor(file: string, stats: BigIntStats): Job | undefined {
  const key = fingerprintOf(stats);
  let job = jobs.get(key);
  if (job !== undefined) return job;
  if (jobs.size >= MAX_QUEUED) return undefined;
  let settle: Job['settle'] = () => {};
  const digest = new Promise<Buffer | undefined>((resolve) => {
    settle = resolve;
  });
  job = { file, stats, waiting: 0, isRunning: false, digest, settle, wake: () => {} };
  jobs.set(key, job);
  next();
  return job;
}

/** Begins with further files in the background. */
function next(): void {
  while (running < MAX_RUNNING) {
    let smallest: Job | undefined;
    for (const job of jobs.values()) {
      if (!job.isRunning && (smallest === undefined || job.stats.size < smallest.stats.size)) smallest = job;
    }
    if (smallest === undefined) return;
    void run(smallest);
  }
}

async function run(job: Job): Promise<void> {
  job.isRunning = true;
  running++;
  const digest = await hash(job).catch(() => undefined); // whoever sends the file finds out why
  running--;
  jobs.delete(fingerprintOf(job.stats));
  job.settle(digest);
  next();
}

async function hash(job: Job): Promise<Buffer> {
  const { file, stats } = job;
  const size = Number(stats.size);
  while (job.waiting === 0 && restLeft(stats) > 0) await pause(job, restLeft(stats));
  const isRested = mayBeKept(stats);
  const handle = await open(file);
  try {
    await assertUnchanged(handle, stats);
    const sum = createHash('sha256');
    const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, Math.max(size, 1)));
    for (let at = 0; at < size; ) {
      const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - at), at);
      if (bytesRead === 0) throw new Error('The file has become shorter');
      at += bytesRead;
      if (at % LOOK_BYTES === 0) await assertUnchanged(handle, stats);
      const start = performance.now();
      sum.update(buffer.subarray(0, bytesRead));
      await pause(job, Math.min(MAX_PAUSE, (performance.now() - start) * (running / SHARE - 1)));
    }
    await assertUnchanged(handle, stats);
    const digest = sum.digest();
    if (isRested) keep(stats, digest);
    return digest;
  } finally {
    await handle.close();
  }
}

/** @param stats of a file that was at rest before it was read, and the same afterwards */
export function keep(stats: BigIntStats, digest: Buffer): void {
  known.set(fingerprintOf(stats), digest);
  if (known.size > MAX_KNOWN) known.delete(known.keys().next().value!);
}

/** Whether a further change of the file would show. */
export function mayBeKept(stats: BigIntStats): boolean {
  return restLeft(stats) <= 0;
}

/** Milliseconds until a further change of the file shows for sure. */
function restLeft({ mtimeNs, ctimeNs }: BigIntStats): number {
  const changed = Number((ctimeNs > mtimeNs ? ctimeNs : mtimeNs) / 1_000_000n);
  return Math.min(changed + REST_MILLISECONDS - Date.now(), REST_MILLISECONDS);
}

/** Unless somebody waits, or until somebody does. A process that has nothing else to do may end meanwhile. */
async function pause(job: Job, milliseconds: number): Promise<void> {
  if (job.waiting > 0 || milliseconds <= 0) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, milliseconds).unref();
    job.wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}
