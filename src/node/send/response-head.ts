/**
 * The head of our own response (RFC 9112 §4–§6). The fields that frame the body are ours to write: an application that
 * sets one is told so at once, in its own stack trace.
 */
import { STATUS_CODES } from 'node:http';
import { type FieldPairs, listMembers, serializeFieldLines } from '../../core/fields.ts';

/** Fields by name; or pairs, which a Headers and a Map are as well. */
export type HeadersOption =
  | Readonly<Record<string, string | number | readonly string[]>>
  | Iterable<readonly [name: string, value: string]>;

const OURS: Readonly<Record<string, string>> = {
  'content-length':
    'A Content-Length cannot be kept by a body that may fail, and leaves no room for trailers: leave it out, and the body is sent chunked (RFC 9112 §6.2)',
  'transfer-encoding': 'Transfer-Encoding is set by respond, which frames the body itself: leave it out',
  trailer: 'Trailer is set by respond: name further trailer fields in extraTrailers',
};

/**
 * The application's fields as pairs, without `Connection`: a response that may fail must not say `close`, which makes
 * some clients take a cut body for a whole one.
 *
 * @throws TypeError for a field that only `respond` may set, or that no field line can carry
 */
export function applicationFields(headers: HeadersOption): { fields: FieldPairs; asksToClose: boolean } {
  const pairs = pairsFrom(headers);
  serializeFieldLines(pairs); // throws for what cannot be sent
  assertNotOurs(pairs.map(([name]) => name));
  const isConnection = ([name]: [string, string]) => name.toLowerCase() === 'connection';
  return {
    fields: pairs.filter((pair) => !isConnection(pair)),
    asksToClose: pairs.some((pair) => isConnection(pair) && listMembers(pair[1]).includes('close')),
  };
}

function pairsFrom(headers: HeadersOption): FieldPairs {
  const entries = Symbol.iterator in headers ? [...headers] : Object.entries(headers);
  return entries.flatMap(([name, value]): FieldPairs => {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.map((one) => {
      if (one === undefined || one === null) throw new TypeError(`The field ${name} has no value`);
      return [name, String(one)];
    });
  });
}

/** @throws TypeError for a field that only `respond` may set */
export function assertNotOurs(names: readonly string[]): void {
  for (const name of names) {
    const why = OURS[name.toLowerCase()];
    if (why !== undefined) throw new TypeError(why);
  }
}

/** @throws RangeError for a status that is not the final one of a response */
export function assertStatus(status: number): void {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new RangeError(`status must be an integer from 200 to 599, not ${status}`);
  }
}

/** Status line, field lines and the empty line. A Date is added, as an origin server must (RFC 9110 §6.6.1). */
export function serializeResponseHead(status: number, fields: FieldPairs): Buffer {
  const hasDate = fields.some(([name]) => name.toLowerCase() === 'date');
  const dated: FieldPairs = hasDate ? fields : [...fields, ['Date', new Date().toUTCString()]];
  return Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${serializeFieldLines(dated)}\r\n`, 'latin1');
}
