/** A path that is named by somebody else, below a root: links are followed, but not out of it. */
import { type FileHandle, readlink, realpath, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * @param name with slashes, already decoded
 * @returns the real path
 * @throws Error EACCES for one that leads out of the root, before the file system is asked where that can be seen;
 *   ENOENT and others of the file system
 */
export async function below(root: string, name: string): Promise<string> {
  if (name.split(/[/\\]/).includes('..') || name.includes('\0')) throw leadsOut(name);
  const realRoot = await realpath(root);
  const real = await realpath(path.join(realRoot, name));
  if (!isBelow(realRoot, real)) throw leadsOut(name);
  return real;
}

/**
 * A link may have been put in the way between the look at the path and the opening.
 *
 * @throws Error EACCES if what was opened is not below the root
 */
export async function assertBelow(root: string, name: string, handle: FileHandle): Promise<void> {
  // Only Linux says where an open file is; of one that has been removed since, where it was.
  const where = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => undefined);
  if (where !== undefined) {
    if (isBelow(await realpath(root), where)) return;
  } else {
    const [there, opened] = [await stat(await below(root, name)), await handle.stat()];
    if (there.ino === opened.ino && there.dev === opened.dev) return;
  }
  throw leadsOut(name);
}

function isBelow(root: string, file: string): boolean {
  return file === root || file.startsWith(root.endsWith(path.sep) ? root : root + path.sep);
}

function leadsOut(name: string): Error {
  return Object.assign(new Error(`EACCES: ${JSON.stringify(name)} leads out of the root`), { code: 'EACCES' });
}
