/**
 * What is fuzzed: functions of any octets that throw where an invariant does not hold, and return for every input, good or
 * bad. They have the signature that jazzer.js and libFuzzer call; the seeds are in seeds.ts, the engine of `npm run fuzz`
 * in engine.ts.
 */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { parseContentDigest, preferredDigest, serializeContentDigest } from '../../src/core/content-digest.ts';
import { Decoder } from '../../src/core/decoder.ts';
import { FramingError, HeadError } from '../../src/core/errors.ts';
import { fieldPairFromLine, mayTrail, serializeFieldLines, serializeTrailers } from '../../src/core/fields.ts';
import { isToken } from '../../src/core/grammar.ts';
import type { Limits } from '../../src/core/limits.ts';
import { parseStreamStatus, serializeStreamStatus } from '../../src/core/stream-status.ts';
import { parseDictionary, parseItem } from '../../src/core/structured-fields.ts';
import { judge } from '../../src/core/verdict.ts';
import { HeadScanner } from '../../src/node/head/head-scanner.ts';
import { parseRequestHead, parseResponseHead, responseFraming } from '../../src/node/head/message-head.ts';
import { latin1 } from '../support/octets.ts';
import { readChunked } from '../support/reference.ts';

export type Target = (input: Uint8Array) => void;

/** Small enough to be passed by short inputs. */
const NARROW: Partial<Limits> = {
  maxChunkLineBytes: 24,
  maxChunkOverheadBytes: 12,
  maxTrailerBytes: 32,
  maxTrailerFields: 2,
  maxBodyBytes: 48,
};

/**
 * The first octet chooses limits and the splits, the others are the wire. One result, whatever the splits; done or one
 * FramingError; and under the default limits the same reading as the grammar of the RFC, written apart (reference.ts).
 */
export const decoder: Target = (input) => {
  const [choice = 0] = input;
  const wire = input.subarray(1);
  const limits = (choice & 1) === 0 ? {} : NARROW;
  const whole = decode([wire], limits);
  deepEqual(
    decode(
      pieces(wire, () => 1),
      limits,
    ),
    whole,
    'byte by byte',
  );
  deepEqual(decode(pieces(wire, lengthsFrom(choice)), limits), whole, 'in pieces');
  if (limits === NARROW || whole.code === 'ERR_FRAMING_LIMIT') return;
  const reading = readChunked(latin1(wire));
  equal(reading !== undefined, whole.done, 'the grammar of the RFC');
  if (reading === undefined) return;
  const { data, rawTrailers, consumed, rest } = whole;
  deepEqual({ data, trailers: rawTrailers, consumed }, reading);
  equal(rest, latin1(wire.subarray(consumed)));
};

function decode(input: Iterable<Uint8Array>, limits: Partial<Limits>) {
  let data = '';
  let isCalledWithNothing = false;
  const decoder = new Decoder({
    limits,
    onData(piece) {
      data += latin1(piece);
      isCalledWithNothing ||= piece.length === 0;
    },
  });
  let bytes = 0;
  for (const piece of input) {
    bytes += piece.length;
    decoder.write(piece);
  }
  const wasStopped = decoder.error !== undefined;
  decoder.end();
  const { error, done, consumed, rest, rawTrailers, abortReason } = decoder;
  ok(!isCalledWithNothing);
  equal(done, error === undefined);
  equal(decoder.bytes, data.length);
  if (error === undefined) {
    equal(consumed + rest.length, bytes);
  } else {
    ok(error instanceof FramingError);
    ok((wasStopped ? /^ERR_FRAMING_(MALFORMED|LIMIT)$/ : /^ERR_FRAMING_TRUNCATED$/).test(error.code), error.code);
    equal(error.offset, consumed);
    equal(rest.length, 0);
  }
  const { kind } = judge({ error, abortReason, rawTrailers, bytes: decoder.bytes });
  if (error !== undefined) ok(kind === 'malformed' || kind === 'truncated' || kind === 'failed', kind);
  return {
    data,
    done,
    code: error?.code,
    offset: error?.offset,
    consumed,
    rest: latin1(rest),
    rawTrailers,
    abortReason,
  };
}

/**
 * A field of any name and value, cut from the input at its first octet: either it is refused, or it is one line that is
 * read back as it was, by the trailer section of the Decoder too.
 */
export const fields: Target = (input) => {
  const [length = 0, width = 0] = input;
  // Of one octet a character, or of two: past latin1 too.
  const text = Buffer.from(input.subarray(2)).toString((width & 1) === 0 ? 'latin1' : 'utf16le');
  const name = text.slice(0, length);
  const value = text.slice(length);
  let line: string;
  try {
    line = serializeFieldLines([[name, value]]);
  } catch (error) {
    ok(error instanceof TypeError);
    return;
  }
  ok(isToken(name));
  ok(/^[^\0\r\n]*\r\n$/.test(line));
  const trimmed = value.replace(/^[ \t]+|[ \t]+$/g, '');
  deepEqual(fieldPairFromLine(line.slice(0, -2)), [name, trimmed]);
  if (!mayTrail(name)) return;
  const section = serializeTrailers([[name, value]]);
  const decoder = new Decoder({ onData() {} });
  decoder.write(Buffer.concat([Buffer.from('0\r\n'), section, Buffer.from('\r\n')]));
  if (decoder.error?.code === 'ERR_FRAMING_LIMIT') return;
  ok(decoder.done);
  deepEqual(decoder.rawTrailers, [[name, trimmed]]);
};

