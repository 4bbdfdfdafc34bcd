/**
 * The chunked coding (RFC 9112 §7.1), plainly and without the library: what its input is made with, and what its output
 * is checked by. It knows well-formed octets only.
 */

const CRLF = Buffer.from('\r\n');

/** One chunk. The extension, if any, starts with its semicolon. */
export function chunkOf(data: Buffer, extension = ''): Buffer {
  return Buffer.concat(partsOf(data, extension));
}

/** Each piece of data as a chunk, and the end of the body. */
export function toChunked(pieces: readonly Buffer[], extension = '', trailerSection = ''): Buffer {
  const parts: Buffer[] = [];
  for (const data of pieces) parts.push(...partsOf(data, extension));
  return Buffer.concat([...parts, Buffer.from(`0\r\n${trailerSection}\r\n`, 'latin1')]);
}

function partsOf(data: Buffer, extension: string): Buffer[] {
  return [Buffer.from(`${data.length.toString(16)}${extension}\r\n`, 'latin1'), data, CRLF];
}

/** The data of a chunked body, and its trailer section. Throws where the octets are not what they should be. */
export function fromChunked(octets: Buffer): { content: Buffer; sizes: number[]; trailerSection: string } {
  const pieces: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = octets.indexOf(CRLF, at);
    const line = octets.toString('latin1', at, lineEnd);
    if (lineEnd < 0 || !/^[0-9a-f]+(;|$)/.test(line)) throw new Error(`No chunk line at ${at}: ${line.slice(0, 20)}`);
    const size = Number.parseInt(line, 16);
    at = lineEnd + CRLF.length;
    if (size === 0) break;
    pieces.push(octets.subarray(at, at + size));
    at += size;
    if (!octets.subarray(at, at + CRLF.length).equals(CRLF)) throw new Error(`No CRLF behind the data at ${at}`);
    at += CRLF.length;
  }
  const trailerSection = octets.toString('latin1', at, octets.length - CRLF.length);
  const isEnd = octets.length === at + CRLF.length || trailerSection.endsWith('\r\n');
  if (!isEnd || !octets.subarray(-CRLF.length).equals(CRLF))
    throw new Error('The body does not end with an empty line');
  return { content: Buffer.concat(pieces), sizes: pieces.map((piece) => piece.length), trailerSection };
}
