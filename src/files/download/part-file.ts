/**
 * A download that is not whole yet: the draft that is being written, and what becomes of it.
 *
 * `keepsOverRuns`: the draft is `<target>.part`, its state is beside it, and a failure leaves both for the next run. Else
 * it has a name of its own, and nothing is left. Under the target's name there is nothing before `finish`.
 *
 * A response of the whole in place of the rest is written beside what is kept, and takes its place once it is better.
 */
import { createHash, type Hash } from 'node:crypto';
import { lstat, readlink, realpath, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Draft } from './draft.ts';
import { disown, isMine, Lock, notOurs, partFor, removeLeftovers, temporaryFor } from './ownership.ts';
import { type PartState, type Representation, readState, writeState } from './state.ts';

/** Milliseconds between two notes of what is on the disk: what is lost with the power. */
const NOTE_INTERVAL = 1000;
/** Bytes between two notes of what has been written: what is lost with the process. */
const FURTHER_BYTES = 16 * 1024 * 1024;

export interface PartSettings {
  /** What tells this download from another one of the same target. */
  source: string;
  keepsOverRuns: boolean;
  /** Whether bytes of which this is known may be continued. */
  isUsable: (state: Representation & { isVerified: boolean }) => boolean;
  signal: AbortSignal | undefined;
}

export class PartFile {
  readonly #target: string;
  readonly #mode: number;
  readonly #lock: Lock | undefined;
  readonly #url: string;
  readonly #signal: AbortSignal | undefined;
  #draft!: Draft;
  /** What is kept while a response of the whole comes into another draft. */
  #kept: Draft | undefined;
  #lastNote = Number.NEGATIVE_INFINITY;
  /** What the last note said. */
  #noted: PartState | undefined;
  /** A note that is being made while content comes: whatever else becomes of the files waits for it. */
  #noting: Promise<void> | undefined;
  /** What that has failed with. */
  #noteError: unknown;
  /** What is there did not fit an answer: the whole is to be asked for, without giving it up. */
  isDoubted = false;

  private constructor(target: string, mode: number, lock: Lock | undefined, { source, signal }: PartSettings) {
    this.#target = target;
    this.#mode = mode;
    this.#lock = lock;
    this.#url = createHash('sha256').update(source).digest('hex');
    this.#signal = signal;
  }

  /**
   * @throws Error EISDIR, EINVAL for a target that is no file, EACCES for one that is read-only, EBUSY if another download
   *   of it runs, EEXIST for files of a download that are not ours; of the file system
   */
  static async open(file: string, settings: PartSettings): Promise<PartFile> {
    const { keepsOverRuns, isUsable, signal } = settings;
    const { target, mode } = await targetFor(file);
    await removeLeftovers(target);
    if (!keepsOverRuns) {
      const part = new PartFile(target, mode, undefined, settings);
      part.#draft = await createTemporary(target);
      return part;
    }
    const name = partFor(target);
    const lock = await Lock.take(`${name}.lock`);
    const part = new PartFile(target, mode, lock, settings);
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
    this.#draft.begin(representation);
  }

  /** A response begins that brings the whole. What is there is kept until `settle`. */
  async beginAfresh(representation: Representation | undefined): Promise<void> {
    await this.#noting;
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
    await this.#noting;
    const kept = this.#kept;
    if (kept === undefined) return;
    const fresh = this.#draft;
    this.#kept = undefined;
    if (fresh.representation !== undefined && fresh.bytes > kept.bytes) {
      const { file } = fresh;
      await fresh.moveTo(kept.file);
      disown(file);
      await kept.close();
      this.isDoubted = false;
      await this.note();
    } else {
      this.#draft = kept;
      await removeDraft(fresh);
    }
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

  /** The sender's digest agrees with what the response brought. */
  verified(): void {
    this.#draft.verified();
  }

  /** Gives up what the response brought. */
  async revert(): Promise<void> {
    await this.#noting;
    await this.#draft.revert();
  }

  /** Gives up everything that is in the draft. */
  async restart(): Promise<void> {
    await this.#noting;
    await this.#draft.restart();
    if (this.#kept === undefined) await this.#writeState(this.#state);
  }

  /** Writes down how far it is. */
  async note(): Promise<void> {
    await this.#noting;
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

  /** The content is whole: puts it under the target's name, with this time of its last change. */
  async finish(modified?: Date): Promise<void> {
    await this.#noting;
    const { file } = this.#draft;
    await this.#draft.moveTo(this.#target, { mode: this.#mode, modified });
    disown(file);
    await this.#draft.close();
    if (this.#kept !== undefined) await removeDraft(this.#kept);
    await this.#removeState();
    await this.#lock?.release();
  }

  /** It will not become whole now. */
  async abandon(): Promise<void> {
    try {
      await this.settle().catch(() => {});
      const isKept = this.#lock !== undefined && this.representation !== undefined && this.bytes > 0;
      // On a full disk there may be no room for a note: an earlier one still holds for the bytes before it.
      if (isKept) await this.note().catch(() => {});
      if (isKept) return await this.#draft.close();
      await removeDraft(this.#draft);
      await this.#removeState();
    } finally {
      await this.#lock?.release();
    }
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
    await writeState(this.#stateFile, this.#lock.scratch(), state);
    this.#noted = state;
  }

  async #takeUp(name: string, isUsable: PartSettings['isUsable'], signal: AbortSignal | undefined): Promise<void> {
    const state: PartState | undefined = await readState(this.#stateFile);
    const isThere = (await lstat(name).catch(() => undefined)) !== undefined;
    if (isThere && state === undefined) throw notOurs(name);
    if (!isThere) {
      await writeState(this.#stateFile, this.#lock!.scratch(), emptyState(this.#url));
      this.#draft = await Draft.create(name);
      return;
    }
    this.#draft = await Draft.reopen(name, isMine);
    try {
      const { url, representation, further, ...start } = state!;
      const known = url === this.#url ? representation : undefined;
      const starts = [start, ...(further ? [{ ...further, isVerified: false }] : [])].filter(
        ({ isVerified }) => known !== undefined && isUsable({ ...known, isVerified }),
      );
      if (await this.#draft.takeUp(starts, signal)) this.begin(known);
      else await this.restart();
    } catch (error) {
      await this.#draft.close();
      throw error;
    }
  }
}

async function targetFor(file: string): Promise<{ target: string; mode: number }> {
  if (file === '' || [path.sep, '/'].includes(`${file}`.slice(-1))) {
    throw failure('EISDIR', `"${file}" is not the name of a file`);
  }
  const stats = await stat(file).catch(() => undefined);
  if (stats === undefined) return { target: await danglingEnd(path.resolve(file)), mode: 0o666 & ~process.umask() };
  if (stats.isDirectory()) throw failure('EISDIR', `${file} is a directory: name the file`);
  if (!stats.isFile()) throw failure('EINVAL', `${file} is no regular file`);
  if ((stats.mode & 0o222) === 0) throw failure('EACCES', `${file} is read-only, and is not replaced`);
  return { target: await realpath(file), mode: stats.mode & 0o777 };
}

/** Where a link leads to whose end is not there yet. */
async function danglingEnd(file: string): Promise<string> {
  let end = file;
  for (let links = 0; links < 40; links++) {
    const to = await readlink(end).catch(() => undefined);
    if (to === undefined) return end;
    end = path.resolve(await realpath(path.dirname(end)), to);
  }
  throw failure('ELOOP', `${file} is a link to itself`);
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
