/**
 * Whose a file is: temporary names and locks. Both carry their owner, `<place>.<thread>.<start>.<instance>`: the machine
 * since its boot and its namespace of processes; the thread (of the main one, the id is the process's) and when it started,
 * so that a reused id is another; and this copy of the module. Nobody removes what is not his own, or provably a dead one's.
 *
 * The lock is a directory of such names. To take it, put your own in, then look: if nobody else alive is there, you hold
 * it. A name is never used twice, so that removing a dead one's cannot hit anybody else, whoever else does the same now.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync, type Stats } from 'node:fs';
import { lstat, mkdir, open, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Longer names are cut here, so that the whole is not longer than file systems take (255 bytes). */
const MAX_START_BYTES = 180;

/** Milliseconds between two signs of life of a lock, for processes elsewhere, which cannot ask whether we live. */
const REFRESH = 10_000;
const STALE = 60_000;
/** The same for a temporary file, which is written to whenever something comes. */
const ABANDONED = 86_400_000;

/** How often those that came at the same moment try again. */
const MAX_CLAIMS = 12;

const OWNER = /^([0-9a-f]{8})\.(\d{1,10})\.([0-9a-z]{1,13})\.([0-9a-f]{8})\.([0-9a-f]{8})/;

const INSTANCE = randomBytes(4).toString('hex');

/** The id of this thread on Linux, so that one that was terminated is told from its process; elsewhere that of the process. */
const THREAD = threadId();

/** The names that this copy of the module has given, and not given up. */
const own = new Set<string>();

/** Gives up a name: its file is gone, or has another name. */
export function disown(file: string): void {
  own.delete(path.basename(file));
}

/** A name beside the target that nobody else has. */
export function temporaryFor(target: string): string {
  const { dir, base } = path.parse(target);
  const name = `${startOf(base)}${ownerName()}.part`;
  own.add(name);
  return path.join(dir, name);
}

/** Removes the temporary files of this target that dead processes have left. */
export async function removeLeftovers(target: string): Promise<void> {
  const { dir, base } = path.parse(target);
  const start = startOf(base);
  // A directory that may be written to and not read: nothing can be said.
  for (const entry of await readdir(dir || '.', { withFileTypes: true }).catch(() => [])) {
    const { name } = entry;
    const isOurs = name.startsWith(start) && name.endsWith('.part') && entry.isFile();
    if (!isOurs || own.has(name)) continue;
    const file = path.join(dir, name);
    const life = lifeOf(name.slice(start.length));
    if (life !== 'dead' && !(life === 'elsewhere' && (await isAbandoned(file)))) continue;
    if (await isMine(file)) await rm(file, { force: true }).catch(() => {});
  }
}

/** Both times are by the file system's clock. */
async function isAbandoned(file: string): Promise<boolean> {
  const stats = await lstat(file).catch(() => undefined);
  const now = await newFileBeside(file);
  return stats !== undefined && now !== undefined && Math.abs(now.mtimeMs - stats.mtimeMs) > ABANDONED;
}

/** The name that the unfinished bytes of a target have from one run to the next. */
export function partFor(target: string): string {
  const { dir, base } = path.parse(target);
  return path.join(dir, `${cut(base)}.part`);
}

/** Whether it is a name that a download gives to something beside its target. */
export function isBeside(target: string, file: string): boolean {
  const { dir, base } = path.parse(target);
  return file.startsWith(partFor(target)) || file.startsWith(path.join(dir, startOf(base)));
}

/**
 * Of our user, and not to be changed by another; or, where the file system cannot say so (FAT, exFAT, network shares), no
 * different from what we make there now.
 *
 * @param stats of the file, if it is open
 */
export async function isMine(file: string, stats?: Stats): Promise<boolean> {
  const there = stats ?? (await lstat(file).catch(() => undefined));
  const uid = process.getuid?.();
  if (there === undefined || uid === undefined) return there !== undefined;
  if (isLike(there, { uid, mode: 0 })) return true;
  const made = await newFileBeside(file);
  return made !== undefined && isLike(there, made);
}

