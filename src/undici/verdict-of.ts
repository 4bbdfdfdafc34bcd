/**
 * verdictOf: from a response in hand to the verdict about it.
 *
 * undici makes the response objects, and fetch makes others of them, so no object that the interceptor sees reaches the
 * caller; what does reach him, through fetch and through other interceptors, is the fields of the head. So each head
 * gets a field with a name for its exchange. Nobody can tell when the caller has dropped the response: what has been
 * concluded and not asked for is kept for as long as no thousand others have been concluded since.
 *
 * A cache keeps the head for longer. The value of the field is a list of one, which a head that is copied still holds: while
 * anybody holds the list, the exchange is there, and with the list it goes.
 */
import { randomUUID } from 'node:crypto';
import type { Verdict } from '../core/verdict.ts';

/** The field that is added to the head of a response. One that came from the wire is removed. */
export const EXCHANGE_FIELD = 'x-chunked-trailers-exchange';

const MAX_CONCLUDED = 1000;

/** All that is dispatched for one handler: one response, or the several of a redirect or a retry. */
export class Exchange {
  readonly id: string;
  /** Of the last response so far. */
  verdict!: Promise<Verdict>;
  #settle!: (verdict: Verdict) => void;

  constructor(id: string) {
    this.id = id;
  }

  /** A response has begun. @returns the value of its field */
  begin(): readonly string[] {
    this.verdict = new Promise((resolve) => {
      this.#settle = resolve;
    });
    concluded.delete(this.id);
    open.set(this.id, this);
    return fieldFor(this);
  }

  conclude(verdict: Verdict): void {
    this.#settle(verdict);
    open.delete(this.id);
    concluded.set(this.id, this);
    if (concluded.size > MAX_CONCLUDED) concluded.delete(concluded.keys().next().value!);
  }
}

const open = new Map<string, Exchange>();
/** In the order of their conclusion. */
const concluded = new Map<string, Exchange>();
/** The field of an exchange, if anybody still holds it. */
const fields = new Map<string, WeakRef<readonly string[]>>();
const byField = new WeakMap<readonly string[], Exchange>();
const dropped = new FinalizationRegistry((id: string) => {
  if (fields.get(id)?.deref() === undefined) fields.delete(id);
});
const byHandler = new WeakMap<object, Exchange>();
const asked = new WeakMap<object, Exchange>();

const prefix = randomUUID();
let count = 0;

function fieldFor(exchange: Exchange): readonly string[] {
  const { id } = exchange;
  const earlier = fields.get(id)?.deref();
  if (earlier !== undefined) return earlier;
  const field = [id];
  fields.set(id, new WeakRef(field));
  byField.set(field, exchange);
  dropped.register(field, id);
  return field;
}

function exchangeNamed(id: string): Exchange | undefined {
  const field = fields.get(id)?.deref();
  return open.get(id) ?? concluded.get(id) ?? (field && byField.get(field));
}

/** The exchange of this handler: undici's retry and redirect interceptors dispatch for the same one again. */
export function exchangeFor(handler: object): Exchange {
  let exchange = byHandler.get(handler);
  if (exchange === undefined) {
    count += 1;
    exchange = new Exchange(`${prefix}-${count}`);
    byHandler.set(handler, exchange);
  }
  return exchange;
}

/** What a response is recognised by: the fields of its head, in any shape in which undici and fetch have them. */
export interface ResponseWithHeaders {
  readonly headers: object;
}

/**
 * The verdict about a response that came through `verifyInterceptor`: a Response of fetch, or what `undici.request` has
 * resolved with. It settles when the body has ended, however it did, and never rejects. Behind undici's retry
 * interceptor ask when the body has ended, since a retried response has a verdict of its own.
 *
 * @throws TypeError for a response that did not, or whose body had ended a thousand other bodies ago when it was first
 * asked about
 * @example
 * const response = await request(url, { dispatcher });
 * await response.body.dump();
 * const { kind, status } = await verdictOf(response);
 */
export function verdictOf(response: ResponseWithHeaders): Promise<Verdict> {
  const id = idFrom(response?.headers ?? {});
  const exchange = asked.get(response) ?? (id === undefined ? undefined : exchangeNamed(id));
  if (exchange === undefined) {
    throw new TypeError('There is no verdict: the response did not come through verifyInterceptor, or ended long ago');
  }
  asked.set(response, exchange);
  return exchange.verdict;
}

function idFrom(headers: object): string | undefined {
  if (Array.isArray(headers)) {
    const at = headers.findIndex((name, index) => index % 2 === 0 && String(name).toLowerCase() === EXCHANGE_FIELD);
    return at === -1 ? undefined : String(headers[at + 1]);
  }
  const { get } = headers as { get?: unknown };
  const value = typeof get === 'function' ? get.call(headers, EXCHANGE_FIELD) : Reflect.get(headers, EXCHANGE_FIELD);
  return value === null || value === undefined ? undefined : String(value);
}
