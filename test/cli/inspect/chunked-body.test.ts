/**
 * Strategy: chunked bodies of every kind (whole ones with all that the grammar allows, slightly broken ones, any octets,
 * the vectors of other implementations) are annotated and decoded. The two agree on the error and on the content; the
 * pieces are all the octets up to the error, each in the form and at the place that the grammar gives it (written here
 * from RFC 9112 §7.1); and the split does not matter.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Piece, PieceKind } from '../../../src/cli/inspect/piece.ts';
import { isDecidedByHead, missingVectors, octetsOf, readVectors, skip } from '../../strictness/vectors.ts';
import { anyWire, message, mutatedWire, split } from '../../support/arbitraries.ts';
import { decodeWhole } from '../../support/decoding.ts';
import { byteByByte, cutAt, everySplit, latin1, octets } from '../../support/octets.ts';
import { annotate, comparable, expectCovered, listed } from './annotating.ts';

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e\\x80-\\xff])*"';

const FORMS: Partial<Record<PieceKind, RegExp>> = {
  'chunk-size': /^(?!0+$)[0-9A-Fa-f]+$/,
  'last-chunk': /^0+$/,
  'chunk-ext': new RegExp(`^(?:[ \\t]*;[ \\t]*${TOKEN}(?:[ \\t]*=[ \\t]*(?:${TOKEN}|${QUOTED}))?)+$`),
  'trailer-field-line': new RegExp(`^${TOKEN}:[\\t \\x21-\\x7e\\x80-\\xff]*$`),
  crlf: /^\r\n$/,
  'body-end': /^\r\n$/,
};

/** What may stand behind what. A crlf is behind a size line, behind data or behind a trailer field line. */
const FOLLOWERS: Readonly<Record<string, readonly string[]>> = {
  '': ['chunk-size', 'last-chunk'],
  'chunk-size': ['chunk-ext', 'size crlf'],
  'size crlf': ['chunk-data'],
  'chunk-data': ['data crlf'],
  'data crlf': ['chunk-size', 'last-chunk'],
  'last-chunk': ['chunk-ext', 'last crlf'],
  'last crlf': ['trailer-field-line', 'body-end'],
  'trailer-field-line': ['field crlf'],
  'field crlf': ['trailer-field-line', 'body-end'],
  'body-end': ['behind'],
};

function expectGrammar(pieces: readonly Piece[]): void {
  let before = '';
  let line = '';
  pieces.forEach((piece, at) => {
    const { kind, length, octets, tail } = piece;
    if (kind === 'chunk-size' || kind === 'last-chunk') line = kind === 'chunk-size' ? 'size' : 'last';
    else if (kind === 'chunk-data') line = 'data';
    else if (kind === 'trailer-field-line') line = 'field';
    const now = kind === 'crlf' ? `${line} crlf` : kind;
    const allowed = before === 'chunk-ext' ? [`${line} crlf`] : FOLLOWERS[before];
    expect(allowed, `behind ${before}`).toContain(now);
    before = now;
    expect(piece.isWhole || at === pieces.length - 1).toBe(true);
    if (piece.isWhole && tail.length === 0 && FORMS[kind] !== undefined) expect(latin1(octets)).toMatch(FORMS[kind]);
    if (kind === 'chunk-size' && piece.isWhole) expect(piece.size).toBe(Number.parseInt(latin1(octets), 16));
    if (kind === 'chunk-data') expect(piece.isWhole).toBe(length === piece.size);
  });
}

/** Whether the rest would be taken for a response. */
const isAnotherResponse = (rest: string) => rest !== '' && 'HTTP/'.startsWith(rest.slice(0, 5));

function expectAgreement(wire: Uint8Array, pieces: Uint8Array[]): void {
  if (wire.length === 0 || isAnotherResponse(latin1(wire))) return;
  const decoding = decodeWhole(wire);
  if (isAnotherResponse(decoding.rest)) return;
  const annotation = annotate(pieces);
  const { error, verdicts } = annotation;
  expect({ code: error?.code, offset: error?.offset }).toEqual({ code: decoding.code, offset: decoding.offset });
  expectCovered(annotation, wire);
  expectGrammar(annotation.pieces);
  const data = annotation.pieces.filter(({ kind }) => kind === 'chunk-data');
  expect(data.map(({ offset, length }) => latin1(wire.subarray(offset, offset + length))).join('')).toBe(decoding.data);
  expect(verdicts).toHaveLength(1);
  const { counts } = verdicts[0]!;
  expect(counts).toMatchObject({
    octets: decoding.consumed,
    contentOctets: decoding.bytes,
    trailerFields: decoding.rawTrailers.length,
  });
}

