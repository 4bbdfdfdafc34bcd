/**
 * The bytes of one response, or of several after each other, on their way into a file. What is in the file and what is
 * believed of it never part: everything is hashed as it comes. What comes while a write is under way is gathered for the
 * next one, of 1 MiB or more (measured: writes of 64 KiB take twice as long; and of two at the same time the second only
 * burns a core, for the kernel lets one at a time into a file).
 */
import { createHash, type Hash } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, link, lstat, open, rename, rm } from 'node:fs/promises';
import { ifGone, isMine, notOurs } from './ownership.ts';
import type { Representation, Start } from './state.ts';

const WRITE_BYTES = 1024 * 1024;
/** What may wait for the write that is under way. */
const MAX_GATHERED_BYTES = 2 * WRITE_BYTES;
const READ_BYTES = 1024 * 1024;
/**
 * After so many bytes the disk is to begin with them, while others come: what is left for the sync at the end has to be
 * waited for (measured: 0.5 s for 1 GiB, a fifth of the whole).
 */
const SYNC_BYTES = 32 * WRITE_BYTES;

interface Position {
  bytes: number;
  hash: Hash;
  isVerified: boolean;
}

/** Who may do what with a file. */
export interface Access {
  mode: number;
  /** Those of the file that is replaced. */
  uid?: number;
  gid?: number;
}

export interface Move {
  access?: Access;
  modified?: Date | undefined;
  /** Whether there must be nothing under the name: EEXIST. */
  isNew?: boolean;
}

export class Draft {
  file: string;
  representation: Representation | undefined;
  readonly #handle: FileHandle;
  #now: Position = emptyPosition();
  /** Where the response that is being received began. */
  #base: Position = emptyPosition();
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  /** Bytes of which the writes have begun. */
  #begun = 0;
  #writing: Promise<void> | undefined;
  /** Bytes that no sync has begun with. */
  #unsynced = 0;
  #syncing: Promise<void> | undefined;
  #writeError: unknown;

  private constructor(file: string, handle: FileHandle) {
    this.file = file;
    this.#handle = handle;
  }

  /** @throws Error EEXIST if there is something of that name */
  static async create(file: string): Promise<Draft> {
    return new Draft(file, await open(file, 'wx+', 0o600));
  }

