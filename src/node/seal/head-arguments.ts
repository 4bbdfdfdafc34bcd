/**
 * The head that a call of `writeHead` is about to send: the fields among its arguments, with those set on the response
 * under them, as Node puts them together. Fields of ours go where the application's are: `setHeader` before a `writeHead`
 * with a flat list makes Node 20 lose all but the last of repeated fields, Set-Cookie among them.
 */
import type { ServerResponse } from 'node:http';
import { namesOf, withoutFields } from '../../core/fields.ts';
import { withOurFields } from '../send/response-head.ts';

type Fields = Record<string, unknown>;

/** A head that is about to be sent. */
export interface Head {
  /** The value of a field; a list for repeated lines. */
  get(name: string): string | readonly string[] | undefined;
  /** The field is to be sent with this value. */
  set(name: string, value: string): void;
}

export class HeadArguments implements Head {
  readonly #response: ServerResponse;
  readonly #args: readonly unknown[];
  /** Where among the arguments the fields are; -1 if there are none. */
  readonly #at: number;
  readonly #pairs: [name: string, value: unknown][];
  readonly #added: [name: string, value: string][] = [];
  readonly #dropped: string[] = [];

  constructor(response: ServerResponse, args: readonly unknown[]) {
    this.#response = response;
    this.#args = args;
    const hasReason = typeof args[1] === 'string';
    this.#at = [2, ...(hasReason ? [] : [1])].find((at) => args[at] !== undefined && args[at] !== null) ?? -1;
    this.#pairs = pairsOf(args[this.#at]);
  }

  get(name: string): string | readonly string[] | undefined {
    const given = valuesOf(this.#pairs, name);
    if (given !== undefined) return given;
    const set = this.#response.getHeader(name);
    return set === undefined ? undefined : Array.isArray(set) ? set : String(set);
  }

  set(name: string, value: string): void {
    this.#added.push([name, value]);
  }

  /** The field is not to be sent. */
  drop(name: string): void {
    if (this.get(name) === undefined) return;
    this.#response.removeHeader(name);
    this.#dropped.push(name);
  }

  /**
   * Calls `writeHead`. If that throws, the response is as it was, for the error page that comes then.
   *
   * @throws whatever `writeHead` throws
   */
  apply(writeHead: (...args: never[]) => unknown): void {
    const response = this.#response;
    withOurFields(response, this.#added, () => Reflect.apply(writeHead, response, this.#arguments()));
  }

  #arguments(): readonly unknown[] {
    if (this.#added.length === 0 && this.#dropped.length === 0) return this.#args;
    if (this.#at === -1) {
      for (const [name, value] of this.#added) this.#response.setHeader(name, value);
      return this.#args;
    }
    const pairs = [...withoutFields(this.#pairs, [...this.#dropped, ...namesOf(this.#added)]), ...this.#added];
    const given = this.#args[this.#at];
    const fields = !Array.isArray(given) ? Object.fromEntries(pairs) : Array.isArray(given[0]) ? pairs : pairs.flat();
    return this.#args.with(this.#at, fields);
  }
}

/** In each of the forms that Node takes: by name, a flat list, a list of pairs. */
export function pairsOf(fields: unknown): [string, unknown][] {
  if (typeof fields !== 'object' || fields === null) return [];
  if (!Array.isArray(fields)) return Object.entries(fields as Fields);
  if (Array.isArray(fields[0])) return fields as [string, unknown][];
  const pairs: [string, unknown][] = [];
  for (let i = 0; i < fields.length; i += 2) pairs.push([String(fields[i]), fields[i + 1]]);
  return pairs;
}

/** The values of a field among pairs, if it is there. */
export function valuesOf(pairs: readonly [string, unknown][], name: string): string[] | undefined {
  const found = pairs.filter(([one, value]) => one.toLowerCase() === name.toLowerCase() && value !== undefined);
  return found.length === 0 ? undefined : found.flatMap(([, value]) => value).map(String);
}
