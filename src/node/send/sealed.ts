/** Which responses have a seal on them, and which may not get one, because `respond` has them. */
import type { Http2ServerResponse } from 'node:http2';

/** What one copy of this module asks of the seal of another. */
interface Removable {
  /** A request has nobody to take it off for. */
  remove?(): void;
  addOptions(options: object): void;
  /** Of a stream of HTTP/2. */
  addResponse?(response: Http2ServerResponse): void;
  /** Ends an open body as a failure. */
  fail?(error: Error): void;
}

/**
 * On the response itself: a WeakMap costs more than the rest of a seal (measured). By names that every copy of this module in
 * the process knows: one may be imported for the process, and another by the application.
 */
const SEAL = Symbol.for('chunked-trailers.seal');
const TAKEN = Symbol.for('chunked-trailers.taken');

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
