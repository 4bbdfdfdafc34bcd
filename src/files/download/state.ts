/**
 * What is known of the bytes in a .part file, kept beside it as JSON. It is a claim and no more: it counts only as far
 * as the first `bytes` bytes of the file still have the hash that they had when they came. It is there before the .part
 * is: without one, a .part is somebody else's.
 */
import { lstat, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { isValidator } from './content-range.ts';
import { ifGone, isMine, notOurs } from './ownership.ts';

/** What the heads of the responses have said of the representation. */
export interface Representation {
  /** A strong entity tag, or a Last-Modified: one that is as good as a tag, or of a representation that `needsProof`. */
  validator: string;
  /** Whether its parts count as one content only if the Repr-Digest that was promised agrees with the whole. */
  needsProof?: boolean;
  /** Origin, path and query of the response, hashed: an entity tag means something there only (RFC 9110 §8.8.3). */
  source: string;
  /** The Content-Encoding; empty for none. */
  encoding: string;
  total?: number;
  /** The last Repr-Digest that came (RFC 9530 §3). */
  reprDigest?: string;
  /** Whether a Repr-Digest came or was announced: something will vouch for the whole. */
  isReprDigestExpected: boolean;
  /** Whether a status was announced. */
  isSealed: boolean;
}

/** The first bytes of a file. */
export interface Start {
  bytes: number;
  /** In hexadecimal. */
  sha256: string;
}

export interface PartState extends Start {
  version: 2;
  /** The URL that was asked for, hashed: it may hold secrets. */
  url: string;
  /** Whether a digest of their sender covers every one of them. */
  isVerified: boolean;
  /** More bytes that were written, and perhaps not on the disk yet: there after a kill, not after a loss of power. */
  further?: Start;
  /** Undefined as long as nothing has come that may be continued. */
  representation?: Representation;
}

/** More than a state can take, with two long fields of a head in it. */
const MAX_STATE_CHARS = 65_536;

/**
 * @returns undefined if there is none
 * @throws Error EEXIST for a file that is not a state of ours
 */
export async function readState(file: string): Promise<PartState | undefined> {
  const stats = await lstat(file).catch(ifGone);
  if (stats === undefined) return undefined;
  const isReadable = stats.isFile() && stats.size <= MAX_STATE_CHARS && (await isMine(file, stats));
  const state = isReadable ? parseState(await readFile(file, 'utf8')) : undefined;
  if (state === undefined) throw notOurs(file);
  return state;
}

/** Undefined for whatever is not exactly a state. */
function parseState(text: string): PartState | undefined {
  let state: Partial<Record<keyof PartState, unknown>>;
  try {
    state = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof state !== 'object' || state === null) return undefined;
  const { version, url, bytes, sha256, isVerified, further } = state;
  if (version !== 2 || !isHash(url) || !isHash(sha256) || !isCount(bytes)) return undefined;
  if (typeof isVerified !== 'boolean') return undefined;
  if (further !== undefined && !(isStart(further) && further.bytes > bytes)) return undefined;
  const known = { version, url, bytes, sha256, isVerified, ...(further && { further }) } as const;
  if (state.representation === undefined) return known;
  const representation = representationFrom(state.representation);
  const end = further?.bytes ?? bytes;
  const isPossible = representation !== undefined && (representation.total ?? end) >= end;
  return isPossible ? { ...known, representation } : undefined;
}

function isStart(value: unknown): value is Start {
  if (typeof value !== 'object' || value === null) return false;
  const { bytes, sha256 } = value as Partial<Record<keyof Start, unknown>>;
  return isCount(bytes) && isHash(sha256);
}

function representationFrom(value: unknown): Representation | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { validator, needsProof, source, encoding, total, reprDigest, isReprDigestExpected, isSealed } =
    value as Partial<Record<keyof Representation, unknown>>;
  if (typeof validator !== 'string' || !isValidator(validator) || !isHash(source)) return undefined;
  if (typeof encoding !== 'string' || typeof isSealed !== 'boolean') return undefined;
  if (typeof isReprDigestExpected !== 'boolean') return undefined;
  if (needsProof !== undefined && (needsProof !== true || !isReprDigestExpected)) return undefined;
  if (total !== undefined && !isCount(total)) return undefined;
  if (reprDigest !== undefined && typeof reprDigest !== 'string') return undefined;
  return {
    ...{ validator, source, encoding, isReprDigestExpected, isSealed },
    ...(needsProof && { needsProof }),
    ...(total !== undefined && { total }),
    ...(reprDigest !== undefined && { reprDigest }),
  };
}

/**
 * Never half a state: written elsewhere, and renamed. Only the holder of the lock may.
 *
 * @param temporary a name that is the lock holder's own
 */
export async function writeState(file: string, temporary: string, state: PartState): Promise<void> {
  try {
    await writeFile(temporary, `${JSON.stringify(state)}\n`, { mode: 0o600 });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
