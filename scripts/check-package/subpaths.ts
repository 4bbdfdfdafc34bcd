/** The subpaths of the package, read from `exports` in package.json: a new one is found here, and listed nowhere else. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface Subpath {
  /** As in `exports`: `.`, `./core`. */
  subpath: string;
  /** As a user imports it: `chunked-trailers/core`. */
  specifier: string;
  /** Its index, relative to the root of the package, with "/" between folders. */
  source: string;
  compiled: string;
}

interface Manifest {
  name: string;
  version: string;
  exports: Record<string, string | { types: string; default: string }>;
  [field: string]: unknown;
}

export const manifest: Manifest = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));

/** Every subpath that is code. */
export const subpaths: readonly Subpath[] = Object.entries(manifest.exports).flatMap(([subpath, target]) => {
  if (typeof target === 'string') return [];
  const compiled = target.default.replace(/^\.\//, '');
  const source = compiled.replace(/^dist\//, 'src/').replace(/\.js$/, '.ts');
  return [{ subpath, specifier: manifest.name + subpath.slice(1), source, compiled }];
});

/** Those that stand on Node's sockets and streams. Every other one is for the browser too. */
const NODE_ONLY = new Set(['.', './files', './undici', './seal']);

export const forBrowsers = subpaths.filter(({ subpath }) => !NODE_ONLY.has(subpath));
