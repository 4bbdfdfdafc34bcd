/**
 * Invariant: no name, value, type, message or digest, whatever the caller passes, brings CR, LF or NUL to the wire, or a
 * line that should not be there: it is a TypeError or a RangeError, or it is escaped. Here for what makes octets without
 * a socket; injection-sockets.test.ts has the rest.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DigestAlgorithm, serializeContentDigest } from '../../src/core/content-digest.ts';
import { Encoder, encodeChunked } from '../../src/core/encoder.ts';
import type { FieldPairs } from '../../src/core/fields.ts';
import { Seal } from '../../src/core/seal.ts';
import type { ErrorStatus, StreamStatus } from '../../src/core/stream-status.ts';
import { ChunkedEncoder } from '../../src/node/chunked-encoder.ts';
import { requestHeaders } from '../../src/node/head/request-headers.ts';
import { createHasher } from '../support/hashing.ts';
import { concat, latin1, octets } from '../support/octets.ts';
import { hostileText, hostileThing, LINE, perhapsHostile } from './hostile-text.ts';

const RUNS = { numRuns: 2000 };
/** Trailers of any kind; the type is a lie. */
const trailers = fc.array(
  fc.tuple(fc.oneof(perhapsHostile('X-A'), hostileThing), fc.oneof(perhapsHostile('b'), hostileThing)),
  { minLength: 1, maxLength: 3 },
) as fc.Arbitrary<FieldPairs>;

/** The octets, or undefined where the caller was told that it cannot be done. */
function emitted(emit: () => Uint8Array | Uint8Array[]): string | undefined {
  try {
    return latin1(concat([emit()].flat()));
  } catch (error) {
    expect(error === undefined || error instanceof TypeError || error instanceof RangeError).toBe(true);
    return undefined;
  }
}

/** `count` lines, each with its CRLF, and none with an octet that no line may have. */
function expectLines(wire: string, count: number): void {
  const lines = wire.split('\r\n');
  expect(lines.pop()).toBe('');
  expect(lines.filter((line) => !LINE.test(line))).toEqual([]);
  expect(lines).toHaveLength(count);
}

describe('RFC 9110 §5.5: trailers', () => {
  test('of Encoder.end: a line each, or a TypeError', () => {
    let refused = 0;
    fc.assert(
      fc.property(trailers, (fields) => {
        const wire = emitted(() => new Encoder().end(fields));
        if (wire === undefined) refused++;
        else expectLines(wire, 2 + fields.length);
      }),
      RUNS,
    );
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(RUNS.numRuns);
  });

  test('of Encoder.end: a refused one leaves the body open, and nothing of it is sent', () => {
    const encoder = new Encoder();
    expect(() => encoder.end([['X-A', 'b\r\nX-C: d']])).toThrow(TypeError);
    expect(latin1(concat(encoder.end([['X-A', 'b']])))).toBe('0\r\nX-A: b\r\n\r\n');
  });

  test('of encodeChunked: a line each, or a TypeError', () => {
    fc.assert(
      fc.property(trailers, (fields) => {
        const wire = emitted(() => encodeChunked(octets('hello'), { trailers: fields }));
        if (wire !== undefined) expectLines(wire, 4 + fields.length);
      }),
      RUNS,
    );
  });

  test('no code unit above FF is cut to an octet', () => {
    for (const value of ['\u010d\u010aX-C: d', '\u0100', '\ud80d']) {
      expect(() => new Encoder().end([['X-A', value]])).toThrow(TypeError);
      expect(() => new Encoder().end([[`X-A${value}`, 'b']])).toThrow(TypeError);
    }
  });
});

const status = fc.record(
  {
    kind: fc.oneof({ weight: 9, arbitrary: fc.constant<unknown>('error') }, hostileThing),
    bytes: fc.oneof(fc.nat(), hostileThing),
    type: fc.oneof(perhapsHostile('source_error'), hostileThing),
    details: hostileThing,
  },
  { requiredKeys: ['kind'] },
) as fc.Arbitrary<StreamStatus>;

