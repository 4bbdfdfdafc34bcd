/**
 * The receiving half of the chunked transfer coding (RFC 9112 §7.1), strictly and at any split of the input.
 *
 *     chunked-body   = *chunk last-chunk trailer-section CRLF
 *     chunk          = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
 *     chunk-size     = 1*HEXDIG
 *     last-chunk     = 1*("0") [ chunk-ext ] CRLF
 *     chunk-ext      = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
 *     chunk-ext-val  = token / quoted-string
 *
 * Two ways through the same octets. `#wholeChunks` takes the chunks that lie wholly in the input and have no extension.
 * Everything else goes through `#byOctet`, a state machine that accepts or refuses octet by octet, so that what is
 * delivered, and where an error lies, does not depend on how the input was split. CRLF alone ends a line: bare LF and
 * bare CR are refused everywhere (RFC 9112 §2.2 allows LF for field lines; erratum 7633, for chunk lines, was rejected).
 */
import { readAbortReason } from './abort-line.ts';
import { ContentRun } from './content-run.ts';
import { FramingError, type FramingErrorCode } from './errors.ts';
import { type FieldPairs, fieldPairFromLine, withoutForbiddenTrailers } from './fields.ts';
import {
  BACKSLASH,
  COLON,
  CR,
  copyOctets,
  DQUOTE,
  describeOctet,
  EQUALS,
  FIELD_VALUE,
  HEX_VALUE,
  HTAB,
  joinOctets,
  LF,
  latin1FromOctets,
  OCTET_CLASS,
  QDTEXT,
  SEMICOLON,
  SP,
  TCHAR,
} from './grammar.ts';
import { type Limits, resolveLimits } from './limits.ts';

// The states, each named for what comes next.
const SIZE = 0;
const SIZE_MORE = 1;
const SIZE_WHITESPACE = 2;
// From here to LINE_LF, the chunk line has an extension and its octets are kept.
const EXTENSION_START = 3;
const EXTENSION_NAME = 4;
const EXTENSION_NAME_WHITESPACE = 5;
const EXTENSION_VALUE_START = 6;
const EXTENSION_TOKEN = 7;
const EXTENSION_QUOTED = 8;
const EXTENSION_QUOTED_PAIR = 9;
const EXTENSION_END = 10;
const EXTENSION_WHITESPACE = 11;
const LINE_LF = 12;
const DATA = 13;
const DATA_CR = 14;
const DATA_LF = 15;
const TRAILER_START = 16;
// From here to TRAILER_LF, the octets of a field line are kept.
const TRAILER_NAME = 17;
const TRAILER_VALUE = 18;
const TRAILER_LF = 19;
const END_LF = 20;
const DONE = 21;
const FAILED = 22;

/** What was expected in each state, for the message of an error. */
const EXPECTED: Readonly<Record<number, string>> = {
  [SIZE]: 'a chunk-size',
  [SIZE_MORE]: 'a HEXDIG, ";" or CRLF in the chunk-size line',
  [SIZE_WHITESPACE]: '";" after whitespace in the chunk-size line',
  [EXTENSION_START]: 'the name of a chunk extension',
  [EXTENSION_NAME]: '"=", ";" or CRLF after the name of a chunk extension',
  [EXTENSION_NAME_WHITESPACE]: '"=" or ";" after whitespace in a chunk extension',
  [EXTENSION_VALUE_START]: 'the value of a chunk extension',
  [EXTENSION_TOKEN]: '";" or CRLF after the value of a chunk extension',
  [EXTENSION_QUOTED]: 'the end of a quoted-string in a chunk extension',
  [EXTENSION_QUOTED_PAIR]: 'a character after "\\" in a chunk extension',
  [EXTENSION_END]: '";" or CRLF after the value of a chunk extension',
  [EXTENSION_WHITESPACE]: '";" after whitespace in a chunk extension',
  [LINE_LF]: 'LF after CR in the chunk-size line',
  [DATA_CR]: 'CRLF after the chunk-data',
  [DATA_LF]: 'LF after CR behind the chunk-data',
  [TRAILER_START]: 'a trailer field line or the CRLF that ends the body',
  [TRAILER_NAME]: '":" after the name of a trailer field',
  [TRAILER_VALUE]: 'CRLF after the value of a trailer field',
  [TRAILER_LF]: 'LF after CR in a trailer field line',
  [END_LF]: 'LF after CR at the end of the body',
};

