/**
 * The compiled library, as its users get it. Measured from `src`, it would be measured with tsx's transform in it; the
 * address is computed so that the types can be checked where nothing has been built.
 */
type Core = typeof import('../src/core/index.ts');
type Outgoing = typeof import('../src/node/send/outgoing-content.ts');

export function loadCore(): Promise<Core> {
  return import(new URL('../dist/core/index.js', import.meta.url).href);
}

/** What a response gathers a tick's writes with. It is no public name: users have the stream around it. */
export function loadOutgoing(): Promise<Outgoing> {
  return import(new URL('../dist/node/send/outgoing-content.js', import.meta.url).href);
}