function isLike({ uid, mode }: Stats, own: Pick<Stats, 'uid' | 'mode'>): boolean {
  return uid === own.uid && (mode & 0o022 & ~own.mode) === 0;
}

/** What the file system makes of a file that is for us alone. */
async function newFileBeside(file: string): Promise<Stats | undefined> {
  const name = temporaryFor(file);
  try {
    const handle = await open(name, 'wx', 0o600);
    return await handle.stat().finally(() => handle.close());
  } catch {
    return undefined;
  } finally {
    await rm(name, { force: true }).catch(() => {});
    disown(name);
  }
}

/** @throws Error EEXIST */
export function notOurs(file: string): Error {
  const message = `EEXIST: ${file} is not from a download of ours, and stays as it is: move it away`;
  return Object.assign(new Error(message), { code: 'EEXIST', path: file });
}

export class Lock {
  readonly #folder: string;
  readonly #file: string;
  readonly #timer: NodeJS.Timeout;

  private constructor(folder: string, file: string) {
    this.#folder = folder;
    this.#file = file;
    this.#timer = setInterval(() => void this.#refresh(), REFRESH).unref();
  }

  /** @throws Error EBUSY if another download has it; EEXIST for something else of that name */
  static async take(folder: string): Promise<Lock> {
    for (let claim = 1; ; claim++) {
      const file = await putName(folder);
      let others: string[];
      try {
        others = await livingBeside(folder, file);
        if (others.length === 0) {
          await writeFile(file, 'held\n', { flag: 'r+' }); // not made anew, if a process elsewhere has removed it
          return new Lock(folder, file);
        }
      } catch (error) {
        await takeAway(folder, file);
        throw error;
      }
      await takeAway(folder, file);
      if (claim === MAX_CLAIMS || others.includes('held')) {
        throw busy('another download to this file is running', folder);
      }
      await sleep(Math.random() * 5 * 2 ** Math.min(claim, 7));
    }
  }

  /** A name in the lock's directory, for what is to be renamed out of it: of a killed process it goes with the lock. */
  scratch(): string {
    return `${this.#file}.new`;
  }

  /** Not by a process elsewhere that was taken for dead, because it had stood still: what is there is another's now. */
  async isHeld(): Promise<boolean> {
    return lstat(this.#file).then(
      () => true,
      ({ code }: NodeJS.ErrnoException) => code !== 'ENOENT' && code !== 'ENOTDIR', // a disk may be away for a moment
    );
  }

