/**
 * Strategy: the built program's `serve`, asked for parts by Node's own http client. What sendFile does is in
 * test/files/send-file.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { largeFile, serve, temporaryDirectory } from '../../support/cli.ts';
import { ASKING, ask } from '../../support/peers.ts';
import { until } from '../../support/sockets.ts';

const SIZE = 20_000_000;
const FILE = await largeFile(SIZE);

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

/** Once it is known: the content of a large file has to be read for it. */
async function etagAt(port: number, at = '/'): Promise<string> {
  let etag: string | undefined;
  await until(async () => {
    etag = (await ask(port, at, 'HEAD')).headers.etag;
    return etag !== undefined;
  });
  return etag!;
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
    expect(headers).toMatchObject({ 'x-stream-length': String(length), 'transfer-encoding': 'chunked' });
    expect(await etagAt(port)).toMatch(/^"[\w-]{27}"$/);
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

test('the ETag is that of the content, and a large file gets its Repr-Digest in a trailer of what reaches its end', async () => {
  const { port } = await serve(FILE);
  const content = await octets(0, SIZE - 1);
  const sum = createHash('sha256').update(content).digest();
  const asking = { ...ASKING, 'Want-Repr-Digest': 'sha-256=5', Range: `bytes=${SIZE - 9}-` };
  const { status, headers, trailers } = await ask(port, '/', 'GET', asking);
  const sent = headers['repr-digest'] ?? trailers['repr-digest'];
  expect([status, sent]).toEqual([206, `sha-256=:${sum.toString('base64')}:`]);
  expect(await etagAt(port)).toBe(`"${sum.toString('base64url').slice(0, 27)}"`);
});

const hasProc = existsSync('/proc/self/io');
if (!hasProc) console.warn('SKIPPED: that serve reads its one file before anybody asks, since there is no /proc here');

test.skipIf(!hasProc)('one file is read before anybody asks, and once: its ETag is known by that', async () => {
  const { port, child } = await serve(FILE);
  const read = async () => Number(/^rchar: (\d+)/m.exec(await readFile(`/proc/${child.pid}/io`, 'latin1'))![1]);
  await until(async () => (await read()) >= SIZE);
  // The last bytes that were read may still have to be hashed.
  await until(async () =>
    /^"[\w-]{27}"$/.test((await ask(port, '/', 'GET', { Range: 'bytes=0-0' })).headers.etag ?? ''),
  );
  expect(await read()).toBeLessThan(2 * SIZE);
});

test('--fail-after breaks parts as well, and those that are short enough are whole', async () => {
  const { port } = await serve(FILE, ['--fail-after', '1000']);
  const long = await ask(port, '/', 'GET', { ...ASKING, Range: 'bytes=5000-' });
  expect(long.trailers['x-stream-status']).toMatch(/^error;bytes=1000;/);
  expect(long.body).toEqual(await octets(5000, 5999));
  const short = await ask(port, '/', 'GET', { ...ASKING, Range: 'bytes=-999' });
  expect(short.trailers['x-stream-status']).toBe('ok;bytes=999');
});
