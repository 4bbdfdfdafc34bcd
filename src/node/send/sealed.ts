/** Which responses have a seal on them, and which may not get one, because `respond` has them. */

interface Removable {
  remove(): void;
}

const seals = new WeakMap<object, Removable | 'taken'>();

export function sealOf(response: object): Removable | 'taken' | undefined {
  return seals.get(response);
}

export function setSeal(response: object, seal: Removable): void {
  seals.set(response, seal);
}

/** From here on it is `respond` that ends the response. */
export function takeFromSeal(response: object): void {
  const seal = seals.get(response);
  if (seal !== undefined && seal !== 'taken') seal.remove();
  seals.set(response, 'taken');
}
