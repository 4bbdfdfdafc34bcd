/**
 * The head of an HTTP/1.1 message on a raw socket (RFC 9112 §2–§6): start line and field lines, and for a response how
 * its body is framed. Strict: CRLF only, no whitespace before a colon, and nothing ambiguous about the framing. The one
 * leniency is demanded: obs-fold in a response is read as SP (RFC 9112 §5.2); in a request it is refused.
 */
import { HeadError } from '../../core/errors.ts';
import { type FieldPairs, fieldPairFromLine, fieldValue, withoutWhitespace } from '../../core/fields.ts';
import { isFieldValue, isToken } from '../../core/grammar.ts';

/** Field values by lower-case name; `set-cookie` is a list, as in `node:http`. */
export type HeaderFields = Record<string, string | string[] | undefined>;

/** A request head as it was read (RFC 9112 §3). */
export interface RequestHead {
  /** As it came: methods have a case. */
  method: string;
  /** The request target as it came, in whichever form. */
  target: string;
  /** `1.0` or `1.1`. */
  httpVersion: string;
  headers: HeaderFields;
  /** The field lines in order, names as they came. */
  rawHeaders: FieldPairs;
}

/** A response head as it was read (RFC 9112 §4). */
export interface ResponseHead {
  statusCode: number;
  /** The reason phrase; empty if there is none. */
  statusMessage: string;
  /** `1.0` or `1.1`. */
  httpVersion: string;
  headers: HeaderFields;
  /** The field lines in order, names as they came. */
  rawHeaders: FieldPairs;
}

/** How the length of a body is told (RFC 9112 §6.3). */
export type BodyFraming = { kind: 'none' | 'chunked' | 'until-close' } | { kind: 'length'; bytes: number };

const REQUEST_LINE = /^(\S+) ([!-~\x80-\xff]+) HTTP\/1\.(\d)$/;
const STATUS_LINE = /^HTTP\/1\.(\d) ([1-9]\d\d)(?: (.*))?$/;

/**
 * @param head the octets up to and with the empty line
 * @throws HeadError ERR_HEAD_MALFORMED, ERR_HEAD_LIMIT
 */
export function parseRequestHead(head: Uint8Array, maxFields: number): RequestHead {
  const [startLine, ...lines] = linesOf(head);
  const match = REQUEST_LINE.exec(startLine!);
  if (match === null || !isToken(match[1]!)) {
    throw malformed(`a request line (RFC 9112 §3) was expected, not ${quote(startLine!)}`);
  }
  const folded = lines.find((line) => /^[ \t]/.test(line));
  if (folded !== undefined) throw malformed(`a folded field line (RFC 9112 §5.2): ${quote(folded)}`);
  const rawHeaders = parseFieldLines(lines, maxFields);
  if (rawHeaders.filter(([name]) => name.toLowerCase() === 'host').length > 1) {
    throw malformed('more than one Host (RFC 9112 §3.2)');
  }
  return {
    method: match[1]!,
    target: match[2]!,
    httpVersion: versionOf(match[3]!),
    headers: headersFrom(rawHeaders),
    rawHeaders,
  };
}

/**
 * @param head the octets up to and with the empty line
 * @throws HeadError ERR_HEAD_MALFORMED, ERR_HEAD_LIMIT
 */
export function parseResponseHead(head: Uint8Array, maxFields: number): ResponseHead {
  const [startLine, ...lines] = linesOf(head);
  const match = STATUS_LINE.exec(startLine!);
  if (match === null || !isFieldValue(match[3] ?? '')) {
    throw malformed(`a status line (RFC 9112 §4) was expected, not ${quote(startLine!)}`);
  }
  const rawHeaders = parseFieldLines(unfold(lines), maxFields);
  return {
    statusCode: Number(match[2]),
    statusMessage: match[3] ?? '',
    httpVersion: versionOf(match[1]!),
    headers: headersFrom(rawHeaders),
    rawHeaders,
  };
}

/**
 * Whether a response never has content, whatever its head says (RFC 9112 §6.3, RFC 9110 §15.3.6 for 205).
 *
 * @param method of the request that it answers, undefined if it is not known
 */
export function hasNoContent(method: string | undefined, statusCode: number | undefined): boolean {
  if (method === 'HEAD') return true;
  if (statusCode === undefined) return false;
  if (method === 'CONNECT' && statusCode >= 200 && statusCode < 300) return true;
  const isInterim = statusCode >= 100 && statusCode < 200; // not 20, which Node's parser makes of "020"
  return isInterim || statusCode === 204 || statusCode === 205 || statusCode === 304;
}

