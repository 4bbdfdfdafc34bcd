/** Which octets a request asks for (RFC 9110 §14.2). One range is answered; several, or another unit, get it all. */
import type { RequestHead } from '../../node/head/message-head.ts';

/** `undefined`: the whole. */
export type Range = { first: number; last: number } | 'unsatisfiable' | undefined;

export function rangeFor({ method, headers }: RequestHead, bytes: number, etag: string): Range {
  const { range } = headers;
  if (method !== 'GET' || typeof range !== 'string' || !holds(headers['if-range'], etag)) return undefined;
  const [, from, to] = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(range.trim()) ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return undefined;
  if (from === '') {
    if (Number(to) === 0 || bytes === 0) return 'unsatisfiable';
    return { first: Math.max(0, bytes - Number(to)), last: bytes - 1 };
  }
  if (to !== '' && Number(to) < Number(from)) return undefined; // no valid range: ignored
  if (Number(from) >= bytes) return 'unsatisfiable';
  return { first: Number(from), last: to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1) };
}

/** RFC 9110 §13.1.5: a strong comparison; a date never holds, since we send none. */
function holds(ifRange: string | string[] | undefined, etag: string): boolean {
  return ifRange === undefined || (ifRange === etag && !etag.startsWith('W/'));
}
