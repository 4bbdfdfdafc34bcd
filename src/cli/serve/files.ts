/** Finding what `serve` serves: nothing outside its root. */
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { below } from '../../files/below.ts';

export type Found =
  | { kind: 'file'; path: string; root: string }
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
      return isNamed ? await describe(realRoot, path.dirname(realRoot)) : { kind: 'refused', status: 404 };
    }
    return await describe(await below(realRoot, pathname), realRoot);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { kind: 'refused', status: code === 'EACCES' || code === 'EPERM' ? 403 : 404 };
  }
}

async function describe(real: string, root: string): Promise<Found> {
  const stats = await stat(real);
  if (stats.isFile()) return { kind: 'file', path: path.relative(root, real), root };
  if (!stats.isDirectory()) return { kind: 'refused', status: 404 };
  const entries = await readdir(real, { withFileTypes: true });
  return { kind: 'directory', names: entries.map((entry) => entry.name + (entry.isDirectory() ? '/' : '')).sort() };
}
