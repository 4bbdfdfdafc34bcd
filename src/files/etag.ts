/**
 * Entity tags (RFC 9110 §8.8.3) from content, so that every server with an equal file gives an equal tag, and the
 * preconditions (§13) that compare them and the time of the last change.
 */

/** @param sha256 of the content */
export function etagOf(sha256: Uint8Array): string {
  return `"${Buffer.from(sha256).toString('base64url').slice(0, 27)}"`;
}

/** What is known of the file that a precondition is about. */
export interface Validators {
  /** With its quotes. */
  etag: string | undefined;
  /** In seconds. */
  modified: number;
  /** Whether two contents cannot have the same `modified`: then it is as good as a strong tag (§8.8.2.2). */
  isModifiedStrong: boolean;
}

export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Whether a precondition names a tag that may be ours: it cannot be decided without that. */
export function asksForEtag(headers: RequestHeaders): boolean {
  const ifRange = headers.range === undefined ? undefined : field(headers, 'if-range');
  if (ifRange?.includes('"') && isStrong(ifRange)) return true;
  return ['if-match', 'if-none-match'].some((name) => field(headers, name)?.includes('"'));
}

/** The status that a GET or HEAD has to be answered with instead (RFC 9110 §13.2.2); undefined if it may go on. */
export function preconditionStatus(headers: RequestHeaders, { etag, modified }: Validators): 304 | 412 | undefined {
  const ifMatch = field(headers, 'if-match');
  const unmodifiedSince = seconds(field(headers, 'if-unmodified-since'));
  if (ifMatch !== undefined) {
    if (!names(ifMatch, etag, false)) return 412;
  } else if (unmodifiedSince !== undefined && modified > unmodifiedSince) {
    return 412;
  }
  const ifNoneMatch = field(headers, 'if-none-match');
  const modifiedSince = seconds(field(headers, 'if-modified-since'));
  if (ifNoneMatch !== undefined) return names(ifNoneMatch, etag, true) ? 304 : undefined;
  return modifiedSince !== undefined && modified <= modifiedSince ? 304 : undefined;
}

/** Whether a Range may be answered with a part (RFC 9110 §13.1.5): by a strong comparison. */
export function ifRangeHolds(headers: RequestHeaders, validators: Validators): boolean {
  const ifRange = field(headers, 'if-range');
  if (ifRange === undefined) return true;
  const { etag, modified, isModifiedStrong } = validators;
  if (ifRange.includes('"')) return isStrong(ifRange) && ifRange === etag;
  return isModifiedStrong && seconds(ifRange) === modified;
}

/** One value of a field; of several lines, a list. */
export function field(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' || value === undefined ? value : value.join(', ');
}

/** Whether the list has the tag; `*` stands for any, and there is a file. */
function names(list: string, etag: string | undefined, isWeak: boolean): boolean {
  if (list.trim() === '*') return true;
  if (etag === undefined) return false;
  const tags = Array.from(list.matchAll(/(?:W\/)?"[^"]*"/g), ([tag]) => tag);
  if (isWeak) return tags.some((tag) => opaque(tag) === opaque(etag));
  return isStrong(etag) && tags.includes(etag);
}

function isStrong(etag: string): boolean {
  return !etag.startsWith('W/');
}

function opaque(etag: string): string {
  return etag.replace(/^W\//, '');
}

/** An HTTP-date in one of its three forms (RFC 9110 §5.6.7); whatever else is a date is none here. */
const HTTP_DATES = [
  /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{2,5}day, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT$/,
  /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/, // without a zone, which is GMT
];

function seconds(date = ''): number | undefined {
  if (!HTTP_DATES.some((form) => form.test(date))) return undefined;
  const milliseconds = Date.parse(date.endsWith('GMT') ? date : `${date} GMT`);
  return Number.isNaN(milliseconds) ? undefined : Math.floor(milliseconds / 1000);
}