/** What of a head decides how its body is framed, as far as it is known. */
export interface FramingFacts {
  /** Of the request that a response answers. */
  method?: string | undefined;
  /** Undefined for a request. */
  statusCode?: number | undefined;
  httpVersion?: string | undefined;
  /** The Transfer-Encoding, its lines joined. */
  codings: string | undefined;
  /** The Content-Length. */
  lengths?: string | undefined;
}

/**
 * What is wrong with a Transfer-Encoding of which two readers could make two bodies; undefined if nothing is. Node's and
 * undici's parsers take most of these.
 */
export function framingFault({ method, statusCode, httpVersion, codings, lengths }: FramingFacts): string | undefined {
  if (codings === undefined) return undefined;
  // A 200 of which one bit was lost would end as an empty body there.
  if (statusCode === 204) return 'Transfer-Encoding in a 204 (RFC 9112 §6.1)';
  if (statusCode !== 205 && hasNoContent(method, statusCode)) return undefined;
  if (lengths !== undefined) return 'Content-Length together with Transfer-Encoding (RFC 9112 §6.2)';
  if (httpVersion === '1.0') return 'Transfer-Encoding in HTTP/1.0 (RFC 9112 §6.1)';
  if (codings.toLowerCase() === 'chunked') return undefined;
  return `Transfer-Encoding ${quote(codings)}: only "chunked", once, can be decoded (RFC 9112 §6.1)`;
}

/**
 * How the body of this response is framed (RFC 9112 §6.3).
 *
 * @param method of the request that it answers
 * @throws HeadError ERR_HEAD_MALFORMED where two readers could disagree about it
 */
export function responseFraming(head: ResponseHead, method: string): BodyFraming {
  const { statusCode, httpVersion, rawHeaders } = head;
  const codings = fieldValue(rawHeaders, 'transfer-encoding');
  const lengths = fieldValue(rawHeaders, 'content-length');
  const fault = framingFault({ method, statusCode, httpVersion, codings, lengths });
  if (fault !== undefined) throw malformed(fault);
  // A 205 has no content, but may be framed: its framing is read (RFC 9110 §15.3.6).
  if (statusCode !== 205 && hasNoContent(method, statusCode)) return { kind: 'none' };
  if (codings !== undefined) return { kind: 'chunked' };
  if (lengths !== undefined) {
    // The same length repeated is harmless (RFC 9110 §8.6); any other list is not.
    const values = new Set(lengths.split(',').map((value) => withoutWhitespace(value)));
    const [value] = values;
    if (values.size !== 1 || !/^\d+$/.test(value!) || !Number.isSafeInteger(Number(value))) {
      throw malformed(`Content-Length ${quote(lengths)}`);
    }
    return { kind: 'length', bytes: Number(value) };
  }
  return { kind: 'until-close' };
}

export function malformed(found: string): HeadError {
  return new HeadError('ERR_HEAD_MALFORMED', `The message head is malformed: ${found}`);
}

/** A minor version that is not known is read as the highest that is (RFC 9110 §2.5). */
function versionOf(minor: string): '1.0' | '1.1' {
  return minor === '0' ? '1.0' : '1.1';
}

function linesOf(head: Uint8Array): string[] {
  return Buffer.from(head.buffer, head.byteOffset, head.length - 4)
    .toString('latin1')
    .split('\r\n');
}

function unfold(lines: string[]): string[] {
  const unfolded: string[] = [];
  for (const line of lines) {
    if (/^[ \t]/.test(line) && unfolded.length > 0) unfolded[unfolded.length - 1] += ` ${line.trim()}`;
    else unfolded.push(line);
  }
  return unfolded;
}

function parseFieldLines(lines: string[], maxFields: number): FieldPairs {
  if (lines.length > maxFields) {
    throw new HeadError('ERR_HEAD_LIMIT', `The message head has ${lines.length} field lines, over ${maxFields}`);
  }
  return lines.map((line) => {
    const colon = line.indexOf(':');
    if (!isToken(line.slice(0, Math.max(0, colon))) || !isFieldValue(line)) {
      throw malformed(`a field line (RFC 9112 §5) was expected, not ${quote(line)}`);
    }
    return fieldPairFromLine(line);
  });
}

function headersFrom(rawHeaders: FieldPairs): HeaderFields {
  const headers: HeaderFields = Object.create(null);
  for (const [rawName, value] of rawHeaders) {
    const name = rawName.toLowerCase();
    const earlier = headers[name];
    if (Array.isArray(earlier)) earlier.push(value);
    else if (name === 'set-cookie') headers[name] = [value];
    else headers[name] = earlier === undefined ? value : `${earlier}${name === 'cookie' ? '; ' : ', '}${value}`;
  }
  return headers;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}
