/**
 * Reads the reason of an abort under Node's own parser, which tells only that a message was cut: keeps the last octets
 * that came from the socket, and looks there for the header of a chunk that never got its data.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Decoder } from '../../core/decoder.ts';

/** More than an abort chunk can take: 256 octets of details, each escaped twice, and the rest of the line. */
const MAX_TAIL_BYTES = 2048;

export class AbortTap {
  readonly #socket: Socket | null;
  #octets = new Tail();
  #content = new Tail();

  constructor(message: IncomingMessage) {
    this.#socket = message.socket;
    this.#socket?.on('data', this.#onOctets);
    // In a 'response' handler, the octets that are being parsed have passed the socket already.
    const { parser } = (message.socket ?? {}) as { parser?: { getCurrentBuffer?(): Buffer | undefined } };
    const current = parser?.getCurrentBuffer?.();
    if (current !== undefined) this.#octets.add(current);
  }

  /** Content that the parser gave out. */
  content(data: Uint8Array): void {
    this.#content.add(data);
  }

  /** The X-Stream-Status value of an abort chunk with which the input has ended. */
  reason(): string | undefined {
    const octets = this.#octets.toString();
    if (!octets.endsWith('\r\n')) return undefined;
    const line = octets.slice(octets.lastIndexOf('\r\n', octets.length - 3) + 2);
    if (this.#content.toString().endsWith(line)) return undefined; // it is content that looks like one
    const decoder = new Decoder({ onData: () => {} });
    decoder.write(Buffer.from(line, 'latin1'));
    decoder.end();
    return decoder.abortReason;
  }

  detach(): void {
    this.#socket?.off('data', this.#onOctets);
    this.#octets = new Tail();
    this.#content = new Tail();
  }

  readonly #onOctets = (octets: Uint8Array): void => {
    this.#octets.add(octets);
  };
}

/** The last octets of a stream. Pieces are kept as they come, so that adding one costs nothing. */
class Tail {
  #pieces: Uint8Array[] = [];
  #length = 0;

  add(piece: Uint8Array): void {
    if (piece.length >= MAX_TAIL_BYTES) {
      this.#pieces = [piece];
      this.#length = piece.length;
      return;
    }
    this.#pieces.push(piece);
    this.#length += piece.length;
    if (this.#length > 2 * MAX_TAIL_BYTES) {
      const last = Buffer.concat(this.#pieces).subarray(-MAX_TAIL_BYTES);
      this.#pieces = [last];
      this.#length = last.length;
    }
  }

  /** As latin1. */
  toString(): string {
    return Buffer.concat(this.#pieces).subarray(-MAX_TAIL_BYTES).toString('latin1');
  }
}
