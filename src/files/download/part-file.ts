/**
 * A download that is not whole yet: the draft that is being written, and what becomes of it.
 *
 * `keepsOverRuns`: the draft is `<target>.part`, its state is beside it, and a failure leaves both for the next run. Else
 * it has a name of its own, and nothing is left. Under the target's name there is nothing before `finish`.
 *
 * A response of the whole in place of the rest is written beside what is kept, and takes its place once it is better.
 */
import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, lstat, readlink, realpath, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { systemReason } from '../system-reason.ts';
import { type Access, Draft } from './draft.ts';
import { disown, ifGone, isBeside, Lock, notOurs, partFor, removeLeftovers, temporaryFor } from './ownership.ts';
import { type PartState, type Representation, readState, writeState } from './state.ts';

/** Milliseconds between two notes of what is on the disk: what is lost with the power. */
const NOTE_INTERVAL = 1000;
/** Bytes between two notes of what has been written: what is lost with the process. */
const FURTHER_BYTES = 16 * 1024 * 1024;

export interface PartSettings {
  /** What tells this download from another one of the same target. */
  source: string;
  keepsOverRuns: boolean;
  /** Whether the target may be there already, and is replaced. `true` by default. */
  mayReplace?: boolean;
  /** Whether bytes of which this is known may be continued. */
  isUsable: (state: Representation & { isVerified: boolean }) => boolean;
  signal: AbortSignal | undefined;
}

export class PartFile {
  /** As the caller has named it. */
  readonly #file: string;
  readonly #target: string;
  readonly #access: Access;
  readonly #mayReplace: boolean;
  readonly #lock: Lock | undefined;
  readonly #url: string;
  readonly #signal: AbortSignal | undefined;
  #draft!: Draft;
  /** What is kept while a response of the whole comes into another draft. */
  #kept: Draft | undefined;
  #lastNote = Number.NEGATIVE_INFINITY;
  /** What the last note said. */
  #noted: PartState | undefined;
  /** A note that is being made while content comes. */
  #noting: Promise<void> | undefined;
  /** What that has failed with. */
  #noteError: unknown;
  /** What is there did not fit an answer: the whole is to be asked for, without giving it up. */
  isDoubted = false;

  private constructor(found: Target, lock: Lock | undefined, { source, signal, mayReplace = true }: PartSettings) {
    const { file, target, access } = found;
    this.#file = file;
    this.#target = target;
    this.#access = access;
    this.#mayReplace = mayReplace;
    this.#lock = lock;
    this.#url = createHash('sha256').update(source).digest('hex');
    this.#signal = signal;
  }

  /**
   * @throws Error EISDIR, EINVAL for a target that is no file, EACCES for one that is read-only, EBUSY if another download
   *   of it runs, EEXIST for files of a download that are not ours; of the file system
   */
  static async open(file: string, settings: PartSettings): Promise<PartFile> {
    let target = file;
    try {
      const found = await targetFor(file);
      target = found.target;
      await removeLeftovers(target);
      return await PartFile.#openBeside(found, settings);
    } catch (error) {
      throw await named(error, file, target);
    }
  }

