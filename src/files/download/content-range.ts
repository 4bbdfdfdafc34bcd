/**
 * Range requests (RFC 9110 §14) as a recipient needs them: which validator may stand for a representation, and whether
 * a 206 is the part that was asked for. Whatever is doubtful is not: bytes of another part, put after those that are there,
 * would make a file that never was.
 */
import type { IncomingHttpHeaders } from 'node:http';

export interface ContentRange {
  first: number;
  last: number;
  /** The complete length; undefined for "*". */
  total: number | undefined;
}

/** The entity tag if it is a strong one (RFC 9110 §8.8.3): a weak one does not promise the same octets. */
export function strongEtag(value: string | undefined): string | undefined {
  return value !== undefined && /^"[!#-~\x80-\xff]*"$/.test(value) ? value : undefined;
}

/**
 * What If-Range may be sent with (RFC 9110 §13.1.5): a strong entity tag; or, if there is no entity tag at all, a
 * Last-Modified that was a minute old already when it was sent (§8.8.2.2).
 */
export function validatorFrom({ etag, date, 'last-modified': modified }: IncomingHttpHeaders): string | undefined {
  if (etag !== undefined) return strongEtag(etag);
  if (modified === undefined || date === undefined || !isDate(modified)) return undefined;
  return Date.parse(date) - Date.parse(modified) >= 60_000 ? modified : undefined;
}

/** Any Last-Modified: it says only that the content has perhaps not changed. */
export function weakValidatorFrom({ 'last-modified': modified }: IncomingHttpHeaders): string | undefined {
  return modified !== undefined && isDate(modified) ? modified : undefined;
}

export function isValidator(value: string): boolean {
  return strongEtag(value) !== undefined || isDate(value);
}

export function isDate(value: string): boolean {
  const isOfForm = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(value);
  return isOfForm && !Number.isNaN(Date.parse(value));
}

/** `bytes 5-9/10` (RFC 9110 §14.4); undefined for what is no satisfied range. */
function parseContentRange(value: string | undefined): ContentRange | undefined {
  const [, from, to, of] = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16}|\*)$/i.exec(value ?? '') ?? [];
  if (from === undefined || to === undefined) return undefined;
  const range = { first: Number(from), last: Number(to), total: of === '*' ? undefined : Number(of) };
  const { first, last, total = Number.MAX_SAFE_INTEGER } = range;
  return first <= last && last < total && total <= Number.MAX_SAFE_INTEGER ? range : undefined;
}

/** The complete length in the Content-Range of a 416: `bytes *\/10`. */
export function unsatisfiedLength(value: string | undefined): number | undefined {
  const [, length] = /^bytes \*\/(\d{1,15})$/i.exec(value ?? '') ?? [];
  return length === undefined ? undefined : Number(length);
}

export interface Asked {
  /** The first byte that was asked for; all after it were, too. */
  first: number;
  validator: string;
  encoding: string;
  total: number | undefined;
}

/** The part that a 206 brings; or why it is not what was asked for. */
export function partOf206(headers: IncomingHttpHeaders, asked: Asked): ContentRange | string {
  const { first, encoding, total } = asked;
  if (!isSameValidator(headers, asked.validator)) return `its validator is not ${asked.validator}`;
  const coding = headers['content-encoding'] ?? '';
  if (coding !== encoding) return `its Content-Encoding is "${coding}", not "${encoding}"`;
  const range = parseContentRange(headers['content-range']);
  if (range === undefined) return `its Content-Range is ${headers['content-range'] ?? 'missing'}`;
  if (range.first !== first) return `it starts at ${range.first}, not at ${first}`;
  if (total !== undefined && (range.total ?? total) !== total)
    return `its whole has ${range.total} bytes, not ${total}`;
  if (total !== undefined && range.last >= total) return `it ends at ${range.last}, of ${total} bytes`;
  return { ...range, total: range.total ?? total };
}

/**
 * A 206 to an If-Range repeats the ETag, and may leave the Last-Modified out (RFC 9110 §15.3.7). A server may have come to
 * know an ETag since: then the Last-Modified has to be there.
 */
export function isSameValidator({ etag, 'last-modified': modified }: IncomingHttpHeaders, validator: string): boolean {
  if (!isDate(validator)) return etag === validator;
  return modified === validator || (modified === undefined && etag === undefined);
}
