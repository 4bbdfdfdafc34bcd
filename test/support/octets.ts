/** Octets as tests write them: one latin1 character an octet; and the ways to cut them up. */

/** The octets of a text whose characters are all below 0x100. A plain Uint8Array, not a Buffer. */
export function octets(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

/** The octets as a text, a character an octet. */
export function latin1(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.length).toString('latin1');
}

export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces));
}

/** `length` octets that differ from their neighbours, so that a lost or moved one shows. */
export function pattern(length: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8) * 7 + seed) & 0xff);
}

/** The data cut at these offsets, in any order; each is taken modulo the length. */
export function cutAt(data: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const offsets = [0, ...cuts.map((cut) => cut % (data.length + 1)), data.length].sort((a, b) => a - b);
  return offsets.slice(1).map((end, index) => data.subarray(offsets[index]!, end));
}

export function byteByByte(data: Uint8Array): Uint8Array[] {
  return Array.from(data, (_, at) => data.subarray(at, at + 1));
}

/** Every way to cut the data into two, the empty first and the empty second part among them. */
export function* everySplit(data: Uint8Array): Generator<[Uint8Array, Uint8Array]> {
  for (let at = 0; at <= data.length; at++) yield [data.subarray(0, at), data.subarray(at)];
}
