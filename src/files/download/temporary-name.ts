/**
 * Names for files that are being written, and what is left of them. A name says whose it is, so that what a killed
 * process has left can be told from what a living one is writing: `.<target>.<place>.<pid>.<random>.part`. The place is
 * the machine since its boot and its namespace of processes; a process of any other place cannot be asked whether it
 * lives, so its files are never touched. A process id that has been given anew makes a file stay: the safe side.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';

/** The names that this process has given. */
const own = new Set<string>();

/** Longer names are cut here, so that the whole is not longer than file systems take (255 octets). */
const MAX_START_BYTES = 190;

/** A name beside the target that nobody else has. */
export function temporaryFor(target: string): string {
  const { dir, base } = path.parse(target);
  const name = `${startOf(base)}${place()}.${process.pid}.${randomBytes(6).toString('hex')}.part`;
  own.add(name);
  return path.join(dir, name);
}

/**
 * Removes the temporary files of this target that dead processes have left.
 *
 * @returns the names of those whose process cannot be asked
 */
export async function removeLeftovers(target: string): Promise<string[]> {
  const { dir, base } = path.parse(target);
  const folder = dir === '' ? '.' : dir;
  const start = startOf(base);
  const unclaimed: string[] = [];
  // A directory that may be written to and not read: nothing can be said.
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const { name } = entry;
    if (!entry.isFile() || !name.startsWith(start) || own.has(name)) continue;
    const match = /^([0-9a-f]{8})\.(\d{1,10})\.[0-9a-f]{12}\.part$/.exec(name.slice(start.length));
    if (match === null) continue;
    if (match[1] !== place()) unclaimed.push(path.join(dir, name));
    else if (!isAlive(Number(match[2]))) await rm(path.join(folder, name), { force: true }).catch(() => {});
  }
  return unclaimed;
}

/** The name that the unfinished octets of a target have from one run to the next. */
export function partFor(target: string): string {
  const { dir, base } = path.parse(target);
  return path.join(dir, `${cut(base)}.part`);
}

/** What all temporary names of the target start with, and of no other: a name that is cut has its hash behind. */
function startOf(base: string): string {
  return `.${cut(base)}.`;
}

function cut(base: string): string {
  const octets = Buffer.from(base);
  if (octets.length <= MAX_START_BYTES) return base;
  const start = octets
    .subarray(0, MAX_START_BYTES)
    .toString('utf8')
    .replace(/\uFFFD+$/, '');
  return `${start}~${shortHash(base)}`;
}

/** Where process ids mean the same as here. */
export function place(): string {
  const facts = [hostname(), read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1'))];
  return shortHash([...facts, read(() => readlinkSync('/proc/self/ns/pid'))].join('\n'));
}

/** Linux tells; elsewhere the host's name has to do. */
function read(fact: () => string): string {
  try {
    return fact();
  } catch {
    return '';
  }
}

/** Another file that has our own id is of an earlier process that had it: in a container, each run may. */
export function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
