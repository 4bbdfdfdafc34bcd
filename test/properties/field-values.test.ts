/**
 * Invariant: field values come from a peer, so reading never throws; and what is sent is read again, whatever text or
 * octets the application put in.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readAbortReason, serializeAbortChunk } from '../../src/core/abort-line.ts';
import { parseContentDigest, preferredDigest, serializeContentDigest } from '../../src/core/content-digest.ts';
import { parseStreamStatus, serializeStreamStatus } from '../../src/core/stream-status.ts';
import {
  parseDictionary,
  parseItem,
  serializeByteSequence,
  serializeString,
} from '../../src/core/structured-fields.ts';
import { errorStatus } from '../support/arbitraries.ts';
import { latin1 } from '../support/octets.ts';

const signs = fc.string({ unit: fc.constantFrom(...'ab1.-;=,:"\\?@%()* \t'), maxLength: 30 });
const anyText = fc.oneof(fc.string({ unit: 'binary' }), signs);

test('RFC 9651 §4.2: any text is read or ignored, and never thrown over', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      for (const read of [parseItem, parseDictionary, parseStreamStatus, parseContentDigest, preferredDigest])
        read(text);
    }),
    { numRuns: 2500 },
  );
});

test('RFC 9651 §3.3.3: any String is read as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
      fc.pre(/^[ -~]*$/.test(text));
      expect(parseItem(serializeString(text))?.value).toEqual({ type: 'string', value: text });
    }),
    { numRuns: 500 },
  );
});

test('RFC 9651 §3.3.5: any Byte Sequence is read as it was', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (value) => {
      expect(parseItem(serializeByteSequence(value))?.value).toEqual({ type: 'byte-sequence', value });
    }),
    { numRuns: 300 },
  );
});

test('RFC 9530 §2: any digests are read as they were', () => {
  const key = fc.stringMatching(/^[a-z*][a-z0-9_.*-]{0,4}$/); // too short for an algorithm whose digests have one length
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(key, fc.uint8Array({ minLength: 1 })), { selector: ([name]) => name, maxLength: 4 }),
      (digests) => {
        expect(parseContentDigest(serializeContentDigest(digests))).toEqual(new Map(digests));
      },
    ),
    { numRuns: 300 },
  );
});

test('x-stream-status 2.1: any status is one line of printable ASCII; its details are at most 256 octets and start as they did', () => {
  fc.assert(
    fc.property(errorStatus, (status) => {
      const value = serializeStreamStatus(status);
      expect(value).toMatch(/^[ -~]*$/);
      const read = parseStreamStatus(value);
      const { details: _, ...rest } = status;
      expect(read).toMatchObject(rest);
      if (read?.kind !== 'error') throw new Error('an error was read as something else');
      expect(read.details === undefined).toBe(status.details === undefined);
      if (status.details === undefined) return;
      expect(read.details!.length).toBeLessThanOrEqual(256);
      const plain = /^[ -~]*/.exec(status.details)![0];
      expect(read.details!.slice(0, 253).startsWith(plain.slice(0, 253))).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test('x-stream-status 4.3: any status is read from its abort chunk as from its field', () => {
  fc.assert(
    fc.property(errorStatus, (status) => {
      const header = latin1(serializeAbortChunk(status));
      expect(header).toMatch(/^1;x-stream-status="[ -~]*"\r\n$/);
      const extensions = Uint8Array.from(Buffer.from(header.slice(1, -2), 'latin1'));
      expect(readAbortReason(extensions)).toBe(serializeStreamStatus(status));
    }),
    { numRuns: 500 },
  );
});
