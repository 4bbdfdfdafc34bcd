/**
 * The chunked coding (RFC 9112 §7.1), made and undone plainly and without the library: octets framed beforehand are a
 * limit to compare with, and what a peer sends is checked against its content.
 */
export const LAST_CHUNK = Buffer.from('0\r\n\r\n');

const EMPTY_LINE = Buffer.from('\r\n\r\n');

export interface Slab {
  octets: Buffer;
  /** Chunks in it. */
  count: number;
}

/** As many chunks of the piece as go into so many octets; one at least. */
export function frame(piece: Buffer, slabBytes: number): Slab {
  const chunk = Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);
  const count = Math.max(1, Math.floor(slabBytes / chunk.length));
  return { octets: Buffer.concat(Array<Buffer>(count).fill(chunk)), count };
}

export interface Message {
  head: string;
  content: Buffer;
  /** The trailer section, by lower-case name. */
  trailers: Record<string, string>;
}

/** A whole response in the chunked coding. Throws if it is no such, or more than one. */
export function unframe(message: Buffer): Message {
  const headEnd = message.indexOf(EMPTY_LINE) + EMPTY_LINE.length;
  const head = message.toString('latin1', 0, headEnd);
  if (!/^HTTP\/1\.1 200 /.test(head) || !/\r\ntransfer-encoding: *chunked\r\n/i.test(head)) {
    throw new Error(`A chunked response with the status 200 was expected: ${head}`);
  }
  const parts: Buffer[] = [];
  let at = headEnd;
  for (;;) {
    const lineEnd = message.indexOf('\r\n', at);
    const line = message.toString('latin1', at, lineEnd);
    if (lineEnd < 0 || !/^[0-9a-f]+$/i.test(line)) throw new Error(`No chunk-size at ${at}: ${line.slice(0, 40)}`);
    const size = Number.parseInt(line, 16);
    at = lineEnd + 2;
    if (size === 0) break;
    parts.push(message.subarray(at, at + size));
    at += size;
    if (message.toString('latin1', at, at + 2) !== '\r\n') throw new Error(`No CRLF behind the chunk data at ${at}`);
    at += 2;
  }
  const section = message.toString('latin1', at);
  if (section !== '\r\n' && !/^[^\r\n]+\r\n(?:[^\r\n]+\r\n)*\r\n$/.test(section)) {
    throw new Error(`A trailer section was expected at the end: ${section.slice(0, 200)}`);
  }
  const lines = section.split('\r\n').filter((line) => line !== '');
  const trailers = lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.replace(/^[^:]*: */, '')]);
  return { head, content: Buffer.concat(parts), trailers: Object.fromEntries(trailers) };
}