describe('RFC 9651 §3.3.3: a status', () => {
  test('of Encoder.abort: one line, or a TypeError or RangeError', () => {
    let refused = 0;
    fc.assert(
      fc.property(status, (reason) => {
        const wire = emitted(() => new Encoder().abort(reason));
        if (wire === undefined) refused++;
        else expect(wire).toMatch(/^1;x-stream-status="[ -~]*"\r\n$/);
      }),
      RUNS,
    );
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(RUNS.numRuns);
  });

  test('of Seal.fail: two lines, or a TypeError', () => {
    fc.assert(
      fc.property(status, (reason) => {
        const seal = new Seal({ algorithms: ['sha-256'], createHasher });
        const wire = emitted(() => new Encoder().end(seal.fail(reason as ErrorStatus)));
        if (wire !== undefined) expectLines(wire, 4);
      }),
      RUNS,
    );
  });

  test('its details arrive escaped, not shortened at the first bad character', () => {
    const wire = emitted(() => new Encoder().abort({ kind: 'error', details: 'a\r\nb\0c' }));
    expect(wire).toBe('1;x-stream-status="error;details=\\"a\\\\\\\\u{d}\\\\\\\\u{a}b\\\\\\\\u{0}c\\""\r\n');
  });
});

describe('RFC 9651 §3.1.2: a digest', () => {
  test('its algorithm: no line of its own, or a TypeError', () => {
    fc.assert(
      fc.property(hostileThing, hostileText, (algorithm, text) => {
        const digests = [[algorithm as string, octets('a')] as const, [text, octets('b')] as const];
        const wire = emitted(() => new Encoder().end([['Content-Digest', serializeContentDigest(digests)]]));
        if (wire !== undefined) expectLines(wire, 3);
        expect(() => new Seal({ algorithms: [algorithm as DigestAlgorithm], createHasher })).toThrow(TypeError);
      }),
      RUNS,
    );
  });

  test('RFC 9530 §4: the one that requestHeaders asks for: a TypeError, or a value of one line', () => {
    fc.assert(
      fc.property(hostileThing, (digest) => {
        let fields: Record<string, string> = {};
        try {
          fields = requestHeaders({ digest: digest as DigestAlgorithm });
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
        for (const value of Object.values(fields)) expect(value).toMatch(LINE);
      }),
      RUNS,
    );
  });
});

describe('RFC 9112 §11.1: ChunkedEncoder', () => {
  /** What comes out for `hello`: the octets up to its end, or to its error. */
  async function written(options: object, failure?: unknown): Promise<string> {
    const encoder = new ChunkedEncoder(options);
    const pieces: Buffer[] = [];
    encoder.on('data', (piece: Buffer) => pieces.push(piece));
    const closed = new Promise<void>((resolve) => encoder.on('error', () => {}).on('close', resolve));
    encoder.write('hello');
    if (failure === undefined) encoder.end();
    else encoder.fail(failure);
    await closed;
    return Buffer.concat(pieces).toString('latin1');
  }

  const CHUNK_LINES = 2;

  test('extraTrailers: announced or not, a line each or an error without an end', async () => {
    await fc.assert(
      fc.asyncProperty(trailers, fc.boolean(), async (fields, isAnnounced) => {
        const names = isAnnounced ? fields.map(([name]) => name) : ['X-A'];
        let wire: string;
        try {
          wire = await written({ digest: false, extraTrailers: { names, fields: () => fields } });
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          return;
        }
        if (wire !== '5\r\nhello\r\n') expectLines(wire, CHUNK_LINES + 3 + fields.length);
      }),
      { numRuns: 500 },
    );
  });

  test.each([false, true])('describeError: a line, whatever it gives (cleanFailure: %s)', async (cleanFailure) => {
    await fc.assert(
      fc.asyncProperty(hostileThing, hostileThing, async (type, details) => {
        const describeError = () => ({ type, details });
        const wire = await written({ describeError, cleanFailure, digest: false }, new Error('x'));
        expectLines(wire, CHUNK_LINES + (cleanFailure ? 3 : 1));
      }),
      { numRuns: 500 },
    );
  });
});
