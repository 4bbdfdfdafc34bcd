/**
 * The SHA-256 of files, each read once for it as long as it does not change: in the background, a third of the time, so
 * that nobody can keep the process busy by asking for files; at full speed while somebody waits. Kept under device, inode,
 * size and times of change.
 */
import { createHash, type Hash } from 'node:crypto';
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
/** How many are read side by side in the background, the smallest ones first: a large one does not stop the others. */
const MAX_RUNNING = 8;

/** Milliseconds of reading and hashing, from which it can be told how long the rest takes. */
const SAMPLE = 200;
/** Milliseconds of work after which what was before counts half: a disk is not always as fast. */
const MEMORY = 1000;

const MAX_KNOWN = 10_000;
/** Files that wait for their turn; further ones are not learned until they are asked for again. */
const MAX_QUEUED = 1000;

/** Longer than any file system's clock ticks (2 s on FAT): a second change within one tick would not show. */
const REST_MILLISECONDS = 2000;

/** How fast it has been read and hashed of late, without the pauses. */
interface Pace {
  bytes: number;
  milliseconds: number;
  /** When the piece that is under way began. */
  since: number | undefined;
}

interface Job {
  file: string;
  stats: BigIntStats;
  waiting: number;
  isRunning: boolean;
  digest: Promise<Buffer | undefined>;
  settle: (digest: Buffer | undefined) => void;
  /** Of the first `at` bytes. */
  sum: Hash;
  at: number;
  /** Whether it was at rest before it was read. */
  isRested: boolean | undefined;
  pace: Pace;
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

/**
 * The digest of the file if it can be expected within so many milliseconds. Where it cannot, that shows at once, or after
 * a sample: nobody waits for nothing. It is learned in the background then.
 */
export async function digestWithin(file: string, stats: BigIntStats, patience: number): Promise<Buffer | undefined> {
  const there = knownDigest(stats);
  if (there !== undefined) return there;
  const job = jobFor(file, stats);
  if (job === undefined || timeLeft(job) > patience) return undefined;
  const start = performance.now();
  const tooLate = new AbortController();
  const timer = setInterval(() => {
    if (performance.now() - start + timeLeft(job) > patience) tooLate.abort();
  }, SAMPLE / 4);
  try {
    return await digestOf(file, stats, tooLate.signal);
  } finally {
    clearInterval(timer);
  }
}

/** Milliseconds that the rest takes if somebody waits; 0 as long as that cannot be told. */
function timeLeft({ stats, at, pace: { bytes, milliseconds, since } }: Job): number {
  const spent = milliseconds + (since === undefined ? 0 : performance.now() - since);
  if (spent < SAMPLE) return 0;
  return ((Number(stats.size) - at) * spent) / (bytes + READ_BYTES); // the piece under way may be there next
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
  job = {
    file,
    stats,
    waiting: 0,
    isRunning: false,
    digest,
    settle,
    wake: () => {},
    sum: createHash('sha256'),
    at: 0,
    isRested: undefined,
    pace: { bytes: 0, milliseconds: 0, since: undefined },
  };
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
  job.isRunning = false;
  if (digest !== 'later') {
    jobs.delete(fingerprintOf(job.stats));
    job.settle(digest);
  } else {
    if (!job.isRested) Object.assign(job, { sum: createHash('sha256'), at: 0, isRested: undefined }); // it could not be kept
    if (job.waiting > 0) return run(job);
  }
  next();
}

/** @returns `later` if it has made room for others: it goes on from there */
async function hash(job: Job): Promise<Buffer | 'later'> {
  const { file, stats, sum } = job;
  const size = Number(stats.size);
  while (job.waiting === 0 && restLeft(stats) > 0) await pause(job, restLeft(stats));
  job.isRested ??= mayBeKept(stats);
  job.pace.since = performance.now();
  const handle = await open(file);
  try {
    await assertUnchanged(handle, stats);
    const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, Math.max(size, 1)));
    while (job.at < size) {
      if (job.waiting === 0 && (running > MAX_RUNNING || !job.isRested)) return 'later';
      job.pace.since = performance.now();
      const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - job.at), job.at);
      if (bytesRead === 0) throw new Error('The file has become shorter');
      job.at += bytesRead;
      if (job.at % LOOK_BYTES === 0) {
        await assertUnchanged(handle, stats);
        const there = knownDigest(stats); // from a response that has sent it meanwhile
        if (there !== undefined) return there;
      }
      const start = performance.now();
      sum.update(buffer.subarray(0, bytesRead));
      const end = performance.now();
      note(job.pace, bytesRead, end);
      await pause(job, Math.min(MAX_PAUSE, (end - start) * (running / SHARE - 1)));
    }
    await assertUnchanged(handle, stats);
    const digest = sum.digest();
    if (job.isRested) keep(stats, digest);
    return digest;
  } finally {
    job.pace.since = undefined;
    await handle.close();
  }
}

function note(pace: Pace, bytes: number, now: number): void {
  pace.bytes += bytes;
  pace.milliseconds += now - (pace.since ?? now);
  pace.since = undefined;
  if (pace.milliseconds < MEMORY) return;
  pace.bytes /= 2;
  pace.milliseconds /= 2;
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
