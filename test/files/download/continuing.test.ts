/**
 * Strategy: responses that break where the test says, and what the next request asks for and gets. Every file is read
 * back, and nothing else may be left in its directory.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DownloadProgress } from '../../../src/files/download/attempt.ts';
import { type DownloadOptions, download } from '../../../src/files/download/download.ts';
import { StatusError } from '../../../src/files/download/status-error.ts';
import type { Answer } from '../../support/peers.ts';
import * as o from './origin.ts';

const { CONTENT, ETAG, AT_ONCE } = o;
const LENGTH = CONTENT.length;

async function get(answers: [Answer, ...Answer[]], options: DownloadOptions = {}) {
  const folder = await o.directory();
  const { url, requests } = await o.scripted(...answers);
  const progress: DownloadProgress[] = [];
  const onProgress = (now: DownloadProgress) => progress.push(now);
  const outcome = await download(url, path.join(folder, 'file'), { ...AT_ONCE, onProgress, ...options }).then(
    (verdict) => ({ verdict, error: undefined }),
    (error) => ({ verdict: undefined, error }),
  );
  const left = await readdir(folder);
  const content = left.includes('file') ? await readFile(path.join(folder, 'file')) : undefined;
  const ranges = requests.map((request) => o.fieldOf(request, 'Range'));
  return { ...outcome, left, isWhole: content?.equals(CONTENT), content, ranges, requests, progress };
}

const SEALED_HEAD = o.head('200 OK', `ETag: ${ETAG}`, ...o.SEALING);
const REPR = `Repr-Digest: ${o.digestOf(CONTENT)}`;

describe('in one response', () => {
  test('sealed: complete', async () => {
    const { verdict, left, isWhole, ranges, requests, progress } = await get([SEALED_HEAD + o.sealed(CONTENT)]);
    expect(verdict).toMatchObject({ kind: 'complete', bytes: LENGTH, digest: 'match' });
    expect({ left, isWhole, ranges }).toEqual({ left: ['file'], isWhole: true, ranges: [undefined] });
    expect(progress.at(-1)).toEqual({ bytes: LENGTH });
    expect(o.fieldOf(requests[0], 'Want-Repr-Digest')).toBe('sha-256=10');
    expect(o.fieldOf(requests[0], 'X-Want-Stream-Status')).toBe('?1');
  });

  test('without a status: unverified, or with require an error and no file', async () => {
    const plain = await get([o.plainStart(LENGTH)]);
    expect(plain.verdict).toMatchObject({ kind: 'unverified', bytes: LENGTH });
    expect(plain).toMatchObject({ left: ['file'], isWhole: true });
    expect(plain.progress.at(-1)).toEqual({ bytes: LENGTH, total: LENGTH });
    const required = await get([o.plainStart(LENGTH)], { require: 'always' });
    expect(required.error).toMatchObject({ code: 'ERR_BODY_UNVERIFIED' });
    expect(required).toMatchObject({ left: [], ranges: [undefined] });
  });

  test.each(['sha-256', 'sha-512'] as const)('RFC 9530 §3: a Repr-Digest in %s is checked', async (algorithm) => {
    const right = await get([o.plainStart(LENGTH, `Repr-Digest: ${o.digestOf(CONTENT, algorithm)}`)]);
    expect(right.verdict).toMatchObject({ kind: 'complete', digest: 'match' });
    const wrong = `Repr-Digest: ${o.digestOf(CONTENT.subarray(1), algorithm)}`;
    const { error, left } = await get([o.plainStart(LENGTH, wrong)], { retries: 0 });
    expect(error).toMatchObject({ code: 'ERR_BODY_MISMATCH', verdict: { kind: 'mismatch', digest: 'mismatch' } });
    expect(left).toEqual([]);
  });

  const NOTHING = { left: [], ranges: [undefined] };
  test.each([
    ['failed', 'ERR_BODY_FAILED', SEALED_HEAD + o.failed(CONTENT.subarray(0, 9))],
    ['truncated', 'ERR_BODY_TRUNCATED', SEALED_HEAD + o.chunk(CONTENT)],
    ['malformed', 'ERR_BODY_MALFORMED', `${SEALED_HEAD}zz\r\n`],
    ['mismatch', 'ERR_BODY_MISMATCH', SEALED_HEAD + o.sealed(CONTENT).replace('bytes=', 'bytes=1')],
    ['unverified', 'ERR_BODY_UNVERIFIED', `${SEALED_HEAD}${o.chunk(CONTENT)}0\r\n\r\n`],
  ])('%s: %s, and nothing is left', async (kind, code, answer) => {
    const outcome = await get([answer], { retries: 0 });
    expect(outcome.error).toMatchObject({ name: 'BodyError', code, verdict: { kind } });
    expect(outcome).toMatchObject(NOTHING);
  });
});

describe('RFC 9110 §14.2: the rest', () => {
  test('behind a failure whose digest agrees: complete, for every part is vouched for', async () => {
    const { verdict, left, isWhole, ranges, requests, progress } = await get([
      SEALED_HEAD + o.failed(CONTENT.subarray(0, 10_000)),
      o.sealedRest(10_000),
    ]);
    expect(verdict).toMatchObject({ kind: 'complete', bytes: LENGTH, digest: 'match' });
    expect({ left, isWhole, ranges }).toEqual({ left: ['file'], isWhole: true, ranges: [undefined, 'bytes=10000-'] });
    expect(o.fieldOf(requests[1], 'If-Range')).toBe(ETAG);
    expect(progress.at(-1)).toEqual({ bytes: LENGTH, total: LENGTH, resumedFrom: 10_000 });
  });

  test('behind a truncation, where nobody had promised a seal', async () => {
    const { verdict, isWhole, ranges } = await get([o.plainStart(5000), o.plainRest(5000)]);
    expect(verdict).toMatchObject({ kind: 'unverified', bytes: LENGTH });
    expect({ isWhole, ranges }).toEqual({ isWhole: true, ranges: [undefined, 'bytes=5000-'] });
  });

  test('behind a truncation of a sealed body: only if a Repr-Digest will vouch for it', async () => {
    const cut = o.chunk(CONTENT.subarray(0, 5000));
    const without = await get([SEALED_HEAD + cut, SEALED_HEAD + o.sealed(CONTENT)]);
    expect(without).toMatchObject({ ranges: [undefined, undefined], isWhole: true, verdict: { kind: 'complete' } });
    const withIt = await get([o.head('200 OK', `ETag: ${ETAG}`, ...o.SEALING, REPR) + cut, o.sealedRest(5000)]);
    expect(withIt).toMatchObject({ ranges: [undefined, 'bytes=5000-'], isWhole: true, verdict: { kind: 'complete' } });
    expect(withIt.verdict?.reason).toContain('the Repr-Digest agrees with the whole');
  });

  test('a Repr-Digest that is announced as a trailer', async () => {
    const announced = [
      `ETag: ${ETAG}`,
      'Transfer-Encoding: chunked',
      'Trailer: X-Stream-Status, Content-Digest, Repr-Digest',
    ];
    const range = `Content-Range: bytes 5000-${LENGTH - 1}/${LENGTH}`;
    const rest = CONTENT.subarray(5000);
    const { verdict, ranges, isWhole } = await get([
      o.head('200 OK', ...announced) + o.chunk(CONTENT.subarray(0, 5000)),
      o.head('206 Partial Content', ...announced, range) + o.sealed(rest, REPR),
    ]);
    expect({ ranges, isWhole }).toEqual({ ranges: [undefined, 'bytes=5000-'], isWhole: true });
    expect(verdict).toMatchObject({ kind: 'complete', digest: 'match' });
  });

  test('a Repr-Digest that was announced and does not come: all of it again', async () => {
    const announced = [
      `ETag: ${ETAG}`,
      'Transfer-Encoding: chunked',
      'Trailer: X-Stream-Status, Content-Digest, Repr-Digest',
    ];
    const { verdict, ranges, isWhole } = await get([
      o.head('200 OK', ...announced) + o.chunk(CONTENT.subarray(0, 5000)),
      o.sealedRest(5000),
      SEALED_HEAD + o.sealed(CONTENT),
    ]);
    expect({ ranges, isWhole }).toEqual({ ranges: [undefined, 'bytes=5000-', undefined], isWhole: true });
    expect(verdict).toMatchObject({ kind: 'complete', digest: 'match' });
  });

  test('truncated twice, then whole', async () => {
    const second = o.plainRest(5000).slice(0, -(LENGTH - 12_000));
    const { isWhole, ranges } = await get([o.plainStart(5000), second, o.plainRest(12_000)]);
    expect({ isWhole, ranges }).toEqual({ isWhole: true, ranges: [undefined, 'bytes=5000-', 'bytes=12000-'] });
  });

  test('a bit that flipped in what was kept: the Repr-Digest says so, and all of it comes again', async () => {
    const flipped = Buffer.from(CONTENT);
    flipped[100]! ^= 1;
    const { isWhole, ranges } = await get([
      o.plainStart(0, REPR) + flipped.subarray(0, 5000).toString('latin1'),
      o.plainRest(5000),
      o.plainStart(LENGTH, REPR),
    ]);
    expect({ isWhole, ranges }).toEqual({ isWhole: true, ranges: [undefined, 'bytes=5000-', undefined] });
  });

  test('octets before broken framing are given up', async () => {
    const { isWhole, ranges } = await get([
      `${o.head('200 OK', `ETag: ${ETAG}`, 'Transfer-Encoding: chunked') + o.chunk(CONTENT.subarray(0, 5000))}zz\r\n`,
      o.plainStart(LENGTH),
    ]);
    expect({ isWhole, ranges }).toEqual({ isWhole: true, ranges: [undefined, undefined] });
  });

  test('a part that is shorter than what was asked for: the next one is asked for', async () => {
    const part = (first: number, last: number) =>
      o.head('206 Partial Content', `ETag: ${ETAG}`, `Content-Range: bytes ${first}-${last}/${LENGTH}`) +
      CONTENT.subarray(first, last + 1).toString('latin1');
    const { isWhole, ranges } = await get([o.plainStart(5000), part(5000, 6999), part(7000, LENGTH - 1)]);
    expect({ isWhole, ranges }).toEqual({ isWhole: true, ranges: [undefined, 'bytes=5000-', 'bytes=7000-'] });
  });

  test('parts of one octet without end are not followed without end', async () => {
    const { error, ranges } = await get([
      o.plainStart(5000),
      (socket, request) => {
        const first = Number(/bytes=(\d+)-/.exec(request)?.[1]);
        const range = `Content-Range: bytes ${first}-${first}/${LENGTH}`;
        socket.end(`${o.head('206 Partial Content', `ETag: ${ETAG}`, range)}x`);
      },
    ]);
    expect(error).toMatchObject({ code: 'ERR_BODY_TRUNCATED' });
    expect(ranges).toHaveLength(6);
  });
});

describe('RFC 9110 §15.3.7: a 206 that is not what was asked for is not used', () => {
  const rest = CONTENT.subarray(5000).toString('latin1');
  const range = `Content-Range: bytes 5000-${LENGTH - 1}/${LENGTH}`;
  test.each([
    ['another ETag', [`ETag: "two"`, range]],
    ['a weak ETag', [`ETag: W/${ETAG}`, range]],
    ['no ETag', [range]],
    ['no Content-Range', [`ETag: ${ETAG}`]],
    ['another start', [`ETag: ${ETAG}`, `Content-Range: bytes 4999-${LENGTH - 1}/${LENGTH}`]],
    ['another length of the whole', [`ETag: ${ETAG}`, `Content-Range: bytes 5000-${LENGTH - 1}/${LENGTH + 1}`]],
    ['an end behind the whole', [`ETag: ${ETAG}`, `Content-Range: bytes 5000-${LENGTH}/*`]],
    ['two Content-Ranges', [`ETag: ${ETAG}`, range, range]],
    ['another unit', [`ETag: ${ETAG}`, range.replace('bytes', 'lines')]],
    ['several parts', [`ETag: ${ETAG}`, 'Content-Type: multipart/byteranges; boundary=b']],
  ])('%s', async (_, fields) => {
    const { isWhole, ranges } = await get([
      o.plainStart(5000),
      o.head('206 Partial Content', ...fields) + rest,
      o.plainStart(LENGTH),
    ]);
    expect({ isWhole, ranges }).toEqual({ isWhole: true, ranges: [undefined, 'bytes=5000-', undefined] });
  });

  test.each([
    ['fewer octets than its Content-Range has: what came is a start of it', rest.slice(0, 1000), 6000],
    ['more octets than its Content-Range has', `${rest}!`, 5000],
  ])('%s', async (_, content, next) => {
    const { isWhole, ranges } = await get([
      o.plainStart(5000),
      o.head('206 Partial Content', `ETag: ${ETAG}`, range) + content,
      o.plainRest(next),
    ]);
    expect({ isWhole, ranges }).toEqual({ isWhole: true, ranges: [undefined, 'bytes=5000-', `bytes=${next}-`] });
  });

  test('one that nobody asked for', async () => {
    const { error, left } = await get([o.plainRest(0)]);
    expect(error).toBeInstanceOf(StatusError);
    expect({ code: error.code, statusCode: error.statusCode, left }).toEqual({
      ...{ code: 'ERR_HTTP_STATUS', statusCode: 206, left: [] },
    });
  });
});

describe('other answers to a Range', () => {
  const changed = Buffer.from('another file');
  test('RFC 9110 §13.1.5: 200, since it has changed: it starts again', async () => {
    const answer = o.head('200 OK', 'ETag: "two"', ...o.SEALING) + o.sealed(changed);
    const { verdict, content, ranges, progress } = await get([o.plainStart(5000), answer]);
    expect(verdict).toMatchObject({ kind: 'complete', bytes: changed.length });
    expect({ content, ranges }).toEqual({ content: changed, ranges: [undefined, 'bytes=5000-'] });
    expect(progress.at(-1)).toEqual({ bytes: changed.length });
  });

  test('a shorter 200 that nothing proves, such as a login page with an ETag of its own: what had come is kept', async () => {
    const page = `${o.head('200 OK', 'ETag: "portal"', 'Content-Length: 13')}please log in`;
    const { error, left, ranges } = await get([o.plainStart(5000), page], { resume: true, retries: 1 });
    expect(error).toMatchObject({
      code: 'ERR_BODY_UNVERIFIED',
      message: expect.stringMatching(/is kept, and to begin again, remove the \.part$/),
    });
    expect({ left: left.sort(), ranges }).toEqual({
      left: ['file.part', 'file.part.json'],
      ranges: [undefined, 'bytes=5000-'],
    });
  });

  test('200, since the server knows no ranges', async () => {
    const { isWhole, ranges } = await get([o.plainStart(5000), o.plainStart(LENGTH)]);
    expect({ isWhole, ranges }).toEqual({ isWhole: true, ranges: [undefined, 'bytes=5000-'] });
  });

  const chunked = o.head('200 OK', `ETag: ${ETAG}`, 'Transfer-Encoding: chunked') + o.chunk(CONTENT);
  const unsatisfied = (length: number) => o.head('416 Range Not Satisfiable', `Content-Range: bytes */${length}`);

  test('RFC 9110 §15.5.17: 416, since nothing is missing', async () => {
    const { verdict, isWhole, ranges } = await get([chunked, unsatisfied(LENGTH)]);
    expect(verdict).toMatchObject({ kind: 'unverified', bytes: LENGTH, digest: 'absent' });
    expect({ isWhole, ranges }).toEqual({ isWhole: true, ranges: [undefined, `bytes=${LENGTH}-`] });
  });

  test('416, since nothing is missing of what a Repr-Digest vouches for', async () => {
    const start = o.head('200 OK', `ETag: ${ETAG}`, ...o.SEALING, REPR) + o.chunk(CONTENT);
    const { verdict, isWhole } = await get([start, unsatisfied(LENGTH)]);
    expect(verdict).toMatchObject({ kind: 'complete', digest: 'match' });
    expect(isWhole).toBe(true);
  });

  const promised = [`ETag: ${ETAG}`, ...o.SEALING.slice(0, 1), 'Trailer: X-Stream-Status, Repr-Digest'];
  test.each<[what: string, head: string[], isWhole: boolean]>([
    ['is asked for by HEAD', [`ETag: ${ETAG}`, REPR], true],
    ['is not there: it starts again', [`ETag: ${ETAG}`], false],
    ['is of another ETag: it starts again', ['ETag: "two"', REPR], false],
  ])('416, and the Repr-Digest that was lost with the end of the connection %s', async (_, fields, isWhole) => {
    const { verdict, requests, ...outcome } = await get([
      o.head('200 OK', ...promised) + o.chunk(CONTENT),
      unsatisfied(LENGTH),
      o.head('200 OK', ...fields),
      SEALED_HEAD + o.sealed(CONTENT),
    ]);
    expect(verdict).toMatchObject({ kind: 'complete', digest: 'match' });
    expect(outcome.isWhole).toBe(true);
    const methods = requests.map((request) => request.split(' ')[0]);
    expect(methods).toEqual(isWhole ? ['GET', 'GET', 'HEAD'] : ['GET', 'GET', 'HEAD', 'GET']);
  });

  test('416, since nothing is missing, but the seal that was promised: it starts again', async () => {
    const { verdict, ranges } = await get([
      SEALED_HEAD + o.failed(CONTENT),
      unsatisfied(LENGTH),
      SEALED_HEAD + o.sealed(CONTENT),
    ]);
    expect(verdict).toMatchObject({ kind: 'complete' });
    expect(ranges).toEqual([undefined, `bytes=${LENGTH}-`, undefined]);
  });

  test.each([
    ['416 of a shorter one', unsatisfied(LENGTH - 1)],
    ['416 without a length', o.head('416 Range Not Satisfiable')],
    ['416 of another ETag', o.head('416 No', `Content-Range: bytes */${LENGTH}`, 'ETag: "two"')],
    ['RFC 9110 §15.5.13: 412', o.head('412 Precondition Failed')],
  ])('%s: it starts again', async (_, answer) => {
    const { isWhole, ranges } = await get([chunked, answer, o.plainStart(LENGTH)]);
    expect({ isWhole, ranges }).toEqual({ isWhole: true, ranges: [undefined, `bytes=${LENGTH}-`, undefined] });
  });

  test('200 of the same ETag without a length, which ends before the length that was said: it is cut', async () => {
    const short = `HTTP/1.0 200 OK\r\nETag: ${ETAG}\r\n\r\n${CONTENT.subarray(0, 6000).toString('latin1')}`;
    const { isWhole, ranges } = await get([o.plainStart(5000), short, o.plainStart(LENGTH)]);
    expect({ isWhole, ranges }).toEqual({ isWhole: true, ranges: [undefined, 'bytes=5000-', 'bytes=6000-'] });
  });

  test('416 of what has come, after a Content-Length of more: it starts again', async () => {
    const { isWhole, ranges } = await get([o.plainStart(5000), unsatisfied(5000), o.plainStart(LENGTH)]);
    expect({ isWhole, ranges }).toEqual({ isWhole: true, ranges: [undefined, 'bytes=5000-', undefined] });
  });

  test.each([
    ['a weak ETag', [`ETag: W/${ETAG}`]],
    ['no ETag', []],
    ['what is no ETag', ['ETag: one']],
  ])('RFC 9110 §8.8.1: behind %s, nothing is continued', async (_, fields) => {
    const cut = o.head('200 OK', `Content-Length: ${LENGTH}`, ...fields) + CONTENT.subarray(0, 5000).toString('latin1');
    const { isWhole, ranges } = await get([cut, o.plainStart(LENGTH)]);
    expect({ isWhole, ranges }).toEqual({ isWhole: true, ranges: [undefined, undefined] });
  });
});

describe('RFC 9110 §13.1.4: by a Last-Modified that proves nothing, where a Repr-Digest will', () => {
  const MODIFIED = 'Thu, 01 Jan 2026 00:00:00 GMT';
  const HEAD = [`Last-Modified: ${MODIFIED}`, 'Transfer-Encoding: chunked'];
  const PROMISE = 'Trailer: X-Stream-Status, Content-Digest, Repr-Digest';
  const START = o.head('200 OK', ...HEAD, PROMISE) + o.chunk(CONTENT.subarray(0, 5000));
  const rest = (content: Buffer, fields: string[], ...trailers: string[]) =>
    o.head('206 Partial Content', ...HEAD, `Content-Range: bytes 5000-${LENGTH - 1}/${LENGTH}`, ...fields) +
    o.sealed(content.subarray(5000), ...trailers);

  test.each<[what: string, field: string[]]>([
    ['without a Date', []],
    ['with one that would make it strong', [`Date: ${new Date().toUTCString()}`]],
  ])('it is asked for unless it has been modified, and the digest decides (%s)', async (_, field) => {
    const start = o.head('200 OK', ...HEAD, ...field, PROMISE) + o.chunk(CONTENT.subarray(0, 5000));
    const { verdict, ranges, requests, isWhole } = await get([start, rest(CONTENT, [PROMISE], REPR)]);
    expect(verdict).toMatchObject({ kind: 'complete', digest: 'match' });
    expect({ ranges, isWhole }).toEqual({ ranges: [undefined, 'bytes=5000-'], isWhole: true });
    expect(o.fieldOf(requests[1], 'If-Unmodified-Since')).toBe(MODIFIED);
    expect(o.fieldOf(requests[1], 'If-Range')).toBeUndefined();
  });

  test('or a checksum of the application’s own, with a weak ETag too', async () => {
    const fields = [`Last-Modified: ${MODIFIED}`, 'ETag: W/"a"'];
    const start =
      o.head('200 OK', ...fields, `Content-Length: ${LENGTH}`) + CONTENT.subarray(0, 5000).toString('latin1');
    const range = `Content-Range: bytes 5000-${LENGTH - 1}/${LENGTH}`;
    const end = o.head('206 Partial Content', ...fields, range) + CONTENT.subarray(5000).toString('latin1');
    const checksum = createHash('sha256').update(CONTENT).digest('hex');
    const { verdict, ranges, isWhole } = await get([start, end], { checksum, require: 'always' });
    expect(verdict).toMatchObject({ kind: 'complete', digest: 'match' });
    expect({ ranges, isWhole }).toEqual({ ranges: [undefined, 'bytes=5000-'], isWhole: true });
    const without = await get([start, o.plainStart(LENGTH)]);
    expect(without.ranges).toEqual([undefined, undefined]);
  });

  test('the server may have come to know an ETag meanwhile', async () => {
    const { ranges, isWhole } = await get([START, rest(CONTENT, [PROMISE, `ETag: ${ETAG}`], REPR)]);
    expect({ ranges, isWhole }).toEqual({ ranges: [undefined, 'bytes=5000-'], isWhole: true });
  });

  test.each<[what: string, second: Answer]>([
    ['a part of something else', rest(Buffer.alloc(LENGTH, 'x'), [PROMISE], REPR)],
    ['a part without the digest', rest(CONTENT, ['Trailer: X-Stream-Status, Content-Digest'])],
    ['it has been modified', o.head('412 Precondition Failed', 'Content-Length: 0')],
  ])('%s: all of it again', async (_, second) => {
    const whole = o.head('200 OK', ...HEAD, PROMISE) + o.sealed(CONTENT, REPR);
    const { verdict, ranges, isWhole } = await get([START, second, whole], { require: 'never' });
    expect(verdict).toMatchObject({ kind: 'complete', digest: 'match' });
    expect({ ranges, isWhole }).toEqual({ ranges: [undefined, 'bytes=5000-', undefined], isWhole: true });
  });
});
