/**
 * The compiled library, as its users get it. Measured from `src`, it would be measured with tsx's transform in it; the
 * address is computed so that the types can be checked where nothing has been built.
 */
type Core = typeof import('../src/core/index.ts');

export function loadCore(): Promise<Core> {
  return import(new URL('../dist/core/index.js', import.meta.url).href);
}
