/**
 * Strategy: a ChunkedDecoder fed with octets by hand, whole and octet by octet, for each verdict; whatever comes, a body
 * that is not good never says 'end', with the input ended too.
 */
import { describe, expect, test } from 'vitest';
import { BodyError } from '../../src/core/verdict.ts';
import { ChunkedDecoder, type ChunkedDecoderOptions } from '../../src/node/chunked-decoder.ts';
import { feed, outcome } from '../support/coding.ts';
import { HELLO_WORLD, HELLO_WORLD_SHA_256, HELLO_WORLD_SHA_512 } from '../support/hashing.ts';
import { byteByByte, latin1, octets } from '../support/octets.ts';
import { closed } from '../support/sockets.ts';

const CHUNK = `13\r\n${HELLO_WORLD}\r\n`; // 19 octets
const body = (...fields: string[]) => `${CHUNK}0\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
const SEALED = body('X-Stream-Status: ok;bytes=19', `Content-Digest: ${HELLO_WORLD_SHA_256}`);

/** What comes of the octets: fed whole and octet by octet, with the input ended and left open, always the same. */
async function conclusion(wire: string, options: ChunkedDecoderOptions = {}, mayStayOpen = true) {
  const results = [];
  for (const pieces of [[octets(wire)], byteByByte(octets(wire))]) {
    for (const ends of mayStayOpen ? [true, false] : [true]) {
      const decoder = new ChunkedDecoder(options);
      const result = outcome(decoder);
      await feed(decoder, pieces, { ends });
      const { data, error, hasEnded } = await result;
      const verdict = await decoder.verdict;
      if (error !== undefined) expect(error).toMatchObject({ name: 'BodyError', verdict });
      const { kind, bytes, digest } = verdict;
      results.push({ data, code: error?.code, hasEnded, kind, bytes, digest, rest: latin1(decoder.rest) });
    }
  }
  for (const result of results) expect(result).toEqual(results[0]);
  return results[0]!;
}

describe('a good verdict: the data, and the end', () => {
  test.each<[string, string, ChunkedDecoderOptions, object]>([
    ['complete', SEALED, { require: 'always' }, { kind: 'complete', digest: 'match' }],
    [
      'RFC 9530 §2: sha-512, where it is asked for',
      body('X-Stream-Status: ok', `Content-Digest: ${HELLO_WORLD_SHA_512}`),
      { digest: 'sha-512' },
      { kind: 'complete', digest: 'match' },
    ],
    ['a digest that was not hashed', SEALED, { digest: 'sha-512' }, { kind: 'unverified', digest: 'unchecked' }],
    ['digests ignored', SEALED, { digest: false }, { kind: 'complete', digest: 'ignored' }],
    ['no status, none announced', body(), {}, { kind: 'unverified' }],
    [
      'no status, never required',
      body(),
      { headers: { trailer: 'X-Stream-Status' }, require: 'never' },
      { kind: 'unverified' },
    ],
    ['octets behind it', `${SEALED}HTTP/1.1`, {}, { kind: 'complete', rest: 'HTTP/1.1' }],
  ])('%s', async (_, wire, options, expected) => {
    expect(await conclusion(wire, options)).toMatchObject({
      data: HELLO_WORLD,
      code: undefined,
      hasEnded: true,
      bytes: 19,
      ...expected,
    });
  });

  test('RFC 9112 §7.1: an empty body', async () => {
    expect(await conclusion('0\r\n\r\n')).toMatchObject({ data: '', hasEnded: true, kind: 'unverified' });
  });
});

describe('a bad verdict: the data, the error, and never an end', () => {
  test.each<[string, string, ChunkedDecoderOptions, string, string]>([
    ['failed', body('X-Stream-Status: error;type=timeout'), {}, 'failed', 'ERR_BODY_FAILED'],
    ['failed, never required', body('X-Stream-Status: error'), { require: 'never' }, 'failed', 'ERR_BODY_FAILED'],
    ['a count that disagrees', body('X-Stream-Status: ok;bytes=18'), {}, 'mismatch', 'ERR_BODY_MISMATCH'],
    ['a digest that disagrees', SEALED.replace('=:RK', '=:RL'), {}, 'mismatch', 'ERR_BODY_MISMATCH'],
    ['no status, announced', body(), { headers: { trailer: 'X-Stream-Status' } }, 'unverified', 'ERR_BODY_UNVERIFIED'],
    ['no status, required', body(), { require: 'always' }, 'unverified', 'ERR_BODY_UNVERIFIED'],
    ['an unreadable status', body('X-Stream-Status: !'), {}, 'unverified', 'ERR_BODY_UNVERIFIED'],
    ['RFC 9112 §7.1: malformed', `${CHUNK}X`, {}, 'malformed', 'ERR_BODY_MALFORMED'],
    ['over a limit', `${CHUNK}1\r\n!`, { limits: { maxBodyBytes: 19 } }, 'malformed', 'ERR_BODY_LIMIT'],
  ])('%s', async (_, wire, options, kind, code) => {
    expect(await conclusion(wire, options)).toMatchObject({
      data: HELLO_WORLD,
      code,
      hasEnded: false,
      kind,
      bytes: 19,
    });
  });

  test.each([
    ['RFC 9112 §8: truncated', CHUNK, 'truncated', 'ERR_BODY_TRUNCATED'],
    ['RFC 9112 §8: truncated behind the last-chunk', `${CHUNK}0\r\n`, 'truncated', 'ERR_BODY_TRUNCATED'],
    ['an abort chunk', `${CHUNK}1;x-stream-status="error"\r\n`, 'failed', 'ERR_BODY_FAILED'],
  ])('%s, when the input ends', async (_, wire, kind, code) => {
    expect(await conclusion(wire, {}, false)).toMatchObject({ data: HELLO_WORLD, code, hasEnded: false, kind });
  });

  test('no input at all', async () => {
    expect(await conclusion('', {}, false)).toMatchObject({ code: 'ERR_BODY_TRUNCATED', hasEnded: false, bytes: 0 });
  });
});

describe('the verdict', () => {
  test('settles before anything is read', async () => {
    const decoder = new ChunkedDecoder();
    decoder.end(SEALED);
    expect(await decoder.verdict).toMatchObject({ kind: 'complete' });
  });

  test.each([
    ['without a reason', undefined],
    ['with one', new Error('enough')],
  ])('settles on destroy %s: truncated', async (_, reason) => {
    const decoder = new ChunkedDecoder();
    decoder.on('error', () => {});
    decoder.write('5\r\nhel');
    decoder.destroy(reason);
    expect(await decoder.verdict).toMatchObject({ kind: 'abandoned', bytes: 3 });
    expect(decoder.errored).toBe(reason ?? null);
  });

  test('stays what it was when the stream is destroyed behind it', async () => {
    const decoder = new ChunkedDecoder();
    decoder.write(SEALED);
    const verdict = await decoder.verdict;
    await closed(decoder.destroy());
    expect(await decoder.verdict).toBe(verdict);
    expect(verdict.kind).toBe('complete');
  });

  test('a bad one is an error only for whoever reads to it, after the data', async () => {
    const decoder = new ChunkedDecoder();
    decoder.end(body('X-Stream-Status: error'));
    expect((await decoder.verdict).kind).toBe('failed');
    expect(decoder.errored).toBeNull();
    const { data, error } = await outcome(decoder);
    expect(data).toBe(HELLO_WORLD);
    expect(error).toBeInstanceOf(BodyError);
  });
});

test('a reader that gives up in the middle of what came in one piece', async () => {
  const decoder = new ChunkedDecoder();
  decoder.once('data', () => decoder.destroy());
  decoder.write(`1000\r\n${'x'.repeat(4096)}\r\n`.repeat(4));
  expect(await decoder.verdict).toMatchObject({ kind: 'abandoned', bytes: 4096 });
  await closed(decoder);
});

test('RFC 9110 §6.5.1: trailers that may not trail are visible in rawTrailers alone', async () => {
  const decoder = new ChunkedDecoder();
  const result = outcome(decoder);
  await feed(decoder, [body('A: b', 'Content-Length: 5', 'a:  c ', 'X-Stream-Status: ok')]);
  await result;
  const [a, length, ...others]: [string, string][] = [
    ['A', 'b'],
    ['Content-Length', '5'],
    ['a', 'c'],
    ['X-Stream-Status', 'ok'],
  ];
  expect(decoder.rawTrailers).toEqual([a, length, ...others]);
  expect(decoder.trailers).toEqual([a, ...others]);
  expect((await decoder.verdict).trailers).toEqual([a, ...others]);
});

test.each<[string, object, typeof TypeError | typeof RangeError]>([
  ['require', { require: 'sometimes' }, TypeError],
  ['a digest', { digest: 'md5' }, TypeError],
  ['a limit', { limits: { maxBody: 1 } }, TypeError],
  ['a negative limit', { limits: { maxTrailerBytes: -1 } }, RangeError],
])('an option that is none is an error at once: %s', (_, options, type) => {
  expect(() => new ChunkedDecoder(options)).toThrow(type);
});
