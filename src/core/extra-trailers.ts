/** The application's own trailer fields: announced by name in the head, asked for when the body has ended. */
import { assertTrailerName, type FieldPairs } from './fields.ts';

export interface ExtraTrailers {
  /** Announced in the Trailer field (RFC 9110 §6.6.2). */
  names: readonly string[];
  /** Called once, when the body has ended well. Fields of other names than those announced are a TypeError. */
  fields: () => FieldPairs;
}

const SEAL_NAMES = new Set(['x-stream-status', 'content-digest']);

/** @throws TypeError for a name that may not trail, or that the seal uses itself */
export function trailerNames(extra: ExtraTrailers | undefined): readonly string[] {
  if (extra === undefined) return [];
  if (!Array.isArray(extra.names) || typeof extra.fields !== 'function') {
    throw new TypeError('extraTrailers has the shape { names: string[], fields: () => [name, value][] }');
  }
  for (const name of extra.names) {
    assertTrailerName(name);
    if (SEAL_NAMES.has(name.toLowerCase())) throw new TypeError(`${name} is part of the seal: leave it to respond`);
  }
  return extra.names;
}

/** @throws TypeError for a field that was not announced */
export function ownTrailers(extra: ExtraTrailers | undefined): FieldPairs {
  if (extra === undefined) return [];
  const announced = new Set(extra.names.map((name) => name.toLowerCase()));
  const fields = extra.fields();
  for (const [name] of fields) {
    if (!announced.has(name.toLowerCase())) {
      throw new TypeError(`The trailer field ${name} is not among extraTrailers.names, so it has not been announced`);
    }
  }
  return fields;
}
