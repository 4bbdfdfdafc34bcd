/**
 * Adds to a request the fields that ask for the status, leaving alone what its caller has set. `Connection: TE` is not
 * among them: undici 6 and 7.0 refuse it, newer ones accept and do not send it, as undici writes that field itself
 * (measured).
 */
import type { DigestAlgorithm } from '../core/content-digest.ts';
import { withoutFields } from '../core/fields.ts';
import { requestHeaders } from '../node/head/request-headers.ts';

/**
 * The shape stays, so that undici takes what it takes, and refuses what it refuses.
 *
 * @param headers in any shape that undici takes: names and values in turn, an iterable of pairs, or an object
 */
export function askingHeaders(headers: unknown, digest: DigestAlgorithm | false): unknown {
  const fields = Object.entries(requestHeaders({ digest, connection: false }));
  if (headers === undefined || headers === null) return Object.fromEntries(fields);
  if (typeof headers !== 'object') return headers; // for undici to refuse
  if (Array.isArray(headers)) {
    const names = headers.filter((_, at) => at % 2 === 0);
    return [...headers, ...withoutFields(fields, names.map(String)).flat()];
  }
  if (isIterable(headers)) {
    const pairs = [...headers]; // some can be read once
    const names = pairs.map((pair) => (Array.isArray(pair) ? pair[0] : undefined));
    const all = [...pairs, ...withoutFields(fields, names.map(String))];
    return { [Symbol.iterator]: () => all[Symbol.iterator]() };
  }
  const set = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  return { ...headers, ...Object.fromEntries(withoutFields(fields, set)) };
}

/** As undici tells it from an object: what Object.prototype has been given does not count. */
function isIterable(headers: object): headers is Iterable<unknown> {
  const own = Object.hasOwn(headers, Symbol.iterator);
  const isPlain = [null, Object.prototype].includes(Object.getPrototypeOf(headers));
  return (own || !isPlain) && typeof (headers as Partial<Iterable<unknown>>)[Symbol.iterator] === 'function';
}
