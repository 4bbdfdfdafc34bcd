/**
 * Decodes chunked octets whole, byte by byte and at every split into two, and checks that each way gives the same: data,
 * trailers, error code and offset, rest, abort reason. What is expected is written out by the test.
 */
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { Decoder } from '../../src/core/decoder.ts';
import { FramingError, type FramingErrorCode } from '../../src/core/errors.ts';
import type { FieldPairs } from '../../src/core/fields.ts';
import type { Limits } from '../../src/core/limits.ts';
import { byteByByte, concat, everySplit, latin1, octets } from './octets.ts';

/** All that a Decoder says, as plain values that can be compared. */
export interface Decoding {
  data: string;
  bytes: number;
  rawTrailers: FieldPairs;
  done: boolean;
  code: FramingErrorCode | undefined;
  offset: number | undefined;
  consumed: number;
  rest: string;
  abortReason: string | undefined;
}

/** Writes the pieces to a Decoder and ends it; the same in place, on copies that the decoder may write to. */
export function decodePieces(pieces: Iterable<Uint8Array>, limits: Partial<Limits> = {}): Decoding {
  const kept = Array.from(pieces);
  const inPlace = decode(
    kept.map((piece) => piece.slice()),
    limits,
    true,
  );
  const before = latin1(concat(kept));
  const decoding = decode(kept, limits, false);
  if (latin1(concat(kept)) !== before) throw new Error("input that is not the decoder's was written to");
  if (!isDeepStrictEqual(inPlace, decoding)) expect(inPlace, 'in place').toEqual(decoding);
  return decoding;
}

function decode(pieces: readonly Uint8Array[], limits: Partial<Limits>, ownsInput: boolean): Decoding {
  const data: Uint8Array[] = [];
  const decoder = new Decoder({ onData: (piece) => data.push(piece), limits });
  for (const piece of pieces) decoder.write(piece, ownsInput);
  decoder.end();
  // Read only now: what was handed on must still be as it was.
  if (data.some((piece) => piece.length === 0)) throw new Error('onData was called with nothing');
  const { error } = decoder;
  if (error !== undefined && !(error instanceof FramingError)) throw new Error('an error that is no FramingError');
  return {
    data: latin1(concat(data)),
    bytes: decoder.bytes,
    rawTrailers: decoder.rawTrailers,
    done: decoder.done,
    code: error?.code,
    offset: error?.offset,
    consumed: decoder.consumed,
    rest: latin1(decoder.rest),
    abortReason: decoder.abortReason,
  };
}

export function decodeWhole(wire: Uint8Array, limits: Partial<Limits> = {}): Decoding {
  return decodePieces([wire], limits);
}

/** Wires longer than this have a sample of the splits that are behind the octet at which the decoder stops. */
const LONG_BYTES = 8192;
const SAMPLE_STEP = 499;

/** Every way of feeding the octets gives this. */
export function expectAnySplit(wire: Uint8Array, expected: Decoding, limits: Partial<Limits> = {}): void {
  const same = (how: string, pieces: Iterable<Uint8Array>) => {
    const actual = decodePieces(pieces, limits);
    if (!isDeepStrictEqual(actual, expected)) expect({ how, ...actual }).toEqual({ how, ...expected });
  };
  same('whole', [wire]);
  same('byte by byte', byteByByte(wire));
  const lookedAt = wire.length > LONG_BYTES ? expected.consumed + 2 : wire.length;
  for (const [head, tail] of everySplit(wire)) {
    if (head.length <= lookedAt || head.length % SAMPLE_STEP === 0) same(`cut at ${head.length}`, [head, tail]);
  }
}

interface Accepted {
  trailers?: FieldPairs;
  rest?: string;
  limits?: Partial<Limits>;
}

/** The wire is a whole message with this content, at any split. */
export function expectAccepted(wire: string, data: string, { trailers = [], rest = '', limits = {} }: Accepted = {}) {
  const expected: Decoding = {
    data,
    bytes: data.length,
    rawTrailers: trailers,
    done: true,
    code: undefined,
    offset: undefined,
    consumed: wire.length - rest.length,
    rest,
    abortReason: undefined,
  };
  expectAnySplit(octets(wire), expected, limits);
}

interface Refused {
  /** The content before the error. */
  data?: string;
  /** The trailer fields before the error. */
  trailers?: FieldPairs;
  abortReason?: string;
  limits?: Partial<Limits>;
}

/** The wire breaks with this code at the octet of this offset, at any split. */
export function expectRefused(wire: string, code: FramingErrorCode, offset: number, details: Refused = {}) {
  const { data = '', trailers = [], abortReason, limits = {} } = details;
  const expected: Decoding = {
    data,
    bytes: data.length,
    rawTrailers: trailers,
    done: false,
    code,
    offset,
    consumed: offset,
    rest: '',
    abortReason,
  };
  expectAnySplit(octets(wire), expected, limits);
}

export function expectMalformed(wire: string, offset: number, details: Refused = {}) {
  expectRefused(wire, 'ERR_FRAMING_MALFORMED', offset, details);
}

/** The wire is a proper prefix of a message: the input ends too soon, which is noticed at its end. */
export function expectTruncated(wire: string, details: Refused = {}) {
  expectRefused(wire, 'ERR_FRAMING_TRUNCATED', wire.length, details);
}
