/**
 * The three ways in which a body tells its end (RFC 9112 §6.3), as one shape: octets in, content out, and in the end
 * `done` or an `error`. The chunked one is the core's Decoder.
 */
import { Decoder } from '../../core/decoder.ts';
import { FramingError } from '../../core/errors.ts';
import type { FieldPairs } from '../../core/fields.ts';
import { joinOctets } from '../../core/grammar.ts';
import type { Limits } from '../../core/limits.ts';
import type { BodyFraming } from '../head/message-head.ts';

export interface BodyReader {
  /** Octets of input, which may be written to if it `ownsInput`. Never throws for what they are. */
  write(input: Uint8Array, ownsInput?: boolean): void;
  /** The input has ended with FIN. */
  end(): void;
  readonly done: boolean;
  readonly error: FramingError | undefined;
  readonly rawTrailers: FieldPairs;
  readonly abortReason: string | undefined;
  /** What came behind the body. */
  readonly rest: Uint8Array;
}

type OnData = (data: Uint8Array) => void;

export function bodyReaderFor(framing: BodyFraming, limits: Readonly<Limits>, onData: OnData): BodyReader {
  switch (framing.kind) {
    case 'chunked':
      return new Decoder({ onData, limits });
    case 'length':
      return new CountedReader(framing.bytes, limits, onData);
    case 'none':
      return new CountedReader(0, limits, onData);
    case 'until-close':
      return new CountedReader(undefined, limits, onData);
  }
}

/** A body of a known length, or of one that only the end of input tells. */
class CountedReader implements BodyReader {
  readonly #length: number | undefined;
  readonly #maxBodyBytes: number;
  readonly #onData: OnData;
  #bytes = 0;
  #hasEnded = false;
  error: FramingError | undefined;
  rest: Uint8Array = new Uint8Array(0);
  readonly rawTrailers: FieldPairs = [];
  readonly abortReason = undefined;

  constructor(length: number | undefined, { maxBodyBytes }: Readonly<Limits>, onData: OnData) {
    this.#length = length;
    this.#maxBodyBytes = maxBodyBytes;
    this.#onData = onData;
    if (length !== undefined && length > maxBodyBytes) this.#refuse();
  }

  get done(): boolean {
    return this.error === undefined && (this.#length === undefined ? this.#hasEnded : this.#bytes === this.#length);
  }

  write(input: Uint8Array): void {
    if (this.error !== undefined) return;
    const data = this.#length === undefined ? input : input.subarray(0, this.#length - this.#bytes);
    if (this.#bytes + data.length > this.#maxBodyBytes) return this.#refuse();
    this.#bytes += data.length;
    if (data.length < input.length) this.rest = joinOctets([this.rest, input.subarray(data.length)]);
    if (data.length > 0) this.#onData(data);
  }

  end(): void {
    this.#hasEnded = true;
    if (this.done || this.error !== undefined) return;
    const message = `The input ended after ${this.#bytes} of ${this.#length} bytes`;
    this.error = new FramingError('ERR_FRAMING_TRUNCATED', message, { offset: this.#bytes, bytes: this.#bytes });
  }

  #refuse(): void {
    const details = { offset: this.#bytes, bytes: this.#bytes };
    this.error = new FramingError('ERR_FRAMING_LIMIT', `The body is over ${this.#maxBodyBytes} bytes`, details);
  }
}
