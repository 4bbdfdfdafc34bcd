/**
 * What is known of the octets in a .part file, kept beside it as JSON. It is a claim and no more: it counts only as far
 * as the first `bytes` octets of the file still have the hash that they had when they came.
 */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { strongEtag } from './content-range.ts';

/** What the heads of the responses have said of the representation. */
export interface Representation {
  etag: string;
  /** Origin and path of the response: an entity tag means something there only (RFC 9110 §8.8.3). */
  source: string;
  total?: number;
  /** The last Repr-Digest that came (RFC 9530 §3). */
  reprDigest?: string;
  /** Whether a Repr-Digest came or was announced: something will vouch for the whole. */
  isReprDigestExpected: boolean;
  /** Whether a status was announced: then nothing may be kept for which nobody vouches. */
  isSealed: boolean;
}

export interface PartState extends Representation {
  version: 1;
  /** The URL that was asked for, hashed: it may hold secrets. */
  url: string;
  bytes: number;
  /** Of these octets, in hexadecimal. */
  sha256: string;
  /** Whether a digest of their sender covers every one of them. */
  isVerified: boolean;
}

/** More than a state can take, with two long fields of a head in it. */
const MAX_STATE_CHARS = 65_536;

export async function readState(file: string): Promise<PartState | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.length > MAX_STATE_CHARS ? undefined : parseState(text);
}

/** Undefined for whatever is not exactly a state. */
export function parseState(text: string): PartState | undefined {
  let state: Partial<Record<keyof PartState, unknown>>;
  try {
    state = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof state !== 'object' || state === null) return undefined;
  const { version, url, etag, source, bytes, sha256, isVerified, isSealed, isReprDigestExpected } = state;
  const { total, reprDigest } = state;
  if (version !== 1 || !isHash(url) || !isHash(source) || !isHash(sha256)) return undefined;
  if (typeof etag !== 'string' || strongEtag(etag) === undefined || !isCount(bytes)) return undefined;
  if (typeof isVerified !== 'boolean' || typeof isSealed !== 'boolean') return undefined;
  if (typeof isReprDigestExpected !== 'boolean') return undefined;
  if (total !== undefined && (!isCount(total) || total < bytes)) return undefined;
  if (reprDigest !== undefined && typeof reprDigest !== 'string') return undefined;
  return {
    ...{ version, url, etag, source, bytes, sha256, isVerified, isSealed, isReprDigestExpected },
    ...(total !== undefined && { total }),
    ...(reprDigest !== undefined && { reprDigest }),
  };
}

/** Never half a state: written beside, and renamed. Only the holder of the lock may. */
export async function writeState(file: string, state: PartState): Promise<void> {
  const temporary = `${file}.new`;
  await rm(temporary, { force: true });
  try {
    await writeFile(temporary, `${JSON.stringify(state)}\n`, { flag: 'wx', mode: 0o600 });
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
