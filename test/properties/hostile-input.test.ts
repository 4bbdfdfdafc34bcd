/**
 * Invariant: whatever comes, the Decoder neither throws nor hangs. It ends either done or with one FramingError, and what it
 * says about itself adds up.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Decoder } from '../../src/core/decoder.ts';
import { FramingError } from '../../src/core/errors.ts';
import { judge } from '../../src/core/verdict.ts';
import { anyWire, message, mutatedWire, split } from '../support/arbitraries.ts';

const wire = fc.oneof(
  anyWire,
  mutatedWire,
  message.map((sent) => sent.wire),
);

test('any octets at any split: done or a FramingError, and counts that add up', () => {
  fc.assert(
    fc.property(wire, split, (octets, cut) => {
      let delivered = 0;
      const decoder = new Decoder({
        onData(data) {
          delivered += data.length;
        },
      });
      for (const piece of cut(octets)) decoder.write(piece);
      const wasStopped = decoder.error !== undefined;
      decoder.end();
      const { error, done, consumed, rest } = decoder;
      expect(done).toBe(error === undefined);
      expect(decoder.bytes).toBe(delivered);
      if (error === undefined) {
        expect(consumed + rest.length).toBe(octets.length);
      } else {
        expect(error).toBeInstanceOf(FramingError);
        expect(error.code).toMatch(wasStopped ? /^ERR_FRAMING_(MALFORMED|LIMIT)$/ : /^ERR_FRAMING_TRUNCATED$/);
        expect(error.offset).toBe(consumed);
        expect(consumed).toBeLessThanOrEqual(octets.length);
        if (wasStopped) expect(consumed).toBeLessThan(octets.length);
        expect(error.bytes).toBe(delivered);
        expect(rest).toHaveLength(0);
      }
    }),
    { numRuns: 1000 },
  );
});

test('RFC 9112 §7.1: the octet of an error is the first that cannot stand there: before it the input is cut short', () => {
  fc.assert(
    fc.property(fc.oneof(anyWire, mutatedWire), (octets) => {
      const code = (data: Uint8Array) => {
        const decoder = new Decoder({ onData() {} });
        decoder.write(data);
        decoder.end();
        return decoder.error;
      };
      const error = code(octets);
      fc.pre(error?.code === 'ERR_FRAMING_MALFORMED');
      expect(code(octets.subarray(0, error!.offset))?.code).toBe('ERR_FRAMING_TRUNCATED');
      expect(code(octets.subarray(0, error!.offset! + 1))?.code).toBe('ERR_FRAMING_MALFORMED');
    }),
    { numRuns: 500 },
  );
});

test('any octets: a verdict can always be given, and broken framing is never complete', () => {
  fc.assert(
    fc.property(wire, fc.string(), (octets, reason) => {
      const decoder = new Decoder({ onData() {} });
      decoder.write(octets);
      decoder.end();
      const verdict = judge({ ...decoder, bytes: decoder.bytes, abortReason: decoder.abortReason ?? reason });
      if (decoder.error?.code === 'ERR_FRAMING_TRUNCATED') expect(['truncated', 'failed']).toContain(verdict.kind);
      else if (decoder.error !== undefined) expect(verdict.kind).toBe('malformed');
      else expect(['complete', 'failed', 'mismatch', 'unverified']).toContain(verdict.kind);
    }),
    { numRuns: 500 },
  );
});
