/** A path that is named by somebody else, below a root: links are followed, but not out of it. */
import { realpath } from 'node:fs/promises';
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
  const isBelow = real === realRoot || real.startsWith(realRoot.endsWith(path.sep) ? realRoot : realRoot + path.sep);
  if (!isBelow) throw leadsOut(name);
  return real;
}

function leadsOut(name: string): Error {
  return Object.assign(new Error(`EACCES: ${JSON.stringify(name)} leads out of the root`), { code: 'EACCES' });
}