describe('the annotation agrees with the Decoder, and is the octets', () => {
  test.each([
    ['whole messages', message.map(({ wire }) => wire), 300],
    ['messages with small changes', mutatedWire, 500],
    ['any octets', anyWire, 300],
  ] as const)('%s', (_, wires, numRuns) => {
    fc.assert(
      fc.property(wires, split, (wire, cut) => expectAgreement(wire, cut(wire))),
      { numRuns },
    );
  });

  test.each(readVectors().filter((vector) => !isDecidedByHead(vector)))('$id: $why', (vector) => {
    const wire = octetsOf(vector).subarray(vector.body_offset ?? 0);
    expectAgreement(wire, [wire]);
    expectAgreement(wire, byteByByte(wire));
  });

  test('the vectors of other implementations', (context) => {
    if (missingVectors !== undefined) skip(context, missingVectors);
  });
});

describe('the split does not matter', () => {
  test('RFC 9112 §7.1: every production, cut everywhere', () => {
    const wire = octets('5;a="b;\\"c" ; d\r\nhello\r\n00b\r\nhello world\r\n000;x\r\nETag: "a"\r\nHost:\r\n\r\nbehind');
    const whole = annotate([wire]);
    expect(listed(whole)).toEqual([
      ['chunk-size', '5'],
      ['chunk-ext', ';a="b;\\"c" ; d'],
      ['crlf', '\r\n'],
      ['chunk-data', 'hello'],
      ['crlf', '\r\n'],
      ['chunk-size', '00b'],
      ['crlf', '\r\n'],
      ['chunk-data', 'hello world'],
      ['crlf', '\r\n'],
      ['last-chunk', '000'],
      ['chunk-ext', ';x'],
      ['crlf', '\r\n'],
      ['trailer-field-line', 'ETag: "a"'],
      ['crlf', '\r\n'],
      ['trailer-field-line', 'Host:'],
      ['crlf', '\r\n'],
      ['body-end', '\r\n'],
      ['behind', 'behind'],
    ]);
    expect(whole.pieces.filter(({ note }) => note !== undefined).map(({ offset }) => offset)).toEqual([
      wire.indexOf(0x48),
    ]);
    for (const pieces of [byteByByte(wire), ...everySplit(wire)]) {
      expect(comparable(annotate(pieces))).toEqual(comparable(whole));
    }
  });

  test('with chunks that are summed up, too', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          message.map(({ wire }) => wire),
          mutatedWire,
        ),
        split,
        fc.nat(3),
        (wire, cut, shownChunks) => {
          if (wire.length === 0) return;
          const whole = annotate([wire], { shownChunks });
          expectCovered(whole, wire);
          expect(comparable(annotate(cut(wire), { shownChunks }))).toEqual(comparable(whole));
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('many chunks', () => {
  const chunk = (size: number, extension = '') => `${size.toString(16)}${extension}\r\n${'x'.repeat(size)}\r\n`;
  const wire = octets(Array.from({ length: 99 }, (_, at) => chunk(at + 1, at + 1 === 50 ? ';n' : '')).join(''));

  test('the first are shown, the others summed up in rows that double, and the broken one is shown', () => {
    const annotation = annotate([wire, octets('3\r\nab')], { shownChunks: 16 });
    expectCovered(annotation, octets(`${latin1(wire)}3\r\nab`));
    const runs = annotation.events.filter((event) => event.type === 'chunks');
    expect(
      runs.map(({ from, to, bytes, smallest, largest, extensions }) => [
        from,
        to,
        bytes,
        smallest,
        largest,
        extensions,
      ]),
    ).toEqual([
      [17, 32, 392, 17, 32, 0],
      [33, 64, 1552, 33, 64, 1],
      [65, 99, 2870, 65, 99, 0],
    ]);
    expect(listed(annotation).slice(-3)).toEqual([
      ['chunk-size', '3'],
      ['crlf', '\r\n'],
      ['chunk-data', 'ab'],
    ]);
    expect(annotation.pieces).toHaveLength(16 * 4 + 3);
    expect(annotation.verdicts[0]).toMatchObject({ kind: 'truncated', counts: { chunks: 99, chunkExtensions: 1 } });
  });

  test('cut anywhere, they are summed up alike', () => {
    const whole = comparable(annotate([wire], { shownChunks: 2 }));
    for (let step = 1; step < 40; step++) {
      const cuts = Array.from({ length: Math.floor(wire.length / step) }, (_, at) => at * step);
      expect(comparable(annotate(cutAt(wire, cuts), { shownChunks: 2 }))).toEqual(whole);
    }
  });

  test('a long piece keeps its ends only', () => {
    const data = `${'a'.repeat(56)}${'b'.repeat(100_000)}${'c'.repeat(16)}`;
    const long = octets(`${data.length.toString(16)}\r\n${data}\r\n0\r\n\r\n`);
    const cuts = Array.from({ length: 5000 }, (_, at) => at * 20);
    for (const pieces of [[long], cutAt(long, cuts)]) {
      const piece = annotate(pieces).pieces.find(({ kind }) => kind === 'chunk-data')!;
      expect([latin1(piece.octets), latin1(piece.tail), piece.length]).toEqual([
        'a'.repeat(56),
        'c'.repeat(16),
        data.length,
      ]);
    }
  });
});
