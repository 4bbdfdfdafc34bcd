/**
 * The head of our own response (RFC 9112 §4–§6), and of the error response that takes its place when the source fails
 * before the first content (RFC 9457 problem+json). The fields that frame the body are ours to write: an application that
 * sets one is told so.
 */
import { STATUS_CODES } from 'node:http';
import { type FieldPairs, listMembers, namesOf, serializeFieldLines } from '../../core/fields.ts';
import { integer } from '../../core/options.ts';

/** Fields by name; or pairs, which a Headers and a Map are as well. */
export type HeadersOption =
  | Readonly<Record<string, string | number | readonly string[]>>
  | Iterable<readonly [name: string, value: string]>;

const OURS = new Map(
  Object.entries({
    'content-length':
      'A Content-Length cannot be kept by a body that may fail, and leaves no room for trailers: say { length } to respond where it is known, or leave it out (RFC 9112 §6.2)',
    'transfer-encoding': 'Transfer-Encoding is set by respond, which frames the body itself: leave it out',
    trailer: 'Trailer is set by respond: name further trailer fields in extraTrailers',
    'x-stream-status': 'X-Stream-Status is set by respond, in the trailer section: leave it out',
  }),
);

const NO_HEADERS: HeadersOption = {};

/**
 * The application's fields as pairs, without `Connection`: a response that may fail must not say `close`, which makes
 * some clients take a cut body for a whole one.
 *
 * @throws TypeError for a field that only `respond` may set, or that no field line can carry
 */
export function applicationFields(headers: HeadersOption = NO_HEADERS): { fields: FieldPairs; asksToClose: boolean } {
  if (headers === NO_HEADERS) return { fields: [], asksToClose: false };
  const pairs = pairsFrom(headers);
  serializeFieldLines(pairs); // throws for what cannot be sent
  assertNotOurs(namesOf(pairs));
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
    const why = OURS.get(name.toLowerCase());
    if (why !== undefined) throw new TypeError(why);
  }
}

const finalStatus = integer('an integer from 200 to 999', 200, 999);

/** @throws TypeError, RangeError for a status that is not the final one of a response */
export function assertStatus(status: number): void {
  finalStatus(status as never, 'status');
}

/** The values of each name, whatever its case. An upstream chooses how many there are: linear in that. */
export function valuesByName(fields: FieldPairs): Iterable<[name: string, values: string[]]> {
  const byName = new Map<string, [name: string, values: string[]]>();
  for (const [name, value] of fields) {
    const key = name.toLowerCase();
    const found = byName.get(key);
    if (found === undefined) byName.set(key, [name, [value]]);
    else found[1].push(value);
  }
  return byName.values();
}

/** A response of `node:http`, or of Node's API for HTTP/2 that is like it. */
interface FieldHolder {
  getHeader(name: string): unknown;
  getHeaderNames(): string[];
  setHeader(name: string, value: string | string[]): unknown;
  removeHeader(name: string): void;
}

/** Sets the fields in the place of those that are there; Vary is added to. */
export function setFields(response: FieldHolder, fields: FieldPairs): void {
  if (fields.length === 0) return;
  if (fields.length === 1 && fields[0]![0] !== 'Vary') return void response.setHeader(...fields[0]!);
  for (const [name, values] of valuesByName(fields)) {
    if (name === 'Vary') values.unshift(...[response.getHeader(name) ?? []].flat().map(String));
    response.setHeader(name, values.length === 1 ? values[0]! : values);
  }
}

/** Sends a head with fields of ours. Where that throws, these are as they were: an error response goes without them. */
export function withOurFields(
  response: FieldHolder,
  fields: readonly (readonly [string, unknown])[],
  send: () => void,
): void {
  const before = fields.map(([name]): [string, unknown] => [name, response.getHeader(name)]);
  try {
    send();
  } catch (error) {
    for (const [name, value] of before) {
      if (value === undefined) response.removeHeader(name);
      else response.setHeader(name, value as string);
    }
    throw error;
  }
}

/** Status line, field lines and the empty line. A Date is added, as an origin server must (RFC 9110 §6.6.1). */
export function serializeResponseHead(status: number, fields: FieldPairs): Buffer {
  const hasDate = fields.some(([name]) => name.toLowerCase() === 'date');
  const dated: FieldPairs = hasDate ? fields : [...fields, ['Date', dateNow()]];
  return Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${serializeFieldLines(dated)}\r\n`, 'latin1');
}

let date = '';
let second = 0;

/** Made anew once a second: it costs more than the rest of a head (measured). */
function dateNow(): string {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    date = new Date(now * 1000).toUTCString();
  }
  return date;
}

/**
 * Fields about content that is not sent after all, when an error response takes its place: what it is, what proves it, and
 * how long it may be kept.
 */
const ABOUT_CONTENT =
  /^(?:content-(?!security-policy).*|(?:.*-)?digest|etag|last-modified|accept-ranges|(?:.*-)?cache-control|surrogate-.*|cache-tags?|(?:edge|cdn)-.*|x-(?:sendfile|accel-.*)|expires|age|pragma|trailer|transfer-encoding|x-stream-.*)$/;

/** Takes them off: an error response is to be sent in its place. */
export function removeContentFields(response: FieldHolder): void {
  for (const name of response.getHeaderNames()) if (ABOUT_CONTENT.test(name)) response.removeHeader(name);
}

export interface ErrorResponse {
  /** 500 by default; 400 to 599. */
  status?: number;
  /** Without those that `respond` sets, as in `RespondOptions`. `Content-Type: application/problem+json` by default, if there is no `body`. */
  headers?: HeadersOption;
  /** A string is sent as UTF-8. By default a problem+json object that says no more than the status. */
  body?: string | Uint8Array;
}

export type MakeErrorResponse = (error: unknown) => ErrorResponse | undefined;

/** An error response, ready to be sent. */
export interface ErrorMessage {
  status: number;
  fields: FieldPairs;
  content: Uint8Array;
}

/**
 * What to send for this error. A `makeErrorResponse` that throws, or gives what cannot be sent, gets the default
 * instead: the client must not be left without an answer.
 */
export function errorMessage(
  error: unknown,
  makeErrorResponse: MakeErrorResponse | undefined,
  defaultStatus = 500,
): ErrorMessage {
  try {
    return messageFrom(makeErrorResponse?.(error) ?? {}, defaultStatus);
  } catch {
    return messageFrom({}, defaultStatus);
  }
}

function messageFrom(response: ErrorResponse, defaultStatus: number): ErrorMessage {
  const { status = defaultStatus, headers = {}, body } = response;
  if (!Number.isInteger(status) || status < 400 || status > 599) {
    throw new RangeError(`The status of an error response must be an integer from 400 to 599, not ${status}`);
  }
  const { fields } = applicationFields(headers);
  if (body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array)) {
    throw new TypeError('The body of an error response is a string or a Uint8Array');
  }
  const content = typeof body === 'string' ? Buffer.from(body) : (body ?? Buffer.from(defaultBody(status)));
  if (body === undefined && !fields.some(([name]) => name.toLowerCase() === 'content-type')) {
    fields.push(['Content-Type', 'application/problem+json']);
  }
  fields.push(['Content-Length', String(content.length)]);
  return { status, fields, content };
}

function defaultBody(status: number): string {
  return `${JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status })}\n`;
}
