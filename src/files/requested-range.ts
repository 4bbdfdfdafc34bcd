/** Which bytes a request asks for (RFC 9110 §14.2). One range is answered; several, or another unit, get the whole. */

/** `undefined`: the whole. */
export type RequestedRange = { first: number; last: number } | 'unsatisfiable' | undefined;

/** @param field the value of Range */
export function requestedRange(field: string, bytes: number): RequestedRange {
  const [, from, to] = /^bytes=[ \t,]*(\d*)-(\d*)[ \t,]*$/i.exec(field.trim()) ?? []; // §5.6.1: empty elements
  if (from === undefined || to === undefined || (from === '' && to === '')) return undefined;
  if (from === '') {
    if (Number(to) === 0 || bytes === 0) return 'unsatisfiable';
    return { first: Math.max(0, bytes - Number(to)), last: bytes - 1 };
  }
  if (to !== '' && Number(to) < Number(from)) return undefined; // not a valid range: ignored
  if (Number(from) >= bytes) return 'unsatisfiable';
  return { first: Number(from), last: to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1) };
}
