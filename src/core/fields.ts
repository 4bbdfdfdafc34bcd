/**
 * Field lines and [name, value] pairs (RFC 9112 §5, RFC 9110 §5), and which names may stand in a trailer section
 * (RFC 9110 §6.5.1). Pairs keep the order, the case and the repetitions of the wire.
 */
import { HTAB, isFieldValue, isToken, octetsFromLatin1, SP } from './grammar.ts';

/** Field lines as pairs, in the order, the case and the repetitions of the wire. */
export type FieldPairs = [name: string, value: string][];

/** The fields of a message head in any shape in which platforms have them: an object by name, a Headers, pairs. */
export type HeadFields =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | Iterable<readonly [name: string, value: string]>;

/**
 * Names that frame, route, authenticate, modify the request, control the response or describe the content: a sender
 * must not put them in a trailer section (RFC 9110 §6.5.1), and a receiver that believed one there could be lied to.
 */
const NEVER_TRAILERS = new Set([
  // framing
  ...[
    'transfer-encoding',
    'content-length',
    'trailer',
    'te',
    'connection',
    'keep-alive',
    'proxy-connection',
    'upgrade',
  ],
  // routing
  ...['host', 'location', 'content-location', 'forwarded', 'via', 'max-forwards'],
  ...['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'],
  // authentication, and state that acts as it
  ...['authorization', 'proxy-authorization', 'www-authenticate', 'proxy-authenticate'],
  ...['authentication-info', 'proxy-authentication-info', 'cookie', 'set-cookie'],
  // request modifiers
  ...['accept', 'accept-charset', 'accept-encoding', 'accept-language', 'expect', 'from', 'referer', 'user-agent'],
  ...['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range', 'range', 'prefer'],
  // response controls
  ...['age', 'cache-control', 'cdn-cache-control', 'date', 'expires', 'pragma', 'retry-after', 'vary', 'warning'],
  ...['clear-site-data', 'strict-transport-security', 'content-security-policy', 'alt-svc', 'allow'],
  // what the content is
  ...['content-encoding', 'content-type', 'content-range', 'content-language', 'content-disposition'],
]);

/**
 * Whether a field of this name may stand in a trailer section (RFC 9110 §6.5.1). Names have no case.
 *
 * @example
 * mayTrail('Content-Length'); // false
 */
export function mayTrail(name: string): boolean {
  return !NEVER_TRAILERS.has(name.toLowerCase());
}

/**
 * The pairs as field lines, each with its CRLF (RFC 9112 §5).
 *
 * @throws TypeError for a name that is no token, or a value with CR, LF, NUL, another control or a non-latin1 character
 */
export function serializeFieldLines(fields: Iterable<readonly [name: string, value: string]>): string {
  let lines = '';
  for (const [name, value] of fields) {
    assertFieldName(name);
    const text = String(value);
    if (!isFieldValue(text)) {
      throw new TypeError(`The value of field ${name} has a character that a field line cannot carry`);
    }
    lines += `${name}: ${text}\r\n`;
  }
  return lines;
}

/**
 * The pairs as the octets of a trailer section, without the CRLF that ends it (RFC 9112 §7.1.2).
 *
 * @throws TypeError as `serializeFieldLines`, and for a name that may not trail
 */
export function serializeTrailers(trailers: Iterable<readonly [name: string, value: string]>): Uint8Array {
  const pairs = [...trailers];
  for (const [name] of pairs) assertTrailerName(name);
  return octetsFromLatin1(serializeFieldLines(pairs));
}

/** @throws TypeError for a name that is no token */
function assertFieldName(name: string): void {
  if (typeof name !== 'string' || !isToken(name)) {
    throw new TypeError(`${JSON.stringify(name)} is not a field name (RFC 9110 §5.1: a token)`);
  }
}

/** @throws TypeError for a name that is no token, or may not trail */
export function assertTrailerName(name: string): void {
  assertFieldName(name);
  if (!mayTrail(name)) {
    throw new TypeError(`${name} may not be sent as a trailer field (RFC 9110 §6.5.1); send it in the head`);
  }
}

/** A field line that is known to match the grammar, without its CRLF, as a pair. */
export function fieldPairFromLine(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), withoutWhitespace(line, colon + 1)];
}

/** The text from `start` on without the SP and HTAB around it. A regular expression would not be linear. */
export function withoutWhitespace(text: string, start = 0): string {
  let end = text.length;
  while (start < end && isWhitespace(text.charCodeAt(start))) start++;
  while (end > start && isWhitespace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isWhitespace(code: number): boolean {
  return code === SP || code === HTAB;
}

/** All values of one field, in order, as a list (RFC 9110 §5.3); undefined if there is none. */
export function fieldValue(fields: FieldPairs, name: string): string | undefined {
  const wanted = name.toLowerCase();
  const values = fields.filter(([candidate]) => candidate.toLowerCase() === wanted).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
}

/** The same for the fields of a head. */
export function headValue(fields: HeadFields, name: string): string | undefined {
  if (Symbol.iterator in fields) return fieldValue([...fields] as FieldPairs, name);
  const wanted = name.toLowerCase();
  const values = Object.entries(fields).flatMap(([candidate, value]) =>
    candidate.toLowerCase() === wanted ? (value ?? []) : [],
  );
  return values.length === 0 ? undefined : values.join(', ');
}

const NO_MEMBERS: readonly string[] = [];

/** The members of a comma-separated field whose members are tokens, in lower case: `trailers;q=1` is none of those. */
export function listMembers(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return NO_MEMBERS;
  const list = typeof value === 'string' ? value : value.join(',');
  return list
    .split(',')
    .map((member) => member.trim().toLowerCase())
    .filter((member) => member !== '');
}

/** The pairs without those of these names. */
export function withoutFields<Value>(
  pairs: readonly [name: string, value: Value][],
  names: Iterable<string>,
): [name: string, value: Value][] {
  const dropped = new Set(Array.from(names, (name) => name.toLowerCase()));
  return pairs.filter(([name]) => !dropped.has(name.toLowerCase()));
}

export function namesOf(pairs: readonly (readonly [name: string, value: unknown])[]): string[] {
  return pairs.map(([name]) => name);
}

/** The pairs that a recipient may act on: those whose names may trail. */
export function withoutForbiddenTrailers(rawTrailers: FieldPairs): FieldPairs {
  return rawTrailers.filter(([name]) => mayTrail(name));
}
