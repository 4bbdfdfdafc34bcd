/**
 * The sending half of the chunked transfer coding (RFC 9112 §7.1): data in, pieces of bytes out.
 *
 * Each call returns the pieces to be sent, in order. Small data is copied behind its chunk header into one piece, since
 * one write of few octets beats three; large data is handed on uncopied between its header and its CRLF.
 */
import { serializeAbortChunk } from './abort-line.ts';
import { MAX_HEADER_BYTES, type OpenChunk, writeHeaderBefore } from './chunk.ts';
import { type FieldPairs, serializeTrailers } from './fields.ts';
import { CR, joinOctets, LF, octetsFromLatin1 } from './grammar.ts';
import type { StreamStatus } from './stream-status.ts';

/** Data up to this length is copied into one piece with its framing. */
const MAX_COPIED_BYTES = 1024;
const SLAB_BYTES = 16384;

const CRLF = Uint8Array.of(CR, LF);
const LAST_CHUNK = octetsFromLatin1('0\r\n');
const LAST = joinOctets([LAST_CHUNK, CRLF]);

/**
 * The sending half of the chunked transfer coding (RFC 9112 §7.1): data in, pieces of bytes out, to be sent in order.
 *
 * @example
 * const encoder = new Encoder();
 * send(...encoder.write(data), ...encoder.end([['X-Checked', 'yes']]));
 */
export class Encoder {
  #ended = false;

  /** Whether `end` or `abort` has been called. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * One chunk with this data. Empty data makes no chunk, since a chunk of size 0 would end the body.
   *
   * @throws TypeError if data is not a Uint8Array
   * @throws Error after `end` or `abort`
   */
  write(data: Uint8Array): Uint8Array[] {
    if (!(data instanceof Uint8Array)) throw new TypeError('A chunk is made from a Uint8Array');
    this.#assertOpen();
    const size = data.length;
    if (size === 0) return [];
    if (size > MAX_COPIED_BYTES) return [header(size), data, CRLF];
    const start = startChunk(size, size + CRLF.length);
    slab.set(data, used);
    used += size;
    slab[used++] = CR;
    slab[used++] = LF;
    return [slab.subarray(start, used)];
  }

  /**
   * One chunk with the data of all these pieces, uncopied: chunk boundaries mean nothing to a recipient.
   *
   * @throws Error after `end` or `abort`
   */
  writeAll(pieces: readonly Uint8Array[]): Uint8Array[] {
    this.#assertOpen();
    const size = pieces.reduce((sum, { length }) => sum + length, 0);
    return size === 0 ? [] : [header(size), ...pieces, CRLF];
  }

  /**
   * The chunk that has been open so far, in one piece.
   *
   * @internal
   */
  close(chunk: OpenChunk): Uint8Array[] {
    this.#assertOpen();
    return chunk.size === 0 ? [] : [chunk.close()];
  }

  /**
   * The last-chunk, the trailer section and the CRLF that ends the body (RFC 9112 §7.1.2).
   *
   * @throws TypeError for trailers that cannot or must not be sent (RFC 9110 §6.5.1); the body is still open then
   * @throws Error after `end` or `abort`
   */
  end(trailers: FieldPairs = []): Uint8Array[] {
    this.#assertOpen();
    const ending = trailers.length === 0 ? LAST.slice() : joinOctets([LAST_CHUNK, serializeTrailers(trailers), CRLF]);
    this.#ended = true;
    return [ending];
  }

  /**
   * The abort ending: the header of a chunk that never gets its data, with the reason in an extension. The sender
   * closes the connection after it. All that was sent is then a proper prefix of a chunked body: unmistakably cut.
   *
   * @throws TypeError, RangeError for a status that cannot be serialized; the body is still open then
   * @throws Error after `end` or `abort`
   */
  abort(status: StreamStatus): Uint8Array[] {
    this.#assertOpen();
    const header = serializeAbortChunk(status);
    this.#ended = true;
    return [header];
  }

  #assertOpen(): void {
    if (this.#ended) throw new Error('The chunked body has been ended');
  }
}

/**
 * Where framing and small chunks are written, shared by all encoders: a body that is open and idle holds none of it.
 * A full slab is left to those who still send from it.
 */
let slab = new Uint8Array(0);
let used = 0;

/** Writes a chunk header where `followed` octets have room behind it; returns where it starts. */
function startChunk(size: number, followed: number): number {
  if (slab.length - used < MAX_HEADER_BYTES + followed) {
    slab = new Uint8Array(SLAB_BYTES);
    used = 0;
  }
  used += MAX_HEADER_BYTES;
  return writeHeaderBefore(slab, used, size);
}

function header(size: number): Uint8Array {
  const start = startChunk(size, 0);
  return slab.subarray(start, used);
}

/**
 * A whole body as one chunked message body (RFC 9112 §7.1).
 *
 * @param options.trailers field lines for the trailer section; none by default
 * @param options.chunkSize the most bytes of data in one chunk; 65536 by default
 * @throws TypeError for trailers that cannot or must not be sent, RangeError for a chunkSize that is no positive integer
 * @example
 * encodeChunked(new TextEncoder().encode('hello')); // '5\r\nhello\r\n0\r\n\r\n' in bytes
 */
export function encodeChunked(
  body: Uint8Array,
  options: { trailers?: FieldPairs; chunkSize?: number } = {},
): Uint8Array {
  const { trailers, chunkSize = 65536 } = options;
  if (!Number.isSafeInteger(chunkSize) || chunkSize < 1) {
    throw new RangeError(`chunkSize must be a positive integer, not ${chunkSize}`);
  }
  const encoder = new Encoder();
  const pieces: Uint8Array[] = [];
  for (let start = 0; start < body.length; start += chunkSize) {
    for (const piece of encoder.write(body.subarray(start, start + chunkSize))) pieces.push(piece);
  }
  return joinOctets([...pieces, ...encoder.end(trailers)]);
}