  /** @throws Error EBUSY; ENOENT if all is gone */
  async assertHeld(): Promise<void> {
    if (await this.isHeld()) return;
    await lstat(path.dirname(this.#folder));
    throw busy('another download has taken this one over, or its lock was removed', this.#folder);
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    await takeAway(this.#folder, this.#file);
  }

  /** By writing, so that the time is that of the file system's clock. */
  async #refresh(): Promise<void> {
    await writeFile(this.#file, 'held\n', { flag: 'r+' }).catch(() => {});
  }
}

function busy(what: string, folder: string): Error {
  return Object.assign(new Error(`EBUSY: ${what} (${folder})`), { code: 'EBUSY', path: folder });
}

async function putName(folder: string): Promise<string> {
  for (;;) {
    await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    const stats = await lstat(folder).catch(ifGone);
    if (stats === undefined) continue;
    if (!stats.isDirectory() || !(await isMine(folder, stats))) throw notOurs(folder);
    const name = ownerName();
    own.add(name);
    const file = path.join(folder, name);
    try {
      await writeFile(file, 'want\n', { flag: 'wx', mode: 0o600 }); // as long as `held`, which is written over it
      return file;
    } catch (error) {
      await takeAway(folder, file); // on a full disk it is there, and empty
      // The one before has just removed the directory.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

async function takeAway(folder: string, file: string): Promise<void> {
  await rm(`${file}.new`, { force: true });
  await rm(file, { force: true });
  disown(file);
  await rmdir(folder).catch(() => {}); // others are in it, or it is gone
}

/**
 * What the others say that are alive: `held`, or something else for a claim; the dead are removed.
 *
 * @throws Error of the file system: what cannot be asked after is not dead
 */
async function livingBeside(folder: string, ownFile: string): Promise<string[]> {
  const living: string[] = [];
  const now = (await stat(ownFile)).mtimeMs;
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name);
    if (file === ownFile) continue;
    let life = own.has(name.replace(/\.new$/, '')) ? 'alive' : lifeOf(name);
    if (life === 'elsewhere') {
      const stats = await stat(file).catch(ifGone);
      if (stats === undefined) continue;
      // Both times are by the file system's clock, not by that of a machine.
      life = Math.abs(now - stats.mtimeMs) < STALE ? 'alive' : 'dead';
    }
    if (life === 'unknown') throw notOurs(file);
    if (life === 'dead') await rm(file, { force: true });
    else if (!name.endsWith('.new')) {
      const said = await readFile(file, 'latin1').catch(ifGone);
      if (said !== undefined) living.push(said.trim());
    }
  }
  return living;
}

/** Of `catch`: only what is known to be gone is. */
export function ifGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** What becomes of it can only be asked here: `elsewhere`, the process is of another machine or container. */
function lifeOf(name: string): 'alive' | 'dead' | 'elsewhere' | 'unknown' {
  const [, where, thread, start, instance] = OWNER.exec(name) ?? [];
  if (where === undefined) return 'unknown';
  if (where !== place()) return 'elsewhere';
  if (Number(thread) === THREAD && instance === INSTANCE) return 'dead'; // we know all of ours
  return isAlive(Number(thread)) && startTimeOf(thread!) === start ? 'alive' : 'dead';
}

function threadId(): number {
  const [, pid, thread] = /^(\d+)\/task\/(\d+)$/.exec(read(() => readlinkSync('/proc/thread-self'))) ?? [];
  return Number(pid) === process.pid ? Number(thread) : process.pid; // a /proc of another namespace has other ids
}

function ownerName(): string {
  const random = randomBytes(4).toString('hex');
  return `${place()}.${THREAD}.${startTimeOf(String(THREAD))}.${INSTANCE}.${random}`;
}

/** What all temporary names of the target start with, and of no other: a name that is cut has its hash after it. */
function startOf(base: string): string {
  return `.${cut(base)}.`;
}

function cut(base: string): string {
  const bytes = Buffer.from(base);
  if (bytes.length <= MAX_START_BYTES) return base;
  const start = bytes
    .subarray(0, MAX_START_BYTES)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
  return `${start}~${shortHash(base)}`;
}

let here: string | undefined;

/** Where process ids mean the same as here. */
function place(): string {
  here ??= shortHash(
    [
      hostname(),
      read(() => readFileSync('/etc/machine-id', 'latin1')),
      read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')),
      read(() => readlinkSync('/proc/self/ns/pid')),
    ].join('\n'),
  );
  return here;
}

/** Of a thread, in clock ticks since the boot (proc(5), field 22). Where nobody says so, the id has to do. */
function startTimeOf(thread: string): string {
  const line = read(() => readFileSync(`/proc/${thread}/stat`, 'latin1'));
  const ticks = line.slice(line.lastIndexOf(')') + 2).split(' ')[19];
  return ticks !== undefined && /^\d+$/.test(ticks) ? Number(ticks).toString(36) : '0';
}

/** Linux tells; elsewhere the host's name has to do. */
function read(fact: () => string): string {
  try {
    return fact();
  } catch {
    return '';
  }
}

function isAlive(thread: number): boolean {
  try {
    process.kill(thread, 0); // Linux takes the id of any thread
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
