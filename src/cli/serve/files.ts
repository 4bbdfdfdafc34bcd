/** Finding and reading what `serve` serves: nothing outside its root, and never silently less than the file was. */
import type { Hash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { fingerprintOf } from './etag.ts';

export type Found =
  | { kind: 'file'; path: string; bytes: number; stats: BigIntStats }
  | { kind: 'directory'; names: string[] }
  | { kind: 'refused'; status: number };

/**
 * What a request target names below the root, which is a directory or one file. Links are followed, but not out of the
 * root; a target that tries to climb out is refused before the file system is asked.
 */
export async function find(root: string, target: string): Promise<Found> {
  let pathname: string;
  try {
    // absolute-form (RFC 9112 §3.2.2) may lack the path, origin-form may not
    const originForm = target.replace(/^https?:\/\/[^/?#]+(\/?)/i, '/');
    pathname = decodeURIComponent(originForm.split(/[?#]/, 1)[0]!);
  } catch {
    return { kind: 'refused', status: 400 };
  }
  if (!pathname.startsWith('/') || pathname.includes('\0')) return { kind: 'refused', status: 400 };
  if (pathname.split(/[/\\]/).includes('..')) return { kind: 'refused', status: 403 };
  try {
    const realRoot = await realpath(root);
    if ((await stat(realRoot)).isFile()) {
      const isNamed = pathname === '/' || pathname === `/${path.basename(root)}`;
      return isNamed ? await describe(realRoot) : { kind: 'refused', status: 404 };
    }
    const real = await realpath(path.join(realRoot, pathname));
    if (real !== realRoot && !real.startsWith(realRoot.endsWith(path.sep) ? realRoot : realRoot + path.sep)) {
      return { kind: 'refused', status: 403 };
    }
    return await describe(real);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { kind: 'refused', status: code === 'EACCES' || code === 'EPERM' ? 403 : 404 };
  }
}

async function describe(real: string): Promise<Found> {
  const stats = await stat(real, { bigint: true });
  if (stats.isFile()) return { kind: 'file', path: real, bytes: Number(stats.size), stats };
  if (!stats.isDirectory()) return { kind: 'refused', status: 404 };
  const entries = await readdir(real, { withFileTypes: true });
  return { kind: 'directory', names: entries.map((entry) => entry.name + (entry.isDirectory() ? '/' : '')).sort() };
}

export interface ReadOptions {
  /** Where to start; 0 by default. */
  first?: number;
  /** The file as it was found. It has to be that one still, until the end. */
  stats?: BigIntStats;
  /** Told of the octets before `first` as well. */
  hash?: Hash | undefined;
}

/**
 * `bytes` octets of a file. Throws if the file has become shorter or, where its `stats` are given, has changed; and, on
 * purpose, once `failAfter` octets have been given.
 */
export async function* readFileContent(
  file: string,
  bytes: number,
  failAfter = Number.POSITIVE_INFINITY,
  { first = 0, stats, hash }: ReadOptions = {},
) {
  const handle = await open(file);
  const assertUnchanged = async () => {
    if (stats === undefined) return;
    if (fingerprintOf(await handle.stat({ bigint: true })) !== fingerprintOf(stats)) {
      throw new Error('The file has changed while it was being sent');
    }
  };
  // A buffer for each read: the one before is still on its way to the socket.
  const read = async (at: number, end: number, what: string) => {
    const buffer = Buffer.allocUnsafeSlow(Math.min(READ_BYTES, end - at));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) throw new Error(`The file has become shorter: ${what}`);
    hash?.update(buffer.subarray(0, bytesRead));
    return buffer.subarray(0, bytesRead);
  };
  try {
    await assertUnchanged();
    for (let at = 0; hash !== undefined && at < first; ) at += (await read(at, first, `${at} octets`)).length;
    const wanted = Math.min(bytes, failAfter);
    let given = 0;
    while (given < wanted) {
      const data = await read(first + given, first + wanted, `${first + given} octets instead of ${first + bytes}`);
      given += data.length;
      yield data;
    }
    if (failAfter <= bytes) throw new Error(`Failed on purpose after ${given} octets`);
    await assertUnchanged(); // what was sent before a change is not what the file is now
  } finally {
    await handle.close();
  }
}

const READ_BYTES = 131_072;

const TYPES: Readonly<Record<string, string>> = {
  '.csv': 'text/csv; charset=utf-8',
  '.gz': 'application/gzip',
  '.html': 'text/html; charset=utf-8',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.md': 'text/markdown; charset=utf-8',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.zip': 'application/zip',
};

export function contentTypeOf(file: string): string {
  return TYPES[path.extname(file).toLowerCase()] ?? 'application/octet-stream';
}
