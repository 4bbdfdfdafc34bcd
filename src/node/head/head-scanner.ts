/** Finds the end of a message head in octets that come in any split (RFC 9112 §2.1). A bare LF is refused at once. */
import { HeadError } from '../../core/errors.ts';
import { CR, LF } from '../../core/grammar.ts';

/** A client may have put one behind its last content; more than a few are no accident. */
const MAX_EMPTY_LINES = 8;

const NOTHING = Buffer.alloc(0);

export class HeadScanner {
  readonly #maxHeadBytes: number;
  readonly #skipsEmptyLines: boolean;
  /** The octets so far: as they came while they are one piece, which a head mostly is, so that it is not copied. */
  #room: Buffer = NOTHING;
  #lineStart = 0;
  #emptyLines = 0;
  /** Octets so far, without empty lines that were passed over. */
  bytes = 0;

  /** @param skipsEmptyLines whether empty lines before the head are passed over, as a server should (RFC 9112 §2.2) */
  constructor(maxHeadBytes: number, skipsEmptyLines: boolean) {
    this.#maxHeadBytes = maxHeadBytes;
    this.#skipsEmptyLines = skipsEmptyLines;
  }

  /**
   * @returns the octets up to and with the empty line, and those behind it; undefined while the empty line is to come
   * @throws HeadError ERR_HEAD_MALFORMED, ERR_HEAD_LIMIT
   */
  write(data: Uint8Array): { head: Buffer; rest: Buffer } | undefined {
    let from = this.bytes;
    this.#append(data);
    for (;;) {
      const offset = this.#room.indexOf(LF, from);
      if (offset === -1 || offset >= Math.min(this.bytes, this.#maxHeadBytes)) break;
      if (offset === 0 || this.#room[offset - 1] !== CR) {
        throw new HeadError('ERR_HEAD_MALFORMED', `A bare LF at byte ${offset} of the message head`, { offset });
      }
      const isEmptyLine = offset - 1 === this.#lineStart;
      from = offset + 1;
      if (!isEmptyLine) {
        this.#lineStart = from;
      } else if (this.#lineStart === 0 && this.#skipsEmptyLines) {
        if (++this.#emptyLines > MAX_EMPTY_LINES) {
          throw new HeadError('ERR_HEAD_MALFORMED', `More than ${MAX_EMPTY_LINES} empty lines before the message head`);
        }
        this.#room = this.#room.subarray(from, this.bytes);
        this.bytes -= from;
        from = 0;
      } else {
        return { head: this.#room.subarray(0, from), rest: this.#room.subarray(from, this.bytes) };
      }
    }
    if (this.bytes > this.#maxHeadBytes) {
      const message = `The message head is over ${this.#maxHeadBytes} bytes`;
      throw new HeadError('ERR_HEAD_LIMIT', message, { bytes: this.bytes });
    }
    return undefined;
  }

  #append(data: Uint8Array): void {
    if (this.bytes === 0) {
      this.#room = Buffer.from(data.buffer, data.byteOffset, data.length);
      this.bytes = data.length;
      return;
    }
    const bytes = this.bytes + data.length;
    if (bytes > this.#room.length) {
      const larger = Buffer.allocUnsafe(Math.max(2 * this.#room.length, bytes));
      larger.set(this.#room.subarray(0, this.bytes));
      this.#room = larger;
    }
    this.#room.set(data, this.bytes);
    this.bytes = bytes;
  }
}
