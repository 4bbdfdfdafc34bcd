/**
 * A file that appears only when it is whole: written under a temporary name beside its target, and renamed at the end.
 * Whatever else happens, nothing is left under either name.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';

export class OutputFile {
  readonly #target: string;
  readonly #temporary: string;
  /** Ends when the octets are on the disk: a rename must not overtake them. */
  readonly writable: WriteStream;

  private constructor(target: string, temporary: string, writable: WriteStream) {
    this.#target = target;
    this.#temporary = temporary;
    this.writable = writable;
  }

  /** @throws Error in words for a target that cannot be written */
  static async create(target: string): Promise<OutputFile> {
    const isDirectory = await stat(target).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    if (isDirectory) throw new Error(`${target} is a directory: name the file`);
    const { dir, base } = path.parse(target);
    const temporary = path.join(dir, `.${base}.${randomBytes(6).toString('hex')}.part`);
    const writable = createWriteStream(temporary, { flags: 'wx', flush: true, highWaterMark: 1 << 20 });
    try {
      await once(writable, 'open');
    } catch (error) {
      throw new Error(`${target} cannot be written: ${(error as Error).message}`, { cause: error });
    }
    return new OutputFile(target, temporary, writable);
  }

  /** The content is whole, and `writable` has ended: puts it under the target's name. */
  async keep(): Promise<void> {
    await rename(this.#temporary, this.#target);
  }

  async discard(): Promise<void> {
    const { writable } = this;
    if (!writable.closed) await new Promise<void>((resolve) => writable.once('close', resolve).destroy());
    await rm(this.#temporary, { force: true });
  }
}