  static async #openBeside(found: Target, settings: PartSettings): Promise<PartFile> {
    const { keepsOverRuns, isUsable, signal } = settings;
    const { target } = found;
    if (!keepsOverRuns) {
      const part = new PartFile(found, undefined, settings);
      part.#draft = await createTemporary(target);
      return part;
    }
    const name = partFor(target);
    const lock = await Lock.take(`${name}.lock`);
    const part = new PartFile(found, lock, settings);
    try {
      await part.#takeUp(name, isUsable, signal);
      return part;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  get bytes(): number {
    return this.#draft.bytes;
  }

  /** Whether a digest of their sender covers every byte so far. */
  get isVerified(): boolean {
    return this.#draft.isVerified;
  }

  get representation(): Representation | undefined {
    return this.#draft.representation;
  }

  /** sha-256 of all bytes so far, which may go on. */
  hash(): Hash {
    return this.#draft.hash();
  }

  hashAgain(algorithm: string): Promise<Buffer> {
    return this.#draft.hashAgain(algorithm, this.#signal);
  }

  /** A response begins, whose bytes come after those that are there. */
  begin(representation: Representation | undefined): void {
    this.#lastNote = Number.NEGATIVE_INFINITY; // what was noted may be of another representation
    this.#draft.begin(representation);
  }

  /** A response begins that brings the whole. What is there is kept until `settle`. */
  async beginAfresh(representation: Representation | undefined): Promise<void> {
    if (this.bytes > 0) {
      const fresh = await createTemporary(this.#target);
      this.#kept = this.#draft;
      this.#draft = fresh;
    } else {
      this.isDoubted = false;
    }
    this.begin(representation);
  }

  /** The response of the whole has ended before it was whole: the better start of both is kept. */
  async settle(): Promise<void> {
    const kept = this.#kept;
    if (kept === undefined) return;
    const fresh = this.#draft;
    this.#kept = undefined;
    const isBetter = fresh.representation !== undefined && fresh.bytes > kept.bytes;
    if (isBetter && (await this.#hasMoved(fresh, kept.file))) {
      await kept.close();
      this.isDoubted = false;
      await this.note();
    } else {
      this.#draft = kept;
      await removeDraft(fresh);
    }
  }

  /** Not on a full disk, or when the lock is lost: why the response has ended is told, and not this. */
  async #hasMoved(draft: Draft, name: string): Promise<boolean> {
    const { file } = draft;
    try {
      await this.#lock?.assertHeld();
      await draft.moveTo(name);
    } catch {
      return false;
    }
    disown(file);
    return true;
  }

  /**
   * Resolves when the next may come.
   *
   * @param mayNote whether the bytes may be kept as they are, if the process is killed now
   * @throws what an earlier write has failed with, or a note
   */
  write(data: Uint8Array, mayNote: boolean): Promise<void> | undefined {
    if (this.#noteError !== undefined) throw this.#noteError;
    const isReady = this.#draft.write(data);
    if (mayNote && this.#isNoted && this.#noting === undefined) this.#noteMeanwhile();
    return isReady;
  }

  /**
   * No more content comes: whatever else becomes of the files waits for a note that is being made.
   *
   * @throws what it has failed with
   */
  async noted(): Promise<void> {
    await this.#noting;
    if (this.#noteError !== undefined) throw this.#noteError;
  }

  /** The sender's digest agrees with what the response brought. */
  verified(): void {
    this.#draft.verified();
  }

  /** Gives up what the response brought. */
  async revert(): Promise<void> {
    await this.#lock?.assertHeld(); // or the file may be whole by now, and be another's
    await this.#draft.revert();
  }

  /** Gives up everything that is in the draft. */
  async restart(): Promise<void> {
    await this.#lock?.assertHeld();
    await this.#draft.restart();
    if (this.#kept === undefined) await this.#writeState(this.#state);
  }

  /** Writes down how far it is. */
  async note(): Promise<void> {
    if (this.#isNoted && this.representation !== undefined) await this.#note();
  }

  get #isNoted(): boolean {
    return this.#lock !== undefined && this.#kept === undefined;
  }

  /** As `note`, where it is time for it. */
  #noteMeanwhile(): void {
    const noted = this.#noted;
    let note: Promise<void>;
    if (performance.now() - this.#lastNote >= NOTE_INTERVAL) note = this.#note();
    else if (noted && this.bytes - (noted.further ?? noted).bytes >= FURTHER_BYTES) note = this.#noteFurther(noted);
    else return;
    this.#noting = note
      .catch((error) => {
        this.#noteError = error;
      })
      .then(() => {
        this.#noting = undefined;
      });
  }

  /** The bytes go to the disk first: the note must not overtake them. */
  async #note(): Promise<void> {
    this.#lastNote = performance.now();
    const state = this.#state;
    await this.#draft.sync();
    await this.#writeState(state);
  }

  async #noteFurther(noted: PartState): Promise<void> {
    const state = { ...noted, further: { bytes: this.bytes, sha256: this.hash().digest('hex') } };
    await this.#draft.settle();
    await this.#writeState(state);
  }

  /**
   * The content is whole: puts it under the target's name, with this time of its last change.
   *
   * @throws Error EEXIST for a target that is there, and may not be replaced; of the file system, if it is not there now
   */
  async finish(modified?: Date): Promise<void> {
    const { file } = this.#draft;
    await this.#lock?.assertHeld();
    await this.#draft.moveTo(this.#target, { access: this.#access, modified, isNew: !this.#mayReplace });
    disown(file);
    await this.#draft.close();
    await this.#clearUp().catch(() => {}); // it is whole, whatever stays beside it
  }

  async #clearUp(): Promise<void> {
    try {
      if (this.#kept !== undefined) await removeDraft(this.#kept);
      await this.#removeState();
    } finally {
      await this.#lock?.release();
    }
  }

  /** It will not become whole now. */
  async abandon(): Promise<void> {
    try {
      if (this.#lock !== undefined && !(await this.#lock.isHeld())) return await this.#leave();
      await this.settle().catch(() => {});
      const hasBytes = this.representation !== undefined && this.bytes > 0;
      const isKept = this.#lock !== undefined && hasBytes && (await this.#draft.isThere().catch(() => true));
      // On a full disk there may be no room for a note: an earlier one still holds for the bytes before it.
      if (isKept) await this.note().catch(() => {});
      if (isKept) return await this.#draft.close();
      await removeDraft(this.#draft);
      await this.#removeState();
    } finally {
      await this.#lock?.release();
    }
  }

  /** To whom has taken it over. */
  async #leave(): Promise<void> {
    if (this.#kept === undefined) return this.#draft.close();
    await this.#kept.close();
    await removeDraft(this.#draft);
  }

  /** @returns what has gone wrong, as the caller knows the file */
  named(error: unknown): Promise<unknown> {
    return named(error, this.#file, this.#target);
  }

  get #stateFile(): string {
    return `${partFor(this.#target)}.json`;
  }

  async #removeState(): Promise<void> {
    if (this.#lock !== undefined) await rm(this.#stateFile, { force: true });
  }

  get #state(): PartState {
    const { bytes, isVerified, representation } = this;
    const sha256 = this.hash().digest('hex');
    return { version: 2, url: this.#url, bytes, sha256, isVerified, ...(representation && { representation }) };
  }

  async #writeState(state: PartState): Promise<void> {
    if (this.#lock === undefined) return;
    await this.#lock.assertHeld();
    await writeState(this.#stateFile, this.#lock.scratch(), state);
    this.#noted = state;
  }

  async #takeUp(name: string, isUsable: PartSettings['isUsable'], signal: AbortSignal | undefined): Promise<void> {
    const state: PartState | undefined = await readState(this.#stateFile);
    const isThere = (await lstat(name).catch(ifGone)) !== undefined;
    if (isThere && state === undefined) throw notOurs(name);
    if (!isThere) {
      await writeState(this.#stateFile, this.#lock!.scratch(), emptyState(this.#url));
      this.#draft = await Draft.create(name).catch(async (error) => {
        await this.#removeState();
        throw error;
      });
      return;
    }
    this.#draft = await Draft.reopen(name);
    try {
      const { url, representation, further, ...start } = state!;
      const known = url === this.#url ? representation : undefined;
      const starts = [start, ...(further ? [{ ...further, isVerified: false }] : [])].filter(
        ({ isVerified }) => known !== undefined && isUsable({ ...known, isVerified }),
      );
      if (await this.#draft.takeUp(starts, signal)) return this.begin(known);
      // Not emptied: a process elsewhere that was taken for dead may still have it open.
      await this.#draft.remove();
      this.#draft = await Draft.create(name);
      await this.#writeState(this.#state);
    } catch (error) {
      await this.#draft.close();
      throw error;
    }
  }
}

interface Target {
  /** As the caller has named it. */
  file: string;
  target: string;
  access: Access;
}

async function targetFor(file: string): Promise<Target> {
  if (file === '' || [path.sep, '/'].includes(`${file}`.slice(-1))) {
    throw failure('EISDIR', `"${file}" is not the name of a file`);
  }
  const stats = await stat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error; // such as a name that is too long
  });
  if (stats === undefined) {
    return { file, target: await danglingEnd(path.resolve(file)), access: { mode: 0o666 & ~process.umask() } };
  }
  if (stats.isDirectory()) throw failure('EISDIR', `${file} is a directory: name the file`);
  if (!stats.isFile()) throw failure('EINVAL', `${file} is no regular file`);
  if ((stats.mode & 0o222) === 0) throw failure('EACCES', `${file} is read-only, and is not replaced`);
  await access(file, constants.W_OK); // a directory that may be written to is not enough
  const { uid, gid, mode } = stats;
  return { file, target: await realpath(file), access: { uid, gid, mode: mode & 0o777 } };
}

/** Where a link leads to whose end is not there yet. */
export async function danglingEnd(file: string): Promise<string> {
  let end = file;
  for (let links = 0; links < 40; links++) {
    const to = await readlink(end).catch(() => undefined);
    if (to === undefined) return end;
    end = path.resolve(await realpath(path.dirname(end)), to);
  }
  throw failure('ELOOP', `${file} is a link to itself`);
}

/** What the file system says of it or of a name of ours, said of the file that was asked for. */
async function named(error: unknown, file: string, target: string): Promise<unknown> {
  const { code, errno, syscall, path: ours = '' } = error as NodeJS.ErrnoException;
  if (syscall === undefined || !(ours === file || isBeside(target, ours))) return error;
  const { dir } = path.parse(target);
  const hasFolder = code !== 'ENOENT' || (await stat(dir).catch(() => undefined)) !== undefined;
  const why = hasFolder ? systemReason(error as Error) : `there is no directory ${dir}`;
  return Object.assign(new Error(`${file} cannot be written: ${why}`, { cause: error }), { code, errno, path: file });
}

async function createTemporary(target: string): Promise<Draft> {
  const file = temporaryFor(target);
  try {
    return await Draft.create(file);
  } catch (error) {
    disown(file);
    throw error;
  }
}

async function removeDraft(draft: Draft): Promise<void> {
  await draft.remove();
  disown(draft.file);
}

function emptyState(url: string): PartState {
  return { version: 2, url, bytes: 0, sha256: createHash('sha256').digest('hex'), isVerified: true };
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code });
}