  /** @throws Error EEXIST for a file that is not provably ours */
  static async reopen(file: string): Promise<Draft> {
    const flags = constants.O_RDWR | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
    const handle = await open(file, flags).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT' ? error : notOurs(file);
    });
    const stats = await handle.stat();
    if (stats.isFile() && (await isMine(file, stats))) return new Draft(file, handle);
    await handle.close();
    throw notOurs(file);
  }

  get bytes(): number {
    return this.#now.bytes;
  }

  /** Whether a digest of their sender covers every byte so far. */
  get isVerified(): boolean {
    return this.#now.isVerified;
  }

  /** sha-256 of all bytes so far, which may go on. */
  hash(): Hash {
    return this.#now.hash.copy();
  }

  /** The hash of all bytes by another algorithm of `node:crypto`: read again, since hardly anybody sends one. */
  async hashAgain(algorithm: string, signal: AbortSignal | undefined): Promise<Buffer> {
    await this.settle();
    const hash = createHash(algorithm);
    if (!(await this.#hashOn(hash, 0, this.bytes, signal))) throw this.#hasShrunk();
    return hash.digest();
  }

  /**
   * Takes up what an earlier run has left: the longest of these starts that still has its hash.
   *
   * @param starts the shorter ones first
   * @returns false if none has: the file is as it was
   */
  async takeUp(
    starts: readonly (Start & { isVerified: boolean })[],
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const hash = createHash('sha256');
    let isTrue = false;
    let at = 0;
    for (const { bytes, sha256, isVerified } of starts) {
      if (!(await this.#hashOn(hash, at, bytes, signal)) || hash.copy().digest('hex') !== sha256) break;
      this.#base = { bytes, hash: hash.copy(), isVerified };
      isTrue = true;
      at = bytes;
    }
    if (isTrue) await this.revert();
    return isTrue;
  }

  /** A response begins, whose bytes come after those that are there. */
  begin(representation: Representation | undefined): void {
    this.representation = representation;
    this.#base = copyOf(this.#now);
  }

  /** Resolves when the next may come. @throws what an earlier write has failed with */
  write(data: Uint8Array): Promise<void> | undefined {
    this.#now.bytes += data.length;
    this.#now.hash.update(data);
    this.#now.isVerified = false;
    this.#gathered.push(data);
    this.#gatheredBytes += data.length;
    if (this.#writeError !== undefined) throw this.#writeError;
    if (this.#gatheredBytes >= WRITE_BYTES) this.#flush();
    return this.#gatheredBytes < MAX_GATHERED_BYTES ? undefined : this.#writing;
  }

  /** The sender's digest agrees with what the response brought. */
  verified(): void {
    this.#now.isVerified = this.#base.isVerified;
  }

  /** Gives up what the response brought. */
  async revert(): Promise<void> {
    await this.#writeRest(); // what came before it may be among it
    this.#now = copyOf(this.#base);
    this.#begun = this.#now.bytes;
    await this.#handle.truncate(this.#now.bytes);
  }

  /** Gives up everything. */
  async restart(): Promise<void> {
    this.representation = undefined;
    this.#base = emptyPosition();
    await this.revert();
  }

  /** What had come is in the file: after a kill, too. More may come meanwhile. */
  async settle(): Promise<void> {
    await this.#writeRest();
    if (this.#writeError !== undefined) throw this.#writeError;
  }

  /** And on the disk: after a loss of power, too. */
  async sync(): Promise<void> {
    await this.settle();
    await this.#datasync();
    await this.#synced();
  }

  /**
   * Ends the file at its last byte, and puts it under another name: this file, and no other that took its place. Others
   * may read it with its name at the earliest: what fails here, or is killed, is for us alone.
   */
  async moveTo(name: string, { access, modified, isNew = false }: Move = {}): Promise<void> {
    await this.settle();
    const { size, mode, uid, gid } = await this.#handle.stat();
    if (size < this.bytes) throw this.#hasShrunk();
    await this.#handle.truncate(this.bytes);
    if (modified !== undefined) await this.#handle.utimes(new Date(), modified).catch(ignoreUnsupported);
    await this.#handle.sync();
    await this.#synced();
    if (!(await this.isThere())) {
      await lstat(this.file); // which tells, if it has gone
      throw notOurs(this.file);
    }
    try {
      if (access !== undefined) await this.#give(access);
      if (isNew && (await linkTo(this.file, name))) await rm(this.file);
      else await rename(this.file, name);
    } catch (error) {
      if (access !== undefined) await this.#give({ mode: mode & 0o777, uid, gid }).catch(() => {});
      throw error;
    }
    this.file = name;
  }

  /** As far as we may, and as the file system knows of it: FAT knows nothing. */
  async #give({ mode, uid, gid }: Access): Promise<void> {
    let hasGroup = true;
    if (uid !== undefined && gid !== undefined) {
      const own = await this.#handle.stat();
      const hasGiven = (owner: number) =>
        this.#handle.chown(owner, gid).then(
          () => true,
          () => false,
        );
      hasGroup = (await hasGiven(uid)) || (await hasGiven(own.uid)) || own.gid === gid;
    }
    // Another group may no more than anybody.
    const given = hasGroup ? mode : (mode & 0o707) | ((mode & 0o007) << 3);
    await this.#handle.chmod(given).catch(ignoreUnsupported);
  }

  /** Somebody has. What would fill it up again is zeros. */
  #hasShrunk(): Error {
    return Object.assign(new Error(`EIO: ${this.file} has become shorter`), { code: 'EIO' });
  }

  /** What has not been written is given up. */
  async close(): Promise<void> {
    this.#gathered = [];
    this.#gatheredBytes = 0;
    await Promise.all([this.#writing, this.#syncing]);
    await this.#handle.close().catch(() => {});
  }

  /** Removes the file, if it is still this one. */
  async remove(): Promise<void> {
    try {
      if (await this.isThere()) await rm(this.file, { force: true });
    } finally {
      await this.close();
    }
  }

  /** Under its name: this file, and no other that took its place. */
  async isThere(): Promise<boolean> {
    const there: BigIntStats | undefined = await lstat(this.file, { bigint: true }).catch(ifGone);
    const { dev, ino } = await this.#handle.stat({ bigint: true });
    return there?.ino === ino && there.dev === dev;
  }

  /** All that has been gathered by now. */
  async #writeRest(): Promise<void> {
    await this.#writing;
    this.#flush();
    await this.#writing;
  }

  /** Begins to write what has been gathered, unless a write is under way. */
  #flush(): void {
    if (this.#gatheredBytes === 0 || this.#writing !== undefined) return;
    this.#writing = this.#writeAll(this.#gathered, this.#begun)
      .catch((error) => {
        this.#writeError ??= error;
      })
      .then(() => {
        this.#writing = undefined;
        if (this.#gatheredBytes >= WRITE_BYTES) this.#flush();
      });
    this.#begun += this.#gatheredBytes;
    this.#unsynced += this.#gatheredBytes;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    if (this.#unsynced < SYNC_BYTES || this.#syncing !== undefined) return;
    this.#syncing = this.#datasync().then(() => {
      this.#syncing = undefined;
    });
  }

  async #datasync(): Promise<void> {
    this.#unsynced = 0;
    try {
      await this.#handle.datasync();
    } catch (error) {
      this.#writeError ??= error; // the system tells it once: the sync at the end would be told that all is well
    }
  }

  /** The sync that is under way may be the one that is told of a failure. */
  async #synced(): Promise<void> {
    await this.#syncing;
    if (this.#writeError !== undefined) throw this.#writeError;
  }

  async #writeAll(pieces: Uint8Array[], position: number): Promise<void> {
    let { bytesWritten } = await this.#handle.writev(pieces, position);
    // A file system may take less than it is given.
    for (const piece of pieces) {
      const skipped = Math.min(bytesWritten, piece.length);
      bytesWritten -= skipped;
      for (let at = skipped; at < piece.length; ) {
        at += (await this.#handle.write(piece, at, piece.length - at, position + at)).bytesWritten;
      }
      position += piece.length;
    }
  }

  /** @returns whether the file has bytes up to the end */
  async #hashOn(hash: Hash, from: number, end: number, signal?: AbortSignal): Promise<boolean> {
    const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, Math.max(1, end - from)));
    for (let at = from; at < end; ) {
      signal?.throwIfAborted();
      const { bytesRead } = await this.#handle.read(buffer, 0, Math.min(buffer.length, end - at), at);
      if (bytesRead === 0) return false;
      hash.update(buffer.subarray(0, bytesRead));
      at += bytesRead;
    }
    return true;
  }
}

/** What a file system does not know of a file is no reason to have no file. */
function ignoreUnsupported(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPERM' && error.code !== 'ENOTSUP' && error.code !== 'EINVAL') throw error;
}

/**
 * @returns false where there are no hard links, and nothing of that name
 * @throws Error EEXIST
 */
async function linkTo(file: string, name: string): Promise<boolean> {
  try {
    await link(file, name);
    return true;
  } catch {
    const isThere = (await lstat(name).catch(ifGone)) !== undefined;
    if (isThere) throw Object.assign(new Error(`EEXIST: ${name} is there already`), { code: 'EEXIST', path: name });
    return false;
  }
}

function emptyPosition(): Position {
  return { bytes: 0, hash: createHash('sha256'), isVerified: true };
}

function copyOf({ bytes, hash, isVerified }: Position): Position {
  return { bytes, hash: hash.copy(), isVerified };
}
