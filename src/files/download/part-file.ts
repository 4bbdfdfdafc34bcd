/**
 * The octets of a download that is not whole yet. What is in the file and what is believed of it never part: everything
 * is hashed as it comes, and what an earlier run has left is kept only as far as it still has the hash that was noted.
 *
 * `keepsOverRuns`: the file is `<target>.part`, its state is beside it, and a failure leaves both for the next run. Else
 * it has a name of its own, and nothing is left. Under the target's name there is nothing before `finish`.
 */
import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Lock } from './lock.ts';
import { type PartState, type Representation, readState, writeState } from './state.ts';
import { partFor, removeLeftovers, temporaryFor } from './temporary-name.ts';

/** Milliseconds between two notes of how far it is: what a killed process loses. */
const NOTE_INTERVAL = 1000;
const READ_BYTES = 1024 * 1024;

interface Position {
  bytes: number;
  hash: Hash;
  isVerified: boolean;
}

export class PartFile {
  readonly #target: string;
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #lock: Lock | undefined;
  readonly #url: string;
  #representation: Representation | undefined;
  #now: Position = emptyPosition();
  /** Where the response that is being received began. */
  #base: Position = emptyPosition();
  #lastNote = Number.NEGATIVE_INFINITY;

  private constructor(target: string, file: string, handle: FileHandle, lock: Lock | undefined, url: string) {
    this.#target = target;
    this.#file = file;
    this.#handle = handle;
    this.#lock = lock;
    this.#url = createHash('sha256').update(url).digest('hex');
  }

