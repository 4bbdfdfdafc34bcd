/**
 * The compiled library, as its users get it: measured from `src`, it would be measured with tsx's transform in it. The
 * address is computed so that the types can be checked where nothing has been built.
 */
const load = <T>(entry: string): Promise<T> => import(new URL(`../dist/${entry}/index.js`, import.meta.url).href);

export const core = await load<typeof import('../src/core/index.ts')>('core');
export const node = await load<typeof import('../src/node/index.ts')>('node');
export const files = await load<typeof import('../src/files/index.ts')>('files');
export const undici = await load<typeof import('../src/undici/index.ts')>('undici');
