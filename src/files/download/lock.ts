/**
 * One download at a time for a .part file that is kept from run to run. The lock names its process; that of a dead one
 * is taken over. Where the process cannot be asked (another machine, or this one before its last boot), the lock counts
 * as long as it is refreshed.
 */
import { randomBytes } from 'node:crypto';
import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { isAlive, place } from './temporary-name.ts';

const REFRESH = 10_000;
/** Of a lock that is not refreshed. */
const STALE = 60_000;

const own = new Set<string>();

export class Lock {
  readonly #file: string;
  readonly #timer: NodeJS.Timeout;

  private constructor(file: string) {
    this.#file = file;
    own.add(file);
    this.#timer = setInterval(() => {
      const now = new Date();
      utimes(file, now, now).catch(() => {});
    }, REFRESH).unref();
  }

  /** @throws Error EBUSY if another download has it */
  static async take(file: string): Promise<Lock> {
    const content = `${place()} ${process.pid} ${randomBytes(6).toString('hex')}\n`;
    for (let attempt = 0; ; attempt++) {
      try {
        await writeFile(file, content, { flag: 'wx', mode: 0o600 });
        // Two that took over the same stale lock: the later one has it.
        if ((await readFile(file, 'latin1').catch(() => '')) === content) return new Lock(file);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      if (attempt === 3 || (await isHeld(file))) {
        const message = `EBUSY: another download to this file is running (${file})`;
        throw Object.assign(new Error(message), { code: 'EBUSY', path: file });
      }
      await rm(file, { force: true });
    }
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    own.delete(this.#file);
    await rm(this.#file, { force: true });
  }
}

/** What somebody else has put where we put ours is left alone. */
export function notOurs(file: string): Error {
  const message = `EEXIST: ${file} was not made by a download: move it away, or choose another name`;
  return Object.assign(new Error(message), { code: 'EEXIST', path: file });
}

async function isHeld(file: string): Promise<boolean> {
  if (own.has(file)) return true;
  try {
    const [, where, pid] = /^([0-9a-f]{8}) (\d{1,10}) [0-9a-f]{12}\n$/.exec(await readFile(file, 'latin1')) ?? [];
    if (where === undefined) throw notOurs(file);
    if (where === place()) return isAlive(Number(pid));
    return Date.now() - (await stat(file)).mtimeMs < STALE;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
