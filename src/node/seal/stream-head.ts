/** The head that `respond` of a stream of HTTP/2 is about to send: fields by name, or a flat list (Node 24 and later). */
import { withoutFields } from '../../core/fields.ts';
import { type Head, pairsOf, valuesOf } from './head-arguments.ts';

export class StreamHead implements Head {
  readonly #given: object;
  #pairs: [name: string, value: unknown][];

  constructor(given: unknown) {
    this.#given = (given ?? {}) as object;
    this.#pairs = pairsOf(this.#given);
  }

  /** As they are to be sent. */
  get fields(): object {
    const fields = Array.isArray(this.#given) ? this.#pairs.flat() : Object.fromEntries(this.#pairs);
    // Which of them are never to be indexed stands under a symbol.
    for (const symbol of Object.getOwnPropertySymbols(this.#given)) {
      Reflect.set(fields, symbol, Reflect.get(this.#given, symbol));
    }
    return fields;
  }

  get(name: string): string | readonly string[] | undefined {
    return valuesOf(this.#pairs, name);
  }

  set(name: string, value: string): void {
    this.drop(name);
    this.#pairs = [...this.#pairs, [name, value]];
  }

  drop(name: string): void {
    this.#pairs = withoutFields(this.#pairs, [name]);
  }
}
