/** The compiled library, as its users get it. The address is computed, as in bench/library.ts, for the same reasons. */
type Library = typeof import('../../src/node/index.ts');

export function loadLibrary(): Promise<Library> {
  return import(new URL('../../dist/node/index.js', import.meta.url).href);
}
