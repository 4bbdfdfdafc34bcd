/**
 * Strategy: the built program's `serve`, asked for parts by Node's own http client. The file is this runtime's binary,
 * which has been at rest for long, so that its ETag is strong; what is fresh is made on the spot.
 */
import { createHash } from 'node:crypto';
import { open, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { etagOf } from '../../../src/cli/serve/etag.ts';
import { serve, temporaryDirectory } from '../../support/cli.ts';
import { ASKING, ask } from '../../support/peers.ts';

const FILE = process.execPath;
const { size: SIZE } = await stat(FILE);

async function octets(first: number, last: number): Promise<Buffer> {
  const handle = await open(FILE);
  try {
    const buffer = Buffer.alloc(last + 1 - first);
    await handle.read(buffer, 0, buffer.length, first);
    return buffer;
  } finally {
    await handle.close();
  }
}

async function etagAt(port: number, at = '/'): Promise<string> {
  return String((await ask(port, at, 'HEAD')).headers.etag);
}

describe('RFC 9110 §14.2: one range', () => {
  test.each([
    ['bytes=0-0', 0, 0],
    ['bytes=5-9', 5, 9],
    ['BYTES=5-9', 5, 9],
    [`bytes=${SIZE - 3}-`, SIZE - 3, SIZE - 1],
    ['bytes=-3', SIZE - 3, SIZE - 1],
    [`bytes=${SIZE - 3}-${SIZE + 10}`, SIZE - 3, SIZE - 1],
  ])('%s: 206, with a seal of the part', async (Range, first, last) => {
    const { port } = await serve(FILE);
    const { status, headers, body, trailers, error } = await ask(port, '/', 'GET', { ...ASKING, Range });
    const part = await octets(first, last);
    const { length } = part;
    expect({ status, error, range: headers['content-range'] }).toEqual({
      ...{ status: 206, error: undefined, range: `bytes ${first}-${last}/${SIZE}` },
    });
    expect(body).toEqual(part);
    expect(headers).toMatchObject({ etag: await etagAt(port), 'transfer-encoding': 'chunked' });
    expect(trailers).toEqual({
      'x-stream-status': `ok;bytes=${length}`,
      'content-digest': `sha-256=:${createHash('sha256').update(part).digest('base64')}:`,
    });
  });

  test.each([`bytes=${SIZE}-`, `bytes=${SIZE}-${SIZE + 1}`, 'bytes=-0'])(
    'RFC 9110 §15.5.17: %s: 416 with the length, and the connection goes on',
    async (Range) => {
      const { port } = await serve(FILE);
      const { status, headers, body } = await ask(port, '/', 'GET', { Range });
      expect([status, headers['content-range'], body.toString()]).toEqual([
        ...[416, `bytes */${SIZE}`, '416 Range Not Satisfiable\n'],
      ]);
    },
  );
});

describe('ignored, and answered with the whole', () => {
  const whole = 'hello world';
  test.each([
    ['several ranges', { Range: 'bytes=0-1,3-4' }],
    ['another unit', { Range: 'lines=0-1' }],
    ['one that ends before it starts', { Range: 'bytes=2-1' }],
    ['one without numbers', { Range: 'bytes=-' }],
    ['one that is none', { Range: 'bytes=a-b' }],
    ['RFC 9110 §13.1.5: If-Range of another ETag', { Range: 'bytes=0-1', 'If-Range': '"a"' }],
    ['RFC 9110 §13.1.5: If-Range of a date', { Range: 'bytes=0-1', 'If-Range': new Date().toUTCString() }],
  ])('%s', async (_, headers) => {
    const root = await temporaryDirectory();
    await writeFile(path.join(root, 'file'), whole);
    const { port } = await serve(root);
    const answer = await ask(port, '/file', 'GET', headers);
    expect([answer.status, answer.body.toString()]).toEqual([200, whole]);
  });

  test('HEAD: a range means nothing to it', async () => {
    const { port } = await serve(FILE);
    const { status, headers } = await ask(port, '/', 'HEAD', { Range: 'bytes=0-1' });
    expect([status, headers['content-range'], headers['accept-ranges']]).toEqual([200, undefined, 'bytes']);
  });
});

describe('the ETag', () => {
  test('RFC 9110 §8.8.1: is weak until a further change would show, and If-Range does not hold by it', async () => {
    const root = await temporaryDirectory();
    await writeFile(path.join(root, 'file'), 'hello');
    const { port } = await serve(root);
    const etag = await etagAt(port, '/file');
    expect(etag).toMatch(/^W\/"[\w-]{27}"$/);
    const answer = await ask(port, '/file', 'GET', { Range: 'bytes=0-1', 'If-Range': etag });
    expect(answer.status).toBe(200);
  });

  test('strong of a file at rest: the same each time, and If-Range holds by it', async () => {
    const { port } = await serve(FILE);
    const etag = await etagAt(port);
    expect(etag).toMatch(/^"[\w-]{27}"$/);
    expect(await etagAt(port)).toBe(etag);
    const answer = await ask(port, '/', 'GET', { Range: 'bytes=0-1', 'If-Range': etag });
    expect(answer.status).toBe(206);
  });

  test('is another after a write of the same length, though the times of the file are set back', async () => {
    const file = path.join(await temporaryDirectory(), 'file');
    const later = BigInt(Date.now() + 60_000) * 1_000_000n;
    const etag = async () => etagOf(await stat(file, { bigint: true }), later);
    await writeFile(file, 'one');
    await utimes(file, 1, 1);
    const before = await etag();
    // The clock of the file system may be coarse: until it has ticked, the tag would have been weak.
    const { ctimeNs } = await stat(file, { bigint: true });
    do {
      await writeFile(file, 'two');
      await utimes(file, 1, 1);
    } while ((await stat(file, { bigint: true })).ctimeNs === ctimeNs);
    expect(await etag()).not.toBe(before);
    expect(await etag()).toMatch(/^"/);
  });
});

describe('RFC 9530 §3: Repr-Digest', () => {
  test.each([
    ['of the whole', {}, 'sha-256', 200],
    ['behind a part, still of the whole', { Range: `bytes=${SIZE - 9}-` }, 'sha-512', 206],
  ])('%s, in a trailer, as asked for', async (_, more, algorithm, status) => {
    const { port } = await serve(FILE);
    const wanted = { 'Want-Repr-Digest': `${algorithm}=5`, ...more };
    const answer = await ask(port, '/', 'GET', { ...ASKING, ...wanted });
    const hash = createHash(algorithm.replace('-', '')).update(await octets(0, SIZE - 1));
    expect(answer.status).toBe(status);
    expect(answer.trailers['repr-digest']).toBe(`${algorithm}=:${hash.digest('base64')}:`);
  });

  test.each([
    ['nobody who has not asked', {}],
    ['nobody who asked for none', { 'Want-Repr-Digest': 'sha-256=0, sha-512=0' }],
    ['nobody who does not say what', { 'Want-Repr-Digest': '?' }],
  ])('%s gets one', async (_, more) => {
    const { port } = await serve(FILE);
    const { trailers, headers } = await ask(port, '/', 'GET', { ...ASKING, Range: 'bytes=-9', ...more });
    expect(trailers['content-digest']).toBeDefined();
    expect([trailers['repr-digest'], headers.trailer]).toEqual([undefined, 'X-Stream-Status, Content-Digest']);
  });
});

test('--fail-after breaks parts as well, and those that are short enough are whole', async () => {
  const { port } = await serve(FILE, ['--fail-after', '1000']);
  const long = await ask(port, '/', 'GET', { ...ASKING, Range: 'bytes=5000-' });
  expect(long.trailers['x-stream-status']).toMatch(/^error;bytes=1000;/);
  expect(long.body).toEqual(await octets(5000, 5999));
  const short = await ask(port, '/', 'GET', { ...ASKING, Range: 'bytes=-999' });
  expect(short.trailers['x-stream-status']).toBe('ok;bytes=999');
});
