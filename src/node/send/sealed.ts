/** Which responses have a seal on them, and which may not get one, because `respond` has them. */

interface Removable {
  /** A request has nobody to take it off for. */
  remove?(): void;
  addOptions(options: object): void;
  /** Ends an open body as a failure. */
  fail?(error: Error): void;
}

/** On the response itself: a WeakMap costs more than the rest of a seal (measured). */
const SEAL = Symbol('chunked-trailers.seal');
const TAKEN = Symbol('chunked-trailers.taken');

interface Sealable {
  [SEAL]?: Removable;
  [TAKEN]?: true;
}

export function sealOf(response: object): Removable | undefined {
  return holderOf(response)[SEAL];
}

export function setSeal(response: object, seal: Removable): void {
  holderOf(response)[SEAL] = seal;
}

/** From here on it is `respond` that ends the response. */
export function takeFromSeal(response: object): void {
  sealOf(response)?.remove?.();
  holderOf(response)[TAKEN] = true;
}

export function isTaken(response: object): boolean {
  return holderOf(response)[TAKEN] === true;
}

/** A response over HTTP/2 is sealed on its stream. */
function holderOf(response: object): Sealable {
  const { stream } = response as { stream?: unknown };
  return typeof stream === 'object' && stream !== null && 'sendTrailers' in stream ? (stream as Sealable) : response;
}
