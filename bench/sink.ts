/**
 * Where the output of every implementation ends: its octets are counted, so that no work can be optimised away. While
 * an implementation is checked its octets are kept as well. It is one function for both, so that the engine sees the
 * same callee in the check and in the measurement.
 */

let octets = 0;
let kept: Buffer[] | undefined;

export function take(data: Uint8Array): void {
  octets += data.length;
  if (kept !== undefined) kept.push(Buffer.from(data));
}

/** For octets in a buffer of which no view is wanted. */
export function takeRange(buffer: Uint8Array, start: number, end: number): void {
  octets += end - start;
  if (kept !== undefined) kept.push(Buffer.from(buffer.subarray(start, end)));
}

/** For what Node passes to a socket as latin1 text: chunk headers, say. */
export function takeText(text: string): void {
  octets += text.length;
  if (kept !== undefined) kept.push(Buffer.from(text, 'latin1'));
}

/** For a trailer section: names and values in turn, as text or octets. Kept as field lines. */
export function takeFields(parts: readonly (string | Buffer)[]): void {
  octets += parts.length;
  if (kept === undefined) return;
  for (let i = 0; i < parts.length; i += 2) kept.push(Buffer.from(`${parts[i]}: ${parts[i + 1]}\r\n`, 'latin1'));
}

/** For a trailer section as pairs. */
export function takePairs(pairs: readonly (readonly [name: string, value: string])[]): void {
  octets += 2 * pairs.length;
  if (kept === undefined) return;
  for (const [name, value] of pairs) kept.push(Buffer.from(`${name}: ${value}\r\n`, 'latin1'));
}

/** The octets taken since the last call; a name or a value counts as one. */
export function takeCount(): number {
  const count = octets;
  octets = 0;
  return count;
}

/** From here on, octets are kept. */
export function startKeeping(): void {
  kept = [];
}

/** The octets kept; none are from here on. */
export function stopKeeping(): Buffer {
  const all = Buffer.concat(kept ?? []);
  kept = undefined;
  return all;
}
