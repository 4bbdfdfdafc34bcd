/**
 * Strategy: every verdict of x-stream-status 5.2, from octets that a server writes by hand. The content is that of RFC
 * 9530's examples, so that its digest is printed there. Each case is read whole and sent octet by octet.
 */

import { describe, expect, test } from 'vitest';
import type { DigestOption } from '../../../src/core/content-digest.ts';
import { type ReceiveOptions, receive } from '../../../src/node/receive/receive.ts';
import { HELLO_WORLD, HELLO_WORLD_SHA_256, HELLO_WORLD_SHA_512 } from '../../support/hashing.ts';
import { connection } from '../../support/sockets.ts';
import { CHUNKED, consume, received, SEALED } from './receiving.ts';

const CHUNK = `13\r\n${HELLO_WORLD}\r\n`; // 19 octets
const DIGEST = `Content-Digest: ${HELLO_WORLD_SHA_256}`;
const WRONG = 'Content-Digest: sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:';
const sealed = (...fields: string[]) => `${SEALED}${CHUNK}0\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;

/** The code that ended the stream, and the verdict, which the error carries too. The server sends FIN behind it all. */
async function conclusion(octets: string, options: ReceiveOptions = {}) {
  const whole = await received(octets, options);
  whole.server.end();
  const { data, error } = await consume(whole.body);
  const verdict = await whole.body.verdict;
  if (error !== undefined) expect(error.verdict).toBe(verdict);

  const { client, server } = await connection();
  const responding = receive(client, options);
  for (const octet of octets) server.write(octet, 'latin1');
  server.end();
  const { body } = await responding;
  const again = await consume(body);
  expect({ ...again, error: again.error?.code }).toEqual({ data, error: error?.code });
  const { error: framing, ...findings } = await body.verdict;
  expect({ ...findings, offset: framing?.offset }).toMatchObject({
    kind: verdict.kind,
    bytes: verdict.bytes,
    digest: verdict.digest,
    offset: verdict.error?.offset,
  });
  return { data, code: error?.code, offset: error?.offset, verdict };
}

describe('complete: the stream ends', () => {
  test.each([
    ['status, count and digest', ['X-Stream-Status: ok;bytes=19', DIGEST], 'match'],
    ['sha-512', ['X-Stream-Status: ok;bytes=19', `Content-Digest: ${HELLO_WORLD_SHA_512}`], 'match', 'sha-512'],
    ['no count', ['X-Stream-Status: ok', DIGEST], 'match'],
  ] as [string, string[], string, DigestOption?][])('%s', async (_, fields, digest, asked = 'sha-256') => {
    const { data, code, verdict } = await conclusion(sealed(...fields), { require: 'always', digest: asked });
    expect({ data, code }).toEqual({ data: HELLO_WORLD, code: undefined });
    expect(verdict).toMatchObject({ kind: 'complete', bytes: 19, digest, status: { kind: 'ok' }, error: undefined });
    expect(verdict.trailers).toEqual(fields.map((field) => field.split(': ')));
  });

  const DIGESTS: [string, string[], string][] = [
    ['no digest', ['X-Stream-Status: ok;bytes=19'], 'absent'],
    [
      'RFC 9530 §2: a digest of an unknown algorithm',
      ['X-Stream-Status: ok', 'Content-Digest: foo=:AA==:'],
      'unsupported',
    ],
    ['RFC 9530 §2: a digest that cannot be read', ['X-Stream-Status: ok', 'Content-Digest: ???'], 'unreadable'],
  ];

  test.each(DIGESTS)('%s, where none was announced', async (_, fields, digest) => {
    const octets = sealed(...fields).replace(', Content-Digest', '');
    const { data, code, verdict } = await conclusion(octets, { require: 'always' });
    expect({ data, code }).toEqual({ data: HELLO_WORLD, code: undefined });
    expect(verdict).toMatchObject({ kind: 'complete', bytes: 19, digest });
  });

  test.each(DIGESTS)('%s, where one was announced: unverified', async (_, fields, digest) => {
    const { data, code, verdict } = await conclusion(sealed(...fields));
    expect({ data, code }).toEqual({ data: HELLO_WORLD, code: 'ERR_BODY_UNVERIFIED' });
    expect(verdict).toMatchObject({ kind: 'unverified', bytes: 19, digest, status: { kind: 'ok' } });
  });

  test('one was announced and none came, and digests are ignored on demand', async () => {
    const { verdict } = await conclusion(sealed('X-Stream-Status: ok;bytes=19'), { digest: false });
    expect(verdict).toMatchObject({ kind: 'complete', digest: 'absent' });
  });

  test('a digest of a body whose head announced none was not hashed: it is unverified', async () => {
    const octets = sealed('X-Stream-Status: ok;bytes=19', DIGEST).replace(', Content-Digest', '');
    const { verdict } = await conclusion(octets, { require: 'never' });
    expect(verdict).toMatchObject({ kind: 'unverified', digest: 'unchecked' });
  });

  test('digests are ignored on demand', async () => {
    const { verdict } = await conclusion(sealed('X-Stream-Status: ok;bytes=19', WRONG), { digest: false });
    expect(verdict).toMatchObject({ kind: 'complete', digest: 'ignored' });
  });
});

describe('failed: ERR_BODY_FAILED', () => {
  test('in trailers', async () => {
    const octets = sealed('X-Stream-Status: error;bytes=19;type=source_error;details="row 3"', DIGEST);
    const { data, code, verdict } = await conclusion(octets);
    expect({ data, code }).toEqual({ data: HELLO_WORLD, code: 'ERR_BODY_FAILED' });
    expect(verdict).toMatchObject({
      kind: 'failed',
      bytes: 19,
      digest: 'match',
      status: { kind: 'error', bytes: 19, type: 'source_error', details: 'row 3' },
      error: undefined,
    });
  });

  test('in an abort chunk', async () => {
    const octets = `${CHUNKED}${CHUNK}1;x-stream-status="error;type=timeout"\r\n`;
    const { data, code, verdict } = await conclusion(octets);
    expect({ data, code }).toEqual({ data: HELLO_WORLD, code: 'ERR_BODY_FAILED' });
    expect(verdict).toMatchObject({ kind: 'failed', status: { kind: 'error', type: 'timeout' } });
    expect(verdict.error).toMatchObject({ code: 'ERR_FRAMING_TRUNCATED' });
  });

  test('a reported failure tells more than a wrong digest', async () => {
    expect(await conclusion(sealed('X-Stream-Status: error;bytes=7', WRONG))).toMatchObject({
      code: 'ERR_BODY_FAILED',
      verdict: { kind: 'failed', digest: 'mismatch' },
    });
  });
});

describe('RFC 9112 §8: truncated: ERR_BODY_TRUNCATED', () => {
  test.each([
    ['behind the head', CHUNKED, ''],
    ['in a chunk-size line', `${CHUNKED}${CHUNK}1`, HELLO_WORLD],
    ['in chunk-data', `${CHUNKED}5\r\nhel`, 'hel'],
    ['behind a chunk', `${CHUNKED}${CHUNK}`, HELLO_WORLD],
    ['behind the last-chunk', `${CHUNKED}${CHUNK}0\r\n`, HELLO_WORLD],
    ['in the trailer section', sealed('X-Stream-Status: ok;bytes=19').slice(0, -9), HELLO_WORLD],
    ['before the last LF', sealed('X-Stream-Status: ok;bytes=19', DIGEST).slice(0, -1), HELLO_WORLD],
    ['in an abort chunk that got its data', `${CHUNKED}1;x-stream-status="error"\r\na`, 'a'],
    ['in a body of a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel', 'hel'],
    ['before a body of a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', ''],
  ])('FIN %s', async (_, octets, content) => {
    const { data, code, verdict } = await conclusion(octets, { require: 'never' });
    expect({ data, code }).toEqual({ data: content, code: 'ERR_BODY_TRUNCATED' });
    expect(verdict).toMatchObject({ kind: 'truncated', bytes: content.length });
  });
});

describe('malformed', () => {
  test.each([
    ['RFC 9112 §7.1: a chunk-size', `${CHUNK}X`, 25, HELLO_WORLD],
    ['RFC 9112 §7.1: no CRLF behind chunk-data', '5\r\nhelloX', 8, 'hello'],
    ['RFC 9112 §7.1: a bare LF', '5\nhello', 1, ''],
    ['RFC 9112 §7.1.2: a trailer without a colon', `${CHUNK}0\r\nX-Stream-Status\r\n\r\n`, 43, HELLO_WORLD],
  ])('%s: ERR_BODY_MALFORMED, and where', async (_, octets, offset, content) => {
    const { data, code, offset: found, verdict } = await conclusion(CHUNKED + octets, { require: 'never' });
    expect({ data, code, found }).toEqual({ data: content, code: 'ERR_BODY_MALFORMED', found: offset });
    expect(verdict).toMatchObject({ kind: 'malformed', bytes: content.length });
  });

  test.each([
    ['a chunked body', `${CHUNKED}${CHUNK}1\r\n!\r\n0\r\n\r\n`, HELLO_WORLD],
    ['a body of a length', `HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n${HELLO_WORLD}!`, ''],
  ])('over a limit: %s: ERR_BODY_LIMIT', async (_, octets, content) => {
    const { data, code, verdict } = await conclusion(octets, { limits: { maxBodyBytes: 19 } });
    expect({ data, code }).toEqual({ data: content, code: 'ERR_BODY_LIMIT' });
    expect(verdict.kind).toBe('malformed');
  });
});

describe('mismatch: ERR_BODY_MISMATCH, whatever is required', () => {
  test.each([
    ['the count is too high', ['X-Stream-Status: ok;bytes=20', DIGEST]],
    ['the count is too low', ['X-Stream-Status: ok;bytes=18']],
    ['RFC 9530 §2: the digest', ['X-Stream-Status: ok;bytes=19', WRONG]],
    ['RFC 9530 §2: one of two digests', ['X-Stream-Status: ok', `${DIGEST}, sha-512=:AAAA:`]],
    ['RFC 9530 §2: the digest, without a status', [WRONG]],
  ])('%s', async (_, fields) => {
    const digest = ['sha-256', 'sha-512'] as const;
    const { data, code, verdict } = await conclusion(sealed(...fields), { require: 'never', digest });
    expect({ data, code }).toEqual({ data: HELLO_WORLD, code: 'ERR_BODY_MISMATCH' });
    expect(verdict.kind).toBe('mismatch');
  });
});
