/**
 * Range requests (RFC 9110 §14) as a recipient needs them: which validator may stand for a representation, and whether
 * a 206 is the part that was asked for. Whatever is doubtful is not: octets of another part, put behind those that are
 * there, would make a file that never was.
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

/** `bytes 5-9/10` (RFC 9110 §14.4); undefined for what is no satisfied range. */
export function parseContentRange(value: string | undefined): ContentRange | undefined {
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
  /** The first octet that was asked for; all behind it was, too. */
  first: number;
  etag: string;
  total: number | undefined;
}

/** The part that a 206 brings; or why it is not what was asked for. */
export function partOf206(headers: IncomingHttpHeaders, { first, etag, total }: Asked): ContentRange | string {
  if (headers.etag !== etag) return `its ETag is ${headers.etag ?? 'missing'}, not ${etag}`;
  const range = parseContentRange(headers['content-range']);
  if (range === undefined) return `its Content-Range is ${headers['content-range'] ?? 'missing'}`;
  if (range.first !== first) return `it starts at ${range.first}, not at ${first}`;
  if (total !== undefined && (range.total ?? total) !== total)
    return `its whole has ${range.total} octets, not ${total}`;
  if (total !== undefined && range.last >= total) return `it ends at ${range.last}, of ${total} octets`;
  return { ...range, total: range.total ?? total };
}
