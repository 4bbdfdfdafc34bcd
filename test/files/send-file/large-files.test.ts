/**
 * Strategy: sparse files that are too large to be hashed before a head. The times of a file are put back, so that it has
 * been at rest, where the test is about what is known later.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, open, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { knownDigest } from '../../../src/files/file-digests.ts';
import { ASKING, ask, dial } from '../../support/peers.ts';
import { until } from '../../support/sockets.ts';
import * as s from './serving.ts';

const SIZE = 24_000_000;
const WANTING = { ...ASKING, 'Want-Repr-Digest': 'sha-256=10' };
const LAST = 'bytes=-9';

/** A sparse file with a few bytes in it, new. */
async function largeFile(
  size = SIZE,
): Promise<{ file: string; digest: () => Promise<string>; etag: () => Promise<string> }> {
  const file = path.join(await s.directory(), 'large.bin');
  await writeFile(file, `new ${Math.random()}`);
  await truncate(file, size);
  const hash = async () => {
    const sum = createHash('sha256');
    for await (const data of createReadStream(file)) sum.update(data);
    return sum.digest();
  };
  return {
    file,
    digest: async () => `sha-256=:${(await hash()).toString('base64')}:`,
    etag: async () => `"${(await hash()).toString('base64url').slice(0, 27)}"`,
  };
}

/** Waits until the tag has been learned in the background. */
async function learned(file: string): Promise<void> {
  const stats = await stat(file, { bigint: true });
  await until(() => knownDigest(stats) !== undefined);
}

test('content does not wait for the hash of 1 TiB; a part has no ETag yet, and a Last-Modified', async () => {
  const { file } = await largeFile(2 ** 40);
  const { port } = await s.overHttp(file);
  for (const asking of [{}, ASKING, { ...WANTING, Range: 'bytes=0-8' }]) {
    const { status, headers, body } = await ask(port, '/', 'GET', { Range: LAST, ...asking });
    expect([status, headers.etag, headers['repr-digest'], body.length]).toEqual([206, undefined, undefined, 9]);
    expect(headers['last-modified']).toBeDefined();
    expect(headers.trailer ?? '').not.toContain('Repr-Digest');
  }
});

test('RFC 9530 §3: what reaches the end of the file brings the Repr-Digest as a trailer, if it is wanted', async () => {
  const { file, digest } = await largeFile();
  const { port } = await s.overHttp(file);
  const { headers, trailers } = await ask(port, '/', 'GET', { ...WANTING, Range: LAST });
  expect(headers).toMatchObject({ 'content-range': `bytes ${SIZE - 9}-${SIZE - 1}/${SIZE}` });
  expect(headers.trailer).toBe('X-Stream-Status, Content-Digest, Repr-Digest');
  expect(trailers['repr-digest']).toBe(await digest());
  const other = await ask(port, '/', 'GET', ASKING);
  expect([other.body.length, other.trailers['repr-digest']]).toEqual([SIZE, undefined]);
});

test('a client that leaves meanwhile is not waited for', async () => {
  const { file } = await largeFile(2 ** 40);
  const { port, sent } = await s.overHttp(file);
  const fields = Object.entries({ ...WANTING, Range: LAST }).map(([name, value]) => `${name}: ${value}\r\n`);
  const { received, socket } = await dial(port, `GET / HTTP/1.1\r\nHost: h\r\n${fields.join('')}\r\n`);
  await received.seen(/\r\n\r\n9\r\n\0{9}/);
  socket.destroy();
  await expect(sent[0]).rejects.toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
});

test('once it is known, it is in the head of every response, with the ETag', async () => {
  const { file, digest, etag } = await largeFile();
  const { port } = await s.overHttp(file);
  await ask(port, '/', 'GET', { Range: 'bytes=0-0' });
  await learned(file);
  const expected = { etag: await etag(), 'repr-digest': await digest() };
  for (const asking of [{}, ASKING, { ...WANTING, Range: LAST }]) {
    const { headers } = await ask(port, '/', 'GET', { ...asking });
    expect(headers).toMatchObject(expected);
  }
});

test('a HEAD, and a precondition that names a tag, wait for it: replicas agree', async () => {
  const { file, etag } = await largeFile();
  const copies = await Promise.all(
    [1, 2, 3].map(async () => {
      const copy = path.join(await s.directory(), 'copy');
      await copyFile(file, copy);
      return (await s.overHttp(copy)).port;
    }),
  );
  const tag = await etag();
  // At their first request, unless the machine is too busy to read the file in that time: patience.test.ts counts it.
  await until(async () => (await ask(copies[0]!, '/', 'HEAD')).headers.etag === tag);
  await until(async () => (await ask(copies[1]!, '/', 'GET', { Range: LAST, 'If-Range': tag })).status === 206);
  await until(async () => (await ask(copies[2]!, '/', 'GET', { 'If-None-Match': tag })).status === 304);
});

test('but not for ever: then a part is not certain, and the whole comes', { timeout: 60_000 }, async () => {
  const { file } = await largeFile(2 ** 40);
  const { port } = await s.overHttp(file);
  expect((await ask(port, '/', 'HEAD')).headers.etag).toBeUndefined();
  const fields = `Range: ${LAST}\r\nIf-Range: "of a replica"\r\n`;
  const { received, socket } = await dial(port, `GET / HTTP/1.1\r\nHost: h\r\n${fields}\r\n`);
  await received.seen(/^HTTP\/1\.1 200 OK\r\n/);
  socket.destroy();
});

test('RFC 9110 §8.8.2.2: If-Range with a time holds only if the file was written then, and is at rest', async () => {
  const { file } = await largeFile();
  const { port } = await s.overHttp(file);
  const { headers } = await ask(port, '/', 'GET', { Range: LAST });
  const condition = { Range: LAST, 'If-Range': String(headers['last-modified']) };
  expect((await ask(port, '/', 'GET', condition)).status).toBe(200);
  await until(() => Date.now() > Date.parse(condition['If-Range']) + 2000);
  expect((await ask(port, '/', 'GET', condition)).status).toBe(206);
  const handle = await open(file);
  await handle.utimes(1_000_000_000, 1_000_000_000);
  await handle.close();
  const set = { Range: LAST, 'If-Range': new Date(1_000_000_000_000).toUTCString() };
  expect((await ask(port, '/', 'GET', set)).status).toBe(200);
});

test('a file that is being hashed keeps no process', async () => {
  const { file } = await largeFile(2 ** 40);
  const { startCommand } = await import('../../support/cli.ts');
  const script = `
    import http from 'node:http';
    import { sendFile } from './dist/files/index.js';
    const server = http.createServer((req, res) => sendFile(res, ${JSON.stringify(file)}));
    server.listen(0, '127.0.0.1', async () => {
      const response = await fetch('http://127.0.0.1:' + server.address().port, { headers: { Range: 'bytes=0-0', Connection: 'close' } });
      await response.text();
      server.close();
    });`;
  const { ended } = startCommand(process.execPath, ['--input-type=module', '-e', script], {});
  expect(await ended).toMatchObject({ code: 0, stderr: '' });
});
