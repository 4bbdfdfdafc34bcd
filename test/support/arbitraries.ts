/**
 * What the properties are about: content, ways to cut octets up, trailers, whole chunked messages with everything that the
 * grammar allows, and octets that are almost such messages. A message knows what it must decode to, since it is made from it.
 */
import fc, { type Arbitrary } from 'fast-check';
import type { FieldPairs } from '../../src/core/fields.ts';
import type { ErrorStatus } from '../../src/core/stream-status.ts';
import { byteByByte, cutAt, octets, pattern } from './octets.ts';

/** Content: often short, sometimes past the lengths at which encoder and decoder change how they work. */
export const body: Arbitrary<Uint8Array> = fc.oneof(
  { weight: 4, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.integer({ min: 0, max: 6000 }), fc.nat(255)).map(([n, seed]) => pattern(n, seed)),
  },
);

/** Cuts octets into pieces, empty ones among them. */
export type Split = (data: Uint8Array) => Uint8Array[];

export const split: Arbitrary<Split> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Split>(byteByByte) },
  {
    weight: 6,
    arbitrary: fc.array(fc.nat(0xffff), { maxLength: 12 }).map<Split>((cuts) => (data) => cutAt(data, cuts)),
  },
);

const charactersOf = (alphabet: string, size: { minLength?: number; maxLength: number }) =>
  fc.array(fc.constantFrom(...alphabet), size).map((characters) => characters.join(''));

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const TCHARS = `!#$%&'*+-.^_\`|~0123456789${LETTERS}`;
const OBS_TEXT = Array.from({ length: 128 }, (_, at) => String.fromCharCode(0x80 + at)).join('');
const VCHARS = Array.from({ length: 94 }, (_, at) => String.fromCharCode(0x21 + at)).join('');