/** Every reader of a structured field takes any text; what a reader gives, its writer writes so that it is read again. */
export const structuredFields: Target = (input) => {
  const text = latin1(input);
  parseItem(text);
  parseDictionary(text);
  preferredDigest(text);
  const digests = parseContentDigest(text);
  if (digests !== undefined && [...digests].every(isWholeDigest)) {
    deepEqual(parseContentDigest(serializeContentDigest(digests)), digests);
  }
  const status = parseStreamStatus(text);
  if (status !== undefined) {
    const { bytes } = status;
    ok(bytes === undefined || (Number.isInteger(bytes) && bytes >= 0 && bytes < 1e15));
    if (status.kind === 'ok' || isWritable(status)) deepEqual(parseStreamStatus(serializeStreamStatus(status)), status);
  }
  // Any text as the details of a failure: no octet of it may be more than part of a String.
  const written = serializeStreamStatus({ kind: 'error', details: Buffer.from(input).toString('utf16le') + text });
  ok(/^error;details="[ -~]*"$/.test(written), written);
  equal(parseStreamStatus(written)?.kind, 'error');
};

/** A digest of another length is read, and found to disagree; it is not written. */
function isWholeDigest([algorithm, { length }]: [string, Uint8Array]): boolean {
  return length > 0 && length === ({ 'sha-256': 32, 'sha-512': 64 }[algorithm] ?? length);
}

function isWritable({ type, details }: { type?: string; details?: string }): boolean {
  return (type?.length ?? 0) <= 64 && (details?.length ?? 0) <= 256;
}

/**
 * The first octet chooses the splits, the others come from a socket: a head with what is behind it, or a FramingError, the
 * same at any split; and a head that is taken has tokens for names, and values that no line can end in.
 */
export const head: Target = (input) => {
  const [choice = 0] = input;
  const wire = input.subarray(1);
  const isRequest = (choice & 1) !== 0;
  const whole = scan([wire], isRequest);
  deepEqual(
    scan(
      pieces(wire, () => 1),
      isRequest,
    ),
    whole,
    'byte by byte',
  );
  deepEqual(scan(pieces(wire, lengthsFrom(choice)), isRequest), whole, 'in pieces');
  // Whatever the scanner says, the parser takes any octets that end with an empty line.
  const octets = Buffer.concat([wire, Buffer.from('\r\n\r\n')]);
  const parsed = refusable(() => (isRequest ? parseRequestHead(octets, 8) : parseResponseHead(octets, 8)));
  if (parsed === undefined) return;
  ok(parsed.rawHeaders.length <= 8);
  for (const [name, value] of parsed.rawHeaders) {
    ok(isToken(name));
    ok(!/[\0\r\n]/.test(value));
  }
  if (!('statusCode' in parsed)) return;
  for (const method of ['GET', 'HEAD', 'CONNECT']) refusable(() => responseFraming(parsed, method));
};

function scan(input: Iterable<Uint8Array>, isRequest: boolean): unknown {
  const scanner = new HeadScanner(96, isRequest);
  const behind: Uint8Array[] = [];
  let found: { head: Buffer; rest: Buffer } | undefined;
  for (const piece of input) {
    if (found !== undefined) {
      behind.push(piece);
      continue;
    }
    try {
      found = scanner.write(piece);
    } catch (error) {
      ok(error instanceof HeadError);
      return { code: error.code, offset: error.offset };
    }
  }
  if (found === undefined) return { bytes: scanner.bytes };
  return { head: latin1(found.head), rest: latin1(Buffer.concat([found.rest, ...behind])) };
}

/** @returns undefined if a HeadError was thrown */
function refusable<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    ok(error instanceof HeadError);
    ok(error.code === 'ERR_HEAD_MALFORMED' || error.code === 'ERR_HEAD_LIMIT', error.code);
    return undefined;
  }
}

function* pieces(data: Uint8Array, nextLength: () => number): Generator<Uint8Array> {
  for (let at = 0; at < data.length; ) {
    const end = at + nextLength();
    yield data.subarray(at, end);
    at = end;
  }
}

/** Lengths from 0 to 15, as the octet says. */
function lengthsFrom(octet: number): () => number {
  let state = octet;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state >> 27;
  };
}

export const TARGETS: Readonly<Record<string, Target>> = {
  decoder,
  fields,
  'structured-fields': structuredFields,
  head,
};