  /**
   * @param isUsable whether octets of which this is known may be continued
   * @throws Error EISDIR, EINVAL for a target that is no file, EBUSY if another download of it runs; of the file system
   */
  static async open(
    file: string,
    url: string,
    keepsOverRuns: boolean,
    isUsable: (state: PartState) => boolean,
  ): Promise<PartFile> {
    const stats = await stat(file).catch(() => undefined);
    if (stats?.isDirectory()) throw failure('EISDIR', `${file} is a directory: name the file`);
    if (stats !== undefined && !stats.isFile()) throw failure('EINVAL', `${file} is no regular file`);
    const target = stats === undefined ? path.resolve(file) : await realpath(file);
    if (!keepsOverRuns) {
      await removeLeftovers(target);
      const name = temporaryFor(target);
      return new PartFile(target, name, await open(name, 'wx+'), undefined, url);
    }
    const name = partFor(target);
    const lock = await Lock.take(`${name}.lock`);
    let handle: FileHandle | undefined;
    try {
      // A link in its place, put there by somebody else, is not written through.
      handle = await open(name, constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0), 0o666);
      if (!(await handle.stat()).isFile()) throw failure('EINVAL', `${name} is no regular file`);
      const part = new PartFile(target, name, handle, lock, url);
      await part.#takeUp(isUsable);
      return part;
    } catch (error) {
      await handle?.close();
      await lock.release();
      throw error;
    }
  }

  get bytes(): number {
    return this.#now.bytes;
  }

  /** Whether a digest of their sender covers every octet so far. */
  get isVerified(): boolean {
    return this.#now.isVerified;
  }

  get representation(): Representation | undefined {
    return this.#representation;
  }

  /** sha-256 of all octets so far. */
  sha256(): Buffer {
    return this.#now.hash.copy().digest();
  }

  /** The hash of all octets by another algorithm of `node:crypto`: read again, since hardly anybody sends one. */
  async hashAgain(algorithm: string): Promise<Buffer> {
    const hash = createHash(algorithm);
    if (!(await this.#hashStart(hash, this.bytes))) throw failure('EIO', `${this.#file} has become shorter`);
    return hash.digest();
  }

  /** A response begins, whose octets come behind those that are there. */
  begin(representation: Representation | undefined): void {
    this.#representation = representation;
    this.#base = copyOf(this.#now);
  }

  /** @param mayNote whether the octets may be kept as they are, if the process is killed now */
  async write(data: Uint8Array, mayNote: boolean): Promise<void> {
    for (let at = 0; at < data.length; ) {
      const { bytesWritten } = await this.#handle.write(data, at, data.length - at, this.#now.bytes + at);
      at += bytesWritten;
    }
    this.#now.bytes += data.length;
    this.#now.hash.update(data);
    this.#now.isVerified = false;
    if (mayNote && performance.now() - this.#lastNote >= NOTE_INTERVAL) await this.note();
  }

  /** The sender's digest agrees with what the response brought. */
  verified(): void {
    this.#now.isVerified = this.#base.isVerified;
  }

  /** Gives up what the response brought. */
  async revert(): Promise<void> {
    this.#now = copyOf(this.#base);
    await this.#handle.truncate(this.#now.bytes);
  }

  /** Gives up everything. */
  async restart(): Promise<void> {
    this.#representation = undefined;
    this.#now = emptyPosition();
    this.#base = emptyPosition();
    await this.#handle.truncate(0);
    if (this.#lock !== undefined) await rm(this.#stateFile, { force: true });
  }

  /** Writes down how far it is. The octets go to the disk first: the note must not overtake them. */
  async note(): Promise<void> {
    if (this.#lock === undefined || this.#representation === undefined) return;
    await this.#handle.datasync();
    const { bytes, isVerified } = this.#now;
    const sha256 = this.sha256().toString('hex');
    await writeState(this.#stateFile, {
      ...{ version: 1, url: this.#url, bytes, sha256, isVerified },
      ...this.#representation,
    });
    this.#lastNote = performance.now();
  }

  /** The content is whole: puts it under the target's name. */
  async finish(): Promise<void> {
    await this.#handle.truncate(this.bytes); // what an earlier run left behind it
    await this.#handle.sync();
    await this.#handle.close();
    await rename(this.#file, this.#target);
    if (this.#lock !== undefined) {
      await rm(this.#stateFile, { force: true });
      await this.#lock.release();
    }
  }

  /** It will not become whole now. */
  async abandon(): Promise<void> {
    const isKept = this.#lock !== undefined && this.#representation !== undefined && this.bytes > 0;
    try {
      // On a full disk there may be no room for a note: an earlier one still holds for the octets before it.
      if (isKept) await this.note().catch(() => {});
      await this.#handle.close().catch(() => {});
      if (isKept) return;
      await rm(this.#file, { force: true });
      if (this.#lock !== undefined) await rm(this.#stateFile, { force: true });
    } finally {
      await this.#lock?.release();
    }
  }

  get #stateFile(): string {
    return `${this.#file}.json`;
  }

  async #takeUp(isUsable: (state: PartState) => boolean): Promise<void> {
    const state = await readState(this.#stateFile);
    const hash = createHash('sha256');
    const isTrue =
      state !== undefined &&
      state.url === this.#url &&
      isUsable(state) &&
      (await this.#hashStart(hash, state.bytes)) &&
      hash.copy().digest('hex') === state.sha256;
    if (!isTrue) return this.restart();
    const { version, url, bytes, sha256, isVerified, ...representation } = state;
    this.#now = { bytes, hash, isVerified };
    this.#representation = representation;
    this.#base = copyOf(this.#now);
    await this.#handle.truncate(bytes);
  }

  /** @returns whether the file has that many octets */
  async #hashStart(hash: Hash, bytes: number): Promise<boolean> {
    const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, Math.max(1, bytes)));
    for (let at = 0; at < bytes; ) {
      const { bytesRead } = await this.#handle.read(buffer, 0, Math.min(buffer.length, bytes - at), at);
      if (bytesRead === 0) return false;
      hash.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
    return true;
  }
}

function emptyPosition(): Position {
  return { bytes: 0, hash: createHash('sha256'), isVerified: true };
}

function copyOf({ bytes, hash, isVerified }: Position): Position {
  return { bytes, hash: hash.copy(), isVerified };
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}