/** RFC 9110 §5.6.2 */
export const token = charactersOf(TCHARS, { minLength: 1, maxLength: 8 });
/** RFC 9110 §5.6.3: BWS and OWS */
const whitespace = fc.oneof(fc.constant(''), charactersOf(' \t', { maxLength: 3 }));
/** RFC 9110 §5.6.4 */
const quotedString = fc
  .array(
    fc.oneof(
      charactersOf(`\t ${VCHARS}${OBS_TEXT}`.replace(/["\\]/g, ''), { minLength: 1, maxLength: 1 }),
      charactersOf(`\t ${VCHARS}${OBS_TEXT}`, { minLength: 1, maxLength: 1 }).map((character) => `\\${character}`),
    ),
    { maxLength: 6 },
  )
  .map((parts) => `"${parts.join('')}"`);

/** RFC 9112 §7.1.1: BWS ";" BWS name [ BWS "=" BWS val ] */
const extension = fc
  .tuple(whitespace, whitespace, token, fc.option(fc.tuple(whitespace, whitespace, fc.oneof(token, quotedString))))
  .map(([before, behind, name, value]) => {
    const assigned = value === null ? '' : `${value[0]}=${value[1]}${value[2]}`;
    return `${before};${behind}${name}${assigned}`;
  });
const extensions = fc.array(extension, { maxLength: 2 }).map((parts) => parts.join(''));

/** RFC 9110 §5.5: without whitespace at its ends */
const fieldContent = charactersOf(`${VCHARS}${OBS_TEXT} \t`, { maxLength: 10 }).map((text) =>
  text.replace(/^[ \t]+|[ \t]+$/g, ''),
);
/** Names that are not among those that may not trail: they end in a symbol that none of those has. */
const trailerName = fc.oneof(
  fc.constantFrom('X-Stream-Status', 'Content-Digest', 'Server-Timing', 'ETag', 'a', 'A'),
  token.map((name) => `${name}~`),
);

export const trailers: Arbitrary<FieldPairs> = fc.array(fc.tuple(trailerName, fieldContent), { maxLength: 4 });

export interface Message {
  wire: Uint8Array;
  body: Uint8Array;
  trailers: FieldPairs;
}

const sizeOf = (length: number, zeros: number, isUpper: boolean) => {
  const digits = '0'.repeat(zeros) + length.toString(16);
  return isUpper ? digits.toUpperCase() : digits;
};

const chunk = fc
  .tuple(fc.uint8Array({ minLength: 1, maxLength: 24 }), fc.nat(9), fc.boolean(), extensions)
  .map(([data, zeros, isUpper, ext]) => ({ data, line: sizeOf(data.length, zeros, isUpper) + ext }));

const fieldLine = fc
  .tuple(fc.oneof(trailerName, token), whitespace, fieldContent, whitespace)
  .map(([name, before, value, behind]) => ({
    pair: [name, value] as [string, string],
    line: `${name}:${before}${value}${behind}`,
  }));

/** A whole chunked message body (RFC 9112 §7.1) within the default limits. */
export const message: Arbitrary<Message> = fc
  .tuple(fc.array(chunk, { maxLength: 4 }), fc.nat(3), extensions, fc.array(fieldLine, { maxLength: 3 }))
  .map(([chunks, zeros, ext, lines]) => ({
    wire: new Uint8Array(
      Buffer.concat([
        ...chunks.flatMap(({ data, line }) => [octets(`${line}\r\n`), data, octets('\r\n')]),
        octets(`0${'0'.repeat(zeros)}${ext}\r\n`),
        ...lines.map(({ line }) => octets(`${line}\r\n`)),
        octets('\r\n'),
      ]),
    ),
    body: new Uint8Array(Buffer.concat(chunks.map(({ data }) => data))),
    trailers: lines.map(({ pair }) => pair),
  }));

/** Octets that mean something to a chunked decoder, and some that must never. */
const signOctet = fc.constantFrom(...Array.from('\r\n \t;="\\:,0159afAFgx\0\x7f\xe9-+', (sign) => sign.charCodeAt(0)));

type Mutation = (wire: number[]) => void;
const mutation: Arbitrary<Mutation> = fc
  .tuple(
    fc.constantFrom('replace', 'insert', 'delete', 'repeat', 'cut'),
    fc.nat(0xffff),
    signOctet,
    fc.integer({ min: 1, max: 6 }),
  )
  .map(([kind, where, octet, length]) => (wire) => {
    const at = where % (wire.length + 1);
    if (kind === 'replace') wire.splice(at, 1, octet);
    else if (kind === 'insert') wire.splice(at, 0, octet);
    else if (kind === 'delete') wire.splice(at, length === 6 ? 2 : 1);
    else if (kind === 'repeat') wire.splice(at, 0, ...wire.slice(at, at + length));
    else wire.length = at;
  });

/** A message with up to three small changes: mostly broken, sometimes still whole. */
export const mutatedWire: Arbitrary<Uint8Array> = fc
  .tuple(message, fc.array(mutation, { minLength: 1, maxLength: 3 }))
  .map(([{ wire }, mutations]) => {
    const changed = [...wire];
    for (const mutate of mutations) mutate(changed);
    return Uint8Array.from(changed);
  });

/** Any octets at all: of all values, or of those with a meaning. */
export const anyWire: Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc.array(signOctet, { maxLength: 60 }).map((wire) => Uint8Array.from(wire)),
);

/** A failure that a sender can report, with any text as its details. */
export const errorStatus: Arbitrary<ErrorStatus> = fc
  .record({
    bytes: fc.option(fc.nat(), { nil: undefined }),
    type: fc.option(fc.constantFrom('source_error', 'timeout', 'connection_terminated'), { nil: undefined }),
    details: fc.option(fc.string({ unit: 'binary', maxLength: 300 }), { nil: undefined }),
  })
  .map(({ bytes, type, details }) => ({
    kind: 'error',
    ...(bytes !== undefined && { bytes }),
    ...(type !== undefined && { type }),
    ...(details !== undefined && { details }),
  }));
