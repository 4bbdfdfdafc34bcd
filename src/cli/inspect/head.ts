/**
 * The head of a response, annotated when it is whole or has broken. What it is, and whether it is one, is for the reader
 * of heads behind `receive` to say (node/message-head.ts).
 */
import { HeadError } from '../../core/errors.ts';
import { copyOctets, joinOctets } from '../../core/grammar.ts';
import { DEFAULT_LIMITS } from '../../core/limits.ts';
import { HeadScanner } from '../../node/head/head-scanner.ts';
import {
  type BodyFraming,
  malformed,
  parseResponseHead,
  type ResponseHead,
  responseFraming,
} from '../../node/head/message-head.ts';
import type { Emit } from './event.ts';
import { brokenLine, headPieces } from './head-pieces.ts';

export interface ReadHead {
  head: ResponseHead;
  framing: BodyFraming;
}

export class Head {
  readonly #emit: Emit;
  readonly #method: string;
  readonly #offset: number;
  readonly #maxBytes: number;
  readonly #scanner: HeadScanner;
  /** What came, up to `#maxBytes`. */
  readonly #octets: Uint8Array[] = [];
  #kept = 0;
  length = 0;
  result: ReadHead | undefined;
  error: HeadError | undefined;

  /**
   * @param method of the request that it answers
   * @param maxBytes a head together with the interim responses before it has a bound
   */
  constructor(emit: Emit, method: string, offset: number, maxBytes: number) {
    this.#emit = emit;
    this.#method = method;
    this.#offset = offset;
    this.#maxBytes = maxBytes;
    this.#scanner = new HeadScanner(maxBytes, false);
  }

  /** @returns how many of the octets belong to the head */
  write(input: Uint8Array): number {
    const kept = copyOctets(input, 0, Math.min(input.length, this.#maxBytes - this.#kept));
    this.#octets.push(kept);
    this.#kept += kept.length;
    try {
      const found = this.#scanner.write(input);
      if (found === undefined) {
        this.length += input.length;
        return input.length;
      }
      this.length = found.head.length;
      this.#read(found.head);
      return input.length - found.rest.length;
    } catch (error) {
      const { offset = this.#maxBytes } = error as HeadError; // a bare LF, or a head over the limit
      this.#break(error as HeadError, joinOctets([this.#came(), input.subarray(kept.length)]), offset, offset + 1);
      return input.length;
    }
  }

  /** The input has ended within the head. */
  end(): void {
    const { length } = this;
    const message = `The input ended before the response head was whole; ${length} bytes of it came`;
    this.#break(new HeadError('ERR_NO_RESPONSE', message, { bytes: length }), this.#came(), length, length);
  }

  /** Shows what came of a head that nobody waits for any longer. */
  flush(): void {
    this.#show(this.#came());
  }

  #read(octets: Uint8Array): void {
    try {
      this.result = readHead(octets, this.#method);
    } catch (cause) {
      const { start, end } = brokenLine(octets, cause as HeadError, (lines) => readHead(lines, this.#method));
      this.#break(cause as HeadError, octets, start, end);
      return;
    }
    this.#show(octets);
  }

  #break(error: HeadError, octets: Uint8Array, start: number, end: number): void {
    const { code, message: reason } = error;
    this.error = error;
    this.length = start;
    this.#show(octets.subarray(0, start));
    const shown = octets.subarray(start, end);
    this.#emit({ type: 'error', offset: this.#offset + start, code, reason, octets: shown, blamed: shown.length });
  }

  #show(octets: Uint8Array): void {
    for (const piece of headPieces(octets, this.#offset)) this.#emit({ type: 'piece', piece });
  }

  #came(): Uint8Array {
    return joinOctets(this.#octets);
  }
}

/** As `receive` reads it. */
function readHead(octets: Uint8Array, method: string): ReadHead {
  const head = parseResponseHead(octets, DEFAULT_LIMITS.maxHeadFields);
  if (head.statusCode === 101) throw malformed('101 Switching Protocols, which was not asked for (RFC 9110 §15.2.2)');
  return { head, framing: responseFraming(head, method) };
}