const NOTHING = new Uint8Array(0);

/** What is kept of input after the message. */
const MAX_REST_BYTES = 65_536;
/** No more hex digits than fit a small integer are read by `#wholeChunks`. */
const MAX_FAST_DIGITS = 7;
const FAST_LINE_BYTES = MAX_FAST_DIGITS + 2;
/** The largest chunk-size that can be multiplied by 16 and take one more digit within 2^53-1. */
const MAX_SIZE_BEFORE_DIGIT = Math.floor(Number.MAX_SAFE_INTEGER / 16);

export interface DecoderOptions {
  /** Takes the content, in order. Never empty; a view of the input, or an array of its own. */
  onData(data: Uint8Array): void;
  /** Bounds on what the peer may send: `DEFAULT_LIMITS`, and these instead of the same there. */
  limits?: Partial<Limits>;
}

/**
 * The receiving half of the chunked transfer coding (RFC 9112 §7.1), strictly and at any split of the input.
 *
 * @example
 * const decoder = new Decoder({ onData: (data) => verifier.update(data) });
 * for await (const input of connection) {
 *   decoder.write(input);
 *   if (decoder.done || decoder.error) break;
 * }
 * decoder.end();
 * if (decoder.error) throw decoder.error;
 */
export class Decoder {
  readonly #run: ContentRun;
  readonly #limits: Readonly<Limits>;
  #state = SIZE;
  /** While `write` runs, and from then on if that ends badly: who takes the content has thrown, and the rest of it is lost. */
  #isTaking = false;
  /** Octets of input before the current one. */
  #inputBytes = 0;
  /** Octets of chunk-data that are still to come; while a chunk line is read, its size so far. */
  #remaining = 0;
  #lineBytes = 0;
  #overheadBytes = 0;
  #trailerBytes = 0;
  /** The earlier fragments of the line that is being kept. */
  #line: Uint8Array[] = [];
  #rest: Uint8Array[] = [];
  #restRoom = MAX_REST_BYTES;

  /** Content bytes delivered so far. */
  bytes = 0;
  /** Bytes of the message so far: all of them once it is `done`, and where the error lies once there is one. */
  consumed = 0;
  /** Where and how the message broke, once it has. */
  error: FramingError | undefined;
  /** The trailer section's field lines, in order. Nobody has vouched for their names: see `mayTrail`. */
  readonly rawTrailers: FieldPairs = [];
  /** The X-Stream-Status value of an abort chunk, known after `end()`. */
  abortReason: string | undefined;

  /** @throws TypeError, RangeError for invalid limits (`resolveLimits`) */
  constructor(options: DecoderOptions) {
    if (typeof options?.onData !== 'function') throw new TypeError('A Decoder needs onData(data)');
    this.#run = new ContentRun(options.onData);
    this.#limits = resolveLimits(options.limits);
  }

  /** Whether the whole message has come, to its last CRLF. */
  get done(): boolean {
    return this.#state === DONE && !this.#isTaking;
  }

