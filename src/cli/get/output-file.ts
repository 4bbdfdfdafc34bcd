/**
 * A file that appears only when it is whole: written under a temporary name beside its target, and renamed at the end.
 * Whatever else happens, nothing is left under either name: what a killed process left, the next one for the same target
 * removes (node/download/temporary-name.ts). A link is followed; what is no file (a device, a FIFO) is written to as it
 * stands, since there is nothing that could be renamed.
 */
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { removeLeftovers, temporaryFor } from '../../files/download/temporary-name.ts';

export class OutputFile {
  readonly #target: string;
  /** Undefined for a target that is written to directly. */
  readonly #temporary: string | undefined;
  /** Ends when the octets are on the disk: a rename must not overtake them. */
  readonly writable: WriteStream;
  /** Temporary files of the same target whose process may be running elsewhere. */
  readonly unclaimed: readonly string[];

  private constructor(
    target: string,
    temporary: string | undefined,
    writable: WriteStream,
    unclaimed: readonly string[],
  ) {
    this.#target = target;
    this.#temporary = temporary;
    this.writable = writable;
    this.unclaimed = unclaimed;
  }

  /** @throws Error in words for a target that cannot be written */
  static async create(name: string): Promise<OutputFile> {
    const stats = await stat(name).catch(() => undefined);
    if (stats?.isDirectory()) throw new Error(`${name} is a directory: name the file`);
    const isSpecial = stats !== undefined && !stats.isFile();
    const target = stats === undefined ? name : await realpath(name);
    const temporary = isSpecial ? undefined : temporaryFor(target);
    const unclaimed = isSpecial ? [] : await removeLeftovers(target);
    const writable = createWriteStream(temporary ?? target, { flags: isSpecial ? 'w' : 'wx', flush: !isSpecial });
    try {
      await once(writable, 'open');
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      const why = code === 'ENOENT' ? `there is no directory ${path.dirname(path.resolve(name))}` : message;
      throw new Error(`${name} cannot be written: ${why}`, { cause: error });
    }
    return new OutputFile(target, temporary, writable, unclaimed);
  }

  /** The content is whole, and `writable` has ended: puts it under the target's name. */
  async keep(): Promise<void> {
    if (this.#temporary !== undefined) await rename(this.#temporary, this.#target);
  }

  async discard(): Promise<void> {
    const { writable } = this;
    if (!writable.closed) await new Promise<void>((resolve) => writable.once('close', resolve).destroy());
    if (this.#temporary !== undefined) await rm(this.#temporary, { force: true });
  }
}
