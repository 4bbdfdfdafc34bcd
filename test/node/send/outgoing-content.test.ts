/**
 * Strategy: whatever is added, in whatever order and size, comes out as Node's own Buffer would concatenate it; the sizes
 * stand on both sides of every threshold. The memory of what was added is overwritten where that is promised to be fine.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Encoder } from '../../../src/core/encoder.ts';
import {
  MAX_COPIED_BYTES,
  MAX_WAITING_BYTES,
  OutgoingContent,
  SMALL_SLAB_ROOM,
} from '../../../src/node/send/outgoing-content.ts';
import { concat, octets, pattern } from '../../support/octets.ts';

const LARGE_SLAB_ROOM = MAX_WAITING_BYTES + MAX_COPIED_BYTES;

/** Sizes at which something changes, and their neighbours. */
const SIZES = [0, 1, 24, 25, 32, 33, SMALL_SLAB_ROOM, MAX_COPIED_BYTES, MAX_WAITING_BYTES, LARGE_SLAB_ROOM]
  .flatMap((size) => [size - 1, size, size + 1])
  .filter((size, at, all) => size >= 0 && all.indexOf(size) === at);

const OCTETS = pattern(LARGE_SLAB_ROOM + 1000);
/** `size` octets, others for another seed. */
const someOctets = (size: number, seed = 0) => OCTETS.slice(seed, seed + size);

/** Checks both ways out, and gives the memory back. */
function assertContent(content: OutgoingContent, expected: Uint8Array) {
  expect(content.size).toBe(expected.length);
  expect(Buffer.compare(concat(content.pieces()), expected)).toBe(0);
  const header = octets(`${expected.length.toString(16)}\r\n`);
  const chunk = expected.length === 0 ? [] : [header, expected, octets('\r\n')];
  expect(Buffer.compare(concat(content.framed(new Encoder())), concat(chunk))).toBe(0);
  expect(Buffer.compare(concat(content.pieces()), expected)).toBe(0);
  content.release();
}

describe('RFC 9112 §7.1: one chunk with all that was added', () => {
  test.each(SIZES)('%i octets, after nothing, a little, and much', (size) => {
    for (const before of [0, 5, SMALL_SLAB_ROOM, MAX_COPIED_BYTES, MAX_COPIED_BYTES + 1]) {
      for (const isLarge of [false, true]) {
        const content = new OutgoingContent(isLarge);
        const parts = [someOctets(before, 1), someOctets(size, 2), someOctets(7, 3)];
        for (const part of parts) content.add(part);
        assertContent(content, concat(parts));
      }
    }
  });

  test('nothing at all, and empty data, make none', () => {
    const content = new OutgoingContent();
    assertContent(content, new Uint8Array(0));
    content.add(new Uint8Array(0));
    expect(content.addText('')).toBe(0);
    assertContent(content, new Uint8Array(0));
  });

  test('grows from a small slab to a large one, and past that', () => {
    const content = new OutgoingContent();
    const parts: Uint8Array[] = [];
    for (let at = 0; at < 20_000; at++) parts.push(someOctets((at % 13) + 1, at % 256));
    for (const part of parts) content.add(part);
    assertContent(content, concat(parts));
  });

  test('property: any sequence of data and text', () => {
    const size = fc.oneof(fc.nat(60), fc.constantFrom(...SIZES));
    const addition = fc.oneof(
      fc.tuple(fc.constant('data' as const), size),
      fc.tuple(fc.constant('text' as const), fc.string({ unit: 'binary', maxLength: 60 })),
      fc.tuple(
        fc.constant('repeated' as const),
        fc.tuple(fc.constantFrom('a', 'é', '€', '😀', '\ud800'), fc.nat(6000)),
      ),
    );
    fc.assert(
      fc.property(fc.array(addition, { maxLength: 12 }), fc.boolean(), (additions, isLarge) => {
        const content = new OutgoingContent(isLarge);
        const expected: Uint8Array[] = [];
        for (const [at, [kind, value]] of additions.entries()) {
          const text = kind === 'text' ? value : kind === 'repeated' ? value[0].repeat(value[1]) : undefined;
          const data = kind === 'data' ? someOctets(value, at) : Buffer.from(text!);
          if (text === undefined) content.add(data);
          else expect(content.addText(text)).toBe(data.length);
          expected.push(Uint8Array.from(data));
        }
        assertContent(content, concat(expected));
      }),
    );
  });
});