  /**
   * What came after the message: it belongs to whatever is next on the connection. Whole as far as it came with the end of
   * the message; of later input, as much as makes 64 KiB is kept.
   */
  get rest(): Uint8Array {
    if (this.#rest.length === 0) return NOTHING;
    this.#rest = [joinOctets(this.#rest)];
    return this.#rest[0]!;
  }

  /**
   * The next bytes, split anywhere. Never throws for what they are: sets `error` and stops.
   * Bytes after an error are ignored; bytes after the message are kept in `rest`.
   * What `onData` throws is thrown here, and the body cannot become `done` any more: the next call sets `error`
   * (ERR_FRAMING_TRUNCATED).
   *
   * @param ownsInput whether the input may be written to, because nobody else reads it: small chunks are moved together
   *   in it then, not in a copy. `false` by default.
   */
  write(input: Uint8Array, ownsInput = false): void {
    if (this.#isTaking) return this.#loseRest();
    this.#isTaking = true;
    this.#run.ownsInput = ownsInput;
    let at = 0;
    while (at < input.length && this.#state < DONE) {
      if (this.#state === SIZE) at = this.#wholeChunks(input, at);
      at = this.#byOctet(input, at);
    }
    this.#run.flush();
    this.#run.release();
    if (this.#state < DONE) {
      this.#inputBytes += input.length;
      this.consumed = this.#inputBytes;
    } else if (this.#state === DONE && at < input.length) {
      this.#keep(copyOctets(input, at, at > 0 ? input.length : at + this.#restRoom));
    }
    this.#isTaking = this.error !== undefined;
  }

  #keep(rest: Uint8Array): void {
    if (rest.length > 0) this.#rest.push(rest);
    this.#restRoom = Math.max(0, this.#restRoom - rest.length);
  }

  /** The end of input: sets `error` (ERR_FRAMING_TRUNCATED) and perhaps `abortReason`, unless the message is `done`. */
  end(): void {
    if (this.#isTaking) return this.#loseRest();
    if (this.#state >= DONE) return;
    if (this.#state === DATA && this.#line.length > 0) this.abortReason = readAbortReason(joinOctets(this.#line));
    this.#fail('ERR_FRAMING_TRUNCATED', this.#inputBytes, `the input ended, expected ${this.#expected()}`);
  }

  /** From the start of a chunk: takes whole chunks; returns where the first other octet stands, in the state SIZE. */
  #wholeChunks(input: Uint8Array, from: number): number {
    const run = this.#run;
    const { maxBodyBytes, maxChunkLineBytes } = this.#limits;
    const lastStart = maxChunkLineBytes < FAST_LINE_BYTES ? -1 : input.length - FAST_LINE_BYTES;
    let bytes = this.bytes;
    let at = from;
    while (at <= lastStart) {
      let size = HEX_VALUE[input[at]!]!;
      if (size === 255) break;
      let behind = at + 1;
      for (;;) {
        const digit = HEX_VALUE[input[behind]!]!;
        if (digit === 255 || behind - at === MAX_FAST_DIGITS) break;
        size = (size << 4) | digit;
        behind++;
      }
      if (size === 0 || input[behind] !== CR || input[behind + 1] !== LF) break;
      const start = behind + 2;
      const end = start + size;
      if (end + 2 > input.length || input[end] !== CR || input[end + 1] !== LF) break;
      if (bytes + size > maxBodyBytes || this.#overheadBytes !== 0) break;
      run.take(input, start, end);
      bytes += size;
      at = end + 2;
    }
    this.bytes = bytes;
    return at;
  }

  /** From any state: octet by octet, until a chunk ends or the input does; returns where. */
  #byOctet(input: Uint8Array, from: number): number {
    const limits = this.#limits;
    const { length } = input;
    let state = this.#state;
    // Where the line that is being kept starts in this input; -1 outside of one.
    let lineStart = this.#line.length > 0 && state !== DATA ? 0 : -1;
    let at = from;
    for (; at < length; at++) {
      const octet = input[at]!;
      if (state <= LINE_LF && ++this.#lineBytes > limits.maxChunkLineBytes) {
        return this.#stop(at, 'ERR_FRAMING_LIMIT', `a chunk line over ${limits.maxChunkLineBytes} bytes`);
      }
      if (state >= TRAILER_START && state <= TRAILER_LF && ++this.#trailerBytes > limits.maxTrailerBytes) {
        if (!(state === TRAILER_START && octet === CR)) {
          return this.#stop(at, 'ERR_FRAMING_LIMIT', `a trailer section over ${limits.maxTrailerBytes} bytes`);
        }
      }
      switch (state) {
        case SIZE:
        case SIZE_MORE: {
          const digit = HEX_VALUE[octet]!;
          if (digit !== 255) {
            if (this.#remaining > MAX_SIZE_BEFORE_DIGIT) {
              return this.#stop(at, 'ERR_FRAMING_LIMIT', 'a chunk-size over 2^53-1');
            }
            this.#remaining = this.#remaining * 16 + digit;
            state = SIZE_MORE;
          } else if (state === SIZE) {
            return this.#refuse(at, octet, state);
          } else if (octet === CR) {
            state = LINE_LF;
          } else if (octet === SEMICOLON) {
            lineStart = at;
            state = EXTENSION_START;
          } else if (octet === SP || octet === HTAB) {
            state = SIZE_WHITESPACE;
          } else {
            return this.#refuse(at, octet, state);
          }
          break;
        }
        case SIZE_WHITESPACE:
          if (octet === SEMICOLON) {
            lineStart = at;
            state = EXTENSION_START;
          } else if (octet !== SP && octet !== HTAB) {
            return this.#refuse(at, octet, state);
          }
          break;
        case EXTENSION_START:
          if (OCTET_CLASS[octet]! & TCHAR) state = EXTENSION_NAME;
          else if (octet !== SP && octet !== HTAB) return this.#refuse(at, octet, state);
          break;
        case EXTENSION_NAME:
          if (OCTET_CLASS[octet]! & TCHAR) {
            at = this.#skipInLine(input, at, TCHAR);
            break;
          }
          if (octet === EQUALS) state = EXTENSION_VALUE_START;
          else if (octet === SEMICOLON) state = EXTENSION_START;
          else if (octet === CR) state = LINE_LF;
          else if (octet === SP || octet === HTAB) state = EXTENSION_NAME_WHITESPACE;
          else return this.#refuse(at, octet, state);
          break;
        case EXTENSION_NAME_WHITESPACE:
          if (octet === EQUALS) state = EXTENSION_VALUE_START;
          else if (octet === SEMICOLON) state = EXTENSION_START;
          else if (octet !== SP && octet !== HTAB) return this.#refuse(at, octet, state);
          break;
        case EXTENSION_VALUE_START:
          if (octet === DQUOTE) state = EXTENSION_QUOTED;
          else if (OCTET_CLASS[octet]! & TCHAR) state = EXTENSION_TOKEN;
          else if (octet !== SP && octet !== HTAB) return this.#refuse(at, octet, state);
          break;
        case EXTENSION_TOKEN:
        case EXTENSION_END:
          if (octet === CR) state = LINE_LF;
          else if (octet === SEMICOLON) state = EXTENSION_START;
          else if (octet === SP || octet === HTAB) state = EXTENSION_WHITESPACE;
          else if (state === EXTENSION_END || !(OCTET_CLASS[octet]! & TCHAR)) return this.#refuse(at, octet, state);
          else at = this.#skipInLine(input, at, TCHAR);
          break;
        case EXTENSION_QUOTED:
          if (OCTET_CLASS[octet]! & QDTEXT) at = this.#skipInLine(input, at, QDTEXT);
          else if (octet === DQUOTE) state = EXTENSION_END;
          else if (octet === BACKSLASH) state = EXTENSION_QUOTED_PAIR;
          else return this.#refuse(at, octet, state);
          break;
        case EXTENSION_QUOTED_PAIR:
          if (!(OCTET_CLASS[octet]! & FIELD_VALUE)) return this.#refuse(at, octet, state);
          state = EXTENSION_QUOTED;
          break;
        case EXTENSION_WHITESPACE:
          if (octet === SEMICOLON) state = EXTENSION_START;
          else if (octet !== SP && octet !== HTAB) return this.#refuse(at, octet, state);
          break;
        case LINE_LF:
          if (octet !== LF) return this.#refuse(at, octet, state);
          if (!this.#acceptChunkLine(at)) return at;
          if (this.#remaining === 0) {
            this.#line = [];
            state = TRAILER_START;
          } else {
            // The extensions tell why a chunk has no data only where the input ends before the data.
            if (lineStart >= 0 && at + 1 === length) this.#line.push(copyOctets(input, lineStart, at));
            else this.#line = [];
            state = DATA;
          }
          lineStart = -1;
          break;
        case DATA: {
          // Not before there is data: the chunk that aborts a body has none.
          if (this.bytes + this.#remaining > limits.maxBodyBytes) {
            return this.#stop(at, 'ERR_FRAMING_LIMIT', `a body over ${limits.maxBodyBytes} bytes`);
          }
          const end = Math.min(at + this.#remaining, length);
          this.#line = [];
          this.#run.take(input, at, end);
          this.bytes += end - at;
          this.#remaining -= end - at;
          at = end - 1;
          if (this.#remaining === 0) state = DATA_CR;
          break;
        }
        case DATA_CR:
          if (octet !== CR) return this.#refuse(at, octet, state);
          state = DATA_LF;
          break;
        case DATA_LF:
          if (octet !== LF) return this.#refuse(at, octet, state);
          this.#state = SIZE;
          return at + 1;
        case TRAILER_START:
          if (octet === CR) {
            state = END_LF;
          } else if (OCTET_CLASS[octet]! & TCHAR) {
            lineStart = at;
            state = TRAILER_NAME;
          } else {
            return this.#refuse(at, octet, state);
          }
          break;
        case TRAILER_NAME:
          if (OCTET_CLASS[octet]! & TCHAR) at = this.#skipInTrailer(input, at, TCHAR);
          else if (octet === COLON) state = TRAILER_VALUE;
          else return this.#refuse(at, octet, state);
          break;
        case TRAILER_VALUE:
          if (OCTET_CLASS[octet]! & FIELD_VALUE) at = this.#skipInTrailer(input, at, FIELD_VALUE);
          else if (octet === CR) state = TRAILER_LF;
          else return this.#refuse(at, octet, state);
          break;
        case TRAILER_LF:
          if (octet !== LF) return this.#refuse(at, octet, state);
          if (this.rawTrailers.length >= limits.maxTrailerFields) {
            return this.#stop(at, 'ERR_FRAMING_LIMIT', `over ${limits.maxTrailerFields} trailer fields`);
          }
          this.rawTrailers.push(this.#trailerField(input, lineStart, at));
          lineStart = -1;
          state = TRAILER_START;
          break;
        case END_LF:
          if (octet !== LF) return this.#refuse(at, octet, state);
          this.#state = DONE;
          this.consumed = this.#inputBytes + at + 1;
          return at + 1;
      }
    }
    if (lineStart >= 0) this.#line.push(copyOctets(input, lineStart));
    this.#state = state;
    return at;
  }

  /** From an octet of this class in a chunk line: the last one of its run, as far as the limit allows. */
  #skipInLine(input: Uint8Array, at: number, octetClass: number): number {
    const last = lastOfRun(input, at, at + this.#limits.maxChunkLineBytes - this.#lineBytes, octetClass);
    this.#lineBytes += last - at;
    return last;
  }

  /** The same in the trailer section. */
  #skipInTrailer(input: Uint8Array, at: number, octetClass: number): number {
    const last = lastOfRun(input, at, at + this.#limits.maxTrailerBytes - this.#trailerBytes, octetClass);
    this.#trailerBytes += last - at;
    return last;
  }

  /** A chunk line has come to its LF: applies the limit on what such lines may add up to. */
  #acceptChunkLine(at: number): boolean {
    const { maxChunkOverheadBytes } = this.#limits;
    const size = this.#remaining;
    // Framing in excess of 16 octets a chunk and twice the data adds up; data pays it off.
    this.#overheadBytes = Math.max(0, this.#overheadBytes + this.#lineBytes - 16 - 2 * size);
    if (this.#overheadBytes > maxChunkOverheadBytes) {
      this.#stop(at, 'ERR_FRAMING_LIMIT', `chunk lines that outweigh the data by ${maxChunkOverheadBytes} bytes`);
      return false;
    }
    this.#lineBytes = 0;
    return true;
  }

  /** The field line that ends with the LF at `at`, its earlier fragments put before it. */
  #trailerField(input: Uint8Array, lineStart: number, at: number): [name: string, value: string] {
    this.#line.push(input.subarray(lineStart, at));
    const line = joinOctets(this.#line);
    this.#line = [];
    const end = line.length - 1; // the CR
    return fieldPairFromLine(latin1FromOctets(line, 0, end));
  }

  #refuse(at: number, octet: number, state: number): number {
    this.#state = state;
    return this.#stop(at, 'ERR_FRAMING_MALFORMED', `${describeOctet(octet)}, expected ${this.#expected()}`);
  }

  /** Unless there is an error, the last `write` has not returned. */
  #loseRest(): void {
    if (this.error !== undefined) return;
    this.#fail('ERR_FRAMING_TRUNCATED', this.#inputBytes, 'input that was not taken to its end');
  }

  #stop(at: number, code: FramingErrorCode, found: string): number {
    this.#fail(code, this.#inputBytes + at, `found ${found}`);
    return at;
  }

  #fail(code: FramingErrorCode, offset: number, found: string): void {
    this.consumed = offset;
    this.#state = FAILED;
    this.#line = [];
    this.error = new FramingError(code, `At byte ${offset} of the chunked body: ${found}`, {
      offset,
      bytes: this.bytes,
    });
  }

  #expected(): string {
    return this.#state === DATA ? `${this.#remaining} more bytes of chunk-data` : EXPECTED[this.#state]!;
  }
}

/** The last octet of the run of this class that has come to `at`; none behind `limit`. */
function lastOfRun(input: Uint8Array, at: number, limit: number, octetClass: number): number {
  const end = Math.min(input.length - 1, limit);
  let last = at;
  while (last < end && OCTET_CLASS[input[last + 1]!]! & octetClass) last++;
  return last;
}

/**
 * The body and the trailers of one whole chunked message body (RFC 9112 §7.1).
 *
 * @returns `trailers`, without the names that may not trail; `rawTrailers`, with them; `consumed`, the length of the
 *   message in bytes: what lies after it is not looked at
 * @throws FramingError ERR_FRAMING_MALFORMED, ERR_FRAMING_LIMIT, ERR_FRAMING_TRUNCATED
 * @example
 * decodeChunked(bytes); // of '5\r\nhello\r\n0\r\n\r\n': { body: 'hello' in bytes, trailers: [], consumed: 15, … }
 */
export function decodeChunked(
  bytes: Uint8Array,
  options: { limits?: Partial<Limits> } = {},
): { body: Uint8Array; trailers: FieldPairs; rawTrailers: FieldPairs; consumed: number } {
  const pieces: Uint8Array[] = [];
  const decoder = new Decoder({ ...options, onData: (data) => pieces.push(data) });
  decoder.write(bytes);
  decoder.end();
  if (decoder.error !== undefined) throw decoder.error;
  const { rawTrailers, consumed } = decoder;
  return { body: joinOctets(pieces), trailers: withoutForbiddenTrailers(rawTrailers), rawTrailers, consumed };
}
