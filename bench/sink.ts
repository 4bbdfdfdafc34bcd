/**
 * Where the output of every implementation ends: its bytes are counted, so that no work can be optimised away. While
 * an implementation is checked its bytes are kept as well. It is one function for both, so that the engine sees the
 * same callee in the check and in the measurement.
 */

let bytes = 0;
let kept: Buffer[] | undefined;

export function take(data: Uint8Array): void {
  bytes += data.length;
  if (kept !== undefined) kept.push(Buffer.from(data));
}

/** For a trailer section: names and values in turn, as text or bytes. Kept as field lines. */
export function takeFields(parts: readonly (string | Buffer)[]): void {
  bytes += parts.length;
  if (kept === undefined) return;
  for (let i = 0; i < parts.length; i += 2) kept.push(Buffer.from(`${parts[i]}: ${parts[i + 1]}\r\n`, 'latin1'));
}

/** Bytes so far. */
export function taken(): number {
  return bytes;
}

/** From here on, bytes are kept. */
export function startKeeping(): void {
  kept = [];
}

/** The bytes kept; none are from here on. */
export function stopKeeping(): Buffer {
  const all = Buffer.concat(kept ?? []);
  kept = undefined;
  return all;
}