describe('text is UTF-8, as Buffer.from has it', () => {
  test.each([
    ['ASCII', 'plain'],
    ['the end of ASCII', '\u007f\u0080'],
    ['two octets', 'é'],
    ['three octets', '€'],
    ['four octets', '😀'],
    ['a lone high surrogate', 'a\ud83db'],
    ['a lone high surrogate at the end', 'a\ud83d'],
    ['a lone low surrogate', '\ude00a'],
    ['surrogates in the wrong order', '\ude00\ud83d'],
    ['NUL, CR and LF', '\0\r\n'],
    ['a byte order mark', '\ufeffa'],
  ])('%s', (_, text) => {
    const longest = Math.floor(MAX_COPIED_BYTES / 3 / text.length) + 2;
    for (const times of [1, 2, 8, 13, 700, longest - 3, longest]) {
      for (const before of [0, SMALL_SLAB_ROOM - 2]) {
        const content = new OutgoingContent();
        const [head, data] = [someOctets(before), Buffer.from(text.repeat(times))];
        content.add(head);
        expect(content.addText(text.repeat(times))).toBe(data.length);
        assertContent(content, concat([head, data]));
      }
    }
  });

  test('in a row, to the end of the large slab and beyond', () => {
    const content = new OutgoingContent();
    let expected = '';
    for (let at = 0; at < 4000; at++) {
      const text = ['a', 'é', '€€€€€€€€€', '😀', 'plain text of more than 24 characters', '\udc00'][at % 6]!;
      content.addText(text);
      expected += text;
    }
    // A surrogate that is lone in its own write stays so, whatever its neighbours are.
    assertContent(content, new Uint8Array(Buffer.from(expected)));
  });

  test('the halves of a pair in two writes are two lone surrogates, as with Buffer.from', () => {
    const content = new OutgoingContent();
    content.addText('\ud83d');
    content.addText('\ude00');
    assertContent(content, concat([Buffer.from('\ud83d'), Buffer.from('\ude00')]));
  });
});

describe('memory', () => {
  test.each([1, 32, 33, SMALL_SLAB_ROOM, SMALL_SLAB_ROOM + 1, MAX_COPIED_BYTES])(
    '%i octets are copied: what was added may change',
    (size) => {
      for (const before of [0, 10, MAX_COPIED_BYTES + 1]) {
        const content = new OutgoingContent();
        content.add(someOctets(before, 1));
        const data = someOctets(size);
        content.add(data);
        data.fill(0);
        assertContent(content, concat([someOctets(before, 1), someOctets(size)]));
      }
    },
  );

  test('larger data is handed on as it is after a little, too, though there is room for it in the slab', () => {
    for (const isLarge of [false, true]) {
      const content = new OutgoingContent(isLarge);
      const data = someOctets(MAX_COPIED_BYTES + 1);
      content.add(someOctets(10, 1));
      content.add(data);
      expect(content.pieces()[1]).toBe(data);
      assertContent(content, concat([someOctets(10, 1), data]));
    }
  });

  test('larger data is handed on as it is, and never written to', () => {
    const content = new OutgoingContent();
    const data = someOctets(MAX_COPIED_BYTES + 1);
    content.add(data);
    expect(content.pieces()).toEqual([data]);
    expect(content.pieces()[0]).toBe(data);
    content.add(someOctets(10));
    assertContent(content, concat([someOctets(MAX_COPIED_BYTES + 1), someOctets(10)]));
    expect(Buffer.compare(data, someOctets(MAX_COPIED_BYTES + 1))).toBe(0);
  });

  test('small data is one piece with its framing, so one write to the socket', () => {
    const content = new OutgoingContent();
    for (let at = 0; at < 100; at++) content.addText('token ');
    expect(content.framed(new Encoder())).toHaveLength(1);
    content.release();
  });

  test('isLarge says whether a small slab would have held it', () => {
    const content = new OutgoingContent();
    content.add(someOctets(SMALL_SLAB_ROOM));
    expect(content.isLarge).toBe(false);
    content.addText('x');
    expect(content.isLarge).toBe(true);
    content.release();
  });
});
