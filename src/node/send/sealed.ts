/** Which responses have a seal on them, and which may not get one, because `respond` has them. */

interface Removable {
  /** A request has nobody to take it off for. */
  remove?(): void;
  addOptions(options: object): void;
}

/** On the response itself: a WeakMap costs more than the rest of a seal (measured). */
const SEAL = Symbol('chunked-trailers.seal');
const TAKEN = Symbol('chunked-trailers.taken');

interface Sealable {
  [SEAL]?: Removable;
  [TAKEN]?: true;
}

export function sealOf(response: object): Removable | undefined {
  return (response as Sealable)[SEAL];
}

export function setSeal(response: object, seal: Removable): void {
  (response as Sealable)[SEAL] = seal;
}

/** From here on it is `respond` that ends the response. */
export function takeFromSeal(response: object): void {
  sealOf(response)?.remove?.();
  (response as Sealable)[TAKEN] = true;
}

export function isTaken(response: object): boolean {
  return (response as Sealable)[TAKEN] === true;
}
