/**
 * Strategy: sendFile on a ServerResponse and on a raw socket, asked by Node's own http client, with small files, whose
 * tag is known at once. What large files have instead is in large-files.test.ts; what changes meanwhile, in
 * changing-files.test.ts.
 */
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type SendFileOptions, sendFile } from '../../../src/files/send-file.ts';
import { ASKING, ask, dial } from '../../support/peers.ts';
import { listen } from '../../support/servers.ts';
import * as s from './serving.ts';

const CONTENT = 'hello world';
const ETAG = s.etag(CONTENT);

async function fileOf(content: string | Uint8Array = CONTENT, name = 'file.txt'): Promise<string> {
  const file = path.join(await s.directory(), name);
  await writeFile(file, content);
  return file;
}

describe.each(s.TARGETS)('on %s', (_, over) => {
  test('for a client that did not ask: its length, no trailers, and the connection goes on', async () => {
    const file = await fileOf();
    const { port, sent } = await over(file);
    const { headers, body, trailers, status, error } = await ask(port, '/');
    expect({ status, body: body.toString(), trailers, error }).toEqual({
      ...{ status: 200, body: CONTENT, trailers: {}, error: undefined },
    });
    expect(headers).toMatchObject({
      'content-length': '11',
      'content-type': 'text/plain; charset=utf-8',
      'accept-ranges': 'bytes',
      etag: ETAG,
      'last-modified': new Date((await stat(file)).mtime).toUTCString(),
      'repr-digest': s.digestField(CONTENT),
    });
    expect(headers).not.toHaveProperty('transfer-encoding');
    expect(await sent[0]).toEqual({ status: 200, bytes: 11, ending: 'plain' });
  });

  test('for a client that asked: sealed, with the length as a hint', async () => {
    const { port, sent } = await over(await fileOf());
    const { headers, body, trailers } = await ask(port, '/', 'GET', ASKING);
    expect(body.toString()).toBe(CONTENT);
    expect(headers).toMatchObject({ 'x-stream-length': '11', etag: ETAG, 'repr-digest': s.digestField(CONTENT) });
    expect(headers).not.toHaveProperty('content-length');
    expect(trailers).toEqual({ 'x-stream-status': 'ok;bytes=11', 'content-digest': s.digestField(CONTENT) });
    expect(await sent[0]).toEqual({ status: 200, bytes: 11, ending: 'trailers' });
  });

  test('RFC 9110 §9.3.2: HEAD has the fields of GET, the length too, and the connection goes on', async () => {
    const { port } = await over(await fileOf());
    const { received, socket } = await dial(port, 'HEAD / HTTP/1.1\r\nHost: h\r\n\r\n');
    await received.seen(/\r\n\r\n/);
    socket.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
    await received.seen(/hello world$/);
    const [head, get] = received.text.split(/(?=HTTP\/1\.1)/);
    const fields = (text: string) => text.split('\r\n').filter((line) => !/^(?:Date|Connection|Keep-Alive)/.test(line));
    expect(fields(head!)).toEqual(fields(get!.replace(CONTENT, '')));
    const asking = await ask(port, '/', 'HEAD', ASKING);
    expect(asking.headers).toMatchObject({ 'x-stream-length': '11', etag: ETAG });
  });

  test('RFC 9110 §14.2: one range, sealed by itself, with the digest of the whole', async () => {
    const { port, sent } = await over(await fileOf());
    const { status, headers, body, trailers } = await ask(port, '/', 'GET', { ...ASKING, Range: 'bytes=-5' });
    expect([status, headers['content-range'], body.toString()]).toEqual([206, 'bytes 6-10/11', 'world']);
    expect(headers).toMatchObject({ etag: ETAG, 'repr-digest': s.digestField(CONTENT), 'x-stream-length': '5' });
    expect(trailers).toEqual({ 'x-stream-status': 'ok;bytes=5', 'content-digest': s.digestField('world') });
    expect(await sent[0]).toMatchObject({ status: 206, bytes: 5 });
    const plain = await ask(port, '/', 'GET', { Range: 'bytes=0-4' });
    expect([plain.status, plain.headers['content-length'], plain.body.toString()]).toEqual([206, '5', 'hello']);
  });

  test('RFC 9110 §15.5.17: a range that is not there: 416 with the length', async () => {
    const { port, sent } = await over(await fileOf());
    const { status, headers, body } = await ask(port, '/', 'GET', { Range: 'bytes=11-' });
    expect([status, headers['content-range'], headers.etag]).toEqual([416, 'bytes */11', ETAG]);
    expect(JSON.parse(body.toString())).toMatchObject({ status: 416 });
    expect(headers).not.toHaveProperty('repr-digest');
    expect(await sent[0]).toMatchObject({ status: 416, bytes: 0 });
  });

  const soon = new Date(Date.now() + 86_400_000).toUTCString();
  const longAgo = new Date(0).toUTCString();
  test.each<[what: string, status: number, headers: Record<string, string>]>([
    ['§13.1.2 If-None-Match with the tag', 304, { 'If-None-Match': ETAG }],
    ['a list with its weak form', 304, { 'If-None-Match': `"a", W/${ETAG}` }],
    ['any', 304, { 'If-None-Match': '*' }],
    ['another tag', 200, { 'If-None-Match': '"a"' }],
    ['another tag, which goes before the time', 200, { 'If-None-Match': '"a"', 'If-Modified-Since': soon }],
    ['§13.1.3 If-Modified-Since', 304, { 'If-Modified-Since': soon }],
    ['an older one', 200, { 'If-Modified-Since': longAgo }],
    ['one that is no date', 200, { 'If-Modified-Since': 'yesterday' }],
    ['§5.6.7 a date that is no HTTP-date', 200, { 'If-Modified-Since': '2099-01-01' }],
    ['the date of RFC 850', 304, { 'If-Modified-Since': 'Wednesday, 31-Dec-36 23:59:59 GMT' }],
    ['that of asctime()', 304, { 'If-Modified-Since': 'Wed Dec 31 23:59:59 2036' }],
    ['an old one of asctime()', 200, { 'If-Modified-Since': 'Sun Nov  6 08:49:37 1994' }],
    ['two dates', 200, { 'If-Modified-Since': `${soon}, ${soon}` }],
    ['§13.1.1 If-Match', 200, { 'If-Match': ETAG }],
    ['a weak one never holds', 412, { 'If-Match': `W/${ETAG}` }],
    ['another', 412, { 'If-Match': '"a"' }],
    ['§13.1.4 If-Unmodified-Since', 200, { 'If-Unmodified-Since': soon }],
    ['an older one fails', 412, { 'If-Unmodified-Since': longAgo }],
    ['before If-None-Match', 412, { 'If-Unmodified-Since': longAgo, 'If-None-Match': ETAG }],
    ['§13.1.5 If-Range with the tag', 206, { Range: 'bytes=0-1', 'If-Range': ETAG }],
    ['with a weak one', 200, { Range: 'bytes=0-1', 'If-Range': `W/${ETAG}` }],
    ['with another', 200, { Range: 'bytes=0-1', 'If-Range': '"a"' }],
    ['with another time', 200, { Range: 'bytes=0-1', 'If-Range': longAgo }],
    ['§14.2 several ranges', 200, { Range: 'bytes=0-1,3-4' }],
    ['another unit', 200, { Range: 'lines=0-1' }],
    ['§14.1.1 the unit in capitals, and §5.6.1 empty elements', 206, { Range: 'Bytes=, 0-1 ,' }],
    ['§14.1.2 to beyond the end, in any number of digits', 206, { Range: 'bytes=0-18446744073709551615' }],
    ['more than there is from the end', 206, { Range: `bytes=-${'9'.repeat(400)}` }],
    ['a beginning beyond the end', 416, { Range: `bytes=${'9'.repeat(400)}-` }],
    ['nothing from the end', 416, { Range: 'bytes=-0' }],
    ['a range that ends before it begins', 200, { Range: 'bytes=4-3' }],
    ['a space within', 200, { Range: 'bytes=0 -3' }],
    ['a range after If-None-Match', 304, { Range: 'bytes=0-1', 'If-None-Match': ETAG }],
  ])('RFC 9110 %s: %i', async (_, status, headers) => {
    const { port } = await over(await fileOf());
    const answer = await ask(port, '/', 'GET', headers);
    expect(answer.status).toBe(status);
    if (status === 304) {
      expect(answer.headers).toMatchObject({ etag: ETAG, 'last-modified': expect.stringContaining('GMT') });
      expect(answer.headers).not.toHaveProperty('content-type');
      expect(answer.body.length).toBe(0);
    }
    if (status === 412) expect(answer.headers.etag).toBe(ETAG);
  });

  test('RFC 9530 §4: who refuses sha-256 gets no Repr-Digest', async () => {
    const { port } = await over(await fileOf());
    const { headers } = await ask(port, '/', 'GET', { 'Want-Repr-Digest': 'sha-256=0, sha-512=3' });
    expect(headers).not.toHaveProperty('repr-digest');
  });

  test('sha256 of the application: in the head, with the tag, and nothing is read for it', async () => {
    const other = s.sha256('something else');
    const { port } = await over(await fileOf(), { sha256: other.toString('hex') });
    const { headers } = await ask(port, '/');
    expect(headers).toMatchObject({ etag: s.etag('something else'), 'repr-digest': s.digestField('something else') });
  });

  test.each<[what: string, plant: (file: string) => unknown, status: number]>([
    ['nothing', () => {}, 404],
    ['a directory', (file) => mkdir(file), 404],
    ['a FIFO, without waiting for its other end', (file) => execFileSync('mkfifo', [file]), 404],
    ['a link to itself', (file) => symlink(file, file), 404],
  ])('%s: %i, which can be answered otherwise', async (_, plant, status) => {
    const file = path.join(await s.directory(), 'file.txt');
    await plant(file);
    const first = await over(file);
    const { headers, body, ...answer } = await ask(first.port, '/');
    expect([answer.status, headers['content-type'], JSON.parse(body.toString()).status]).toEqual([
      ...[status, 'application/problem+json', status],
    ]);
    expect(await first.sent[0]).toMatchObject({ status, bytes: 0 });
    const errorResponse: SendFileOptions['errorResponse'] = (error) => ({
      status: 410,
      body: `was ${(error as { statusCode: number }).statusCode}`,
    });
    const second = await over(file, { errorResponse });
    expect(await ask(second.port, '/')).toMatchObject({ status: 410, body: Buffer.from(`was ${status}`) });
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])(
    'RFC 9110 §15.5.6: %s is 405 with Allow, and the file stays unread',
    async (method) => {
      const { port, sent } = await over(await fileOf());
      const { status, headers, body } = await ask(port, '/', method, { Range: 'bytes=99-', 'If-Match': '"a"' });
      expect([status, headers.allow, headers['content-type']]).toEqual([405, 'GET, HEAD', 'application/problem+json']);
      expect(headers).not.toHaveProperty('etag');
      expect(JSON.parse(body.toString()).status).toBe(405);
      expect(await sent[0]).toMatchObject({ status: 405, bytes: 0 });
      const mine = await over('/nowhere', { errorResponse: () => ({ status: 409, body: 'mine' }) });
      expect(await ask(mine.port, '/', method)).toMatchObject({ status: 409, body: Buffer.from('mine') });
    },
  );

  test('below a root: what leads out of it is 403', async () => {
    const folder = await s.directory();
    const root = path.join(folder, 'root');
    await mkdir(path.join(root, 'sub'), { recursive: true });
    await writeFile(path.join(folder, 'secret'), 'secret');
    await writeFile(path.join(root, 'sub', 'a'), CONTENT);
    await symlink('../secret', path.join(root, 'out'));
    await symlink('sub/a', path.join(root, 'in'));
    const statusOf = async (name: string) => (await ask((await over(name, { root })).port, '/')).status;
    expect(await Promise.all(['sub/a', '/sub/a', 'in', 'sub/../sub/a'].map(statusOf))).toEqual([200, 200, 200, 403]);
    expect(await Promise.all(['out', '../secret', 'a/..\\..\\secret', 'a\0', 'none', ''].map(statusOf))).toEqual([
      ...[403, 403, 403, 403, 404, 404],
    ]);
  });

  test('a signal ends it as a failure', async () => {
    const { port, sent } = await over(await fileOf(), { signal: AbortSignal.abort() });
    const { status } = await ask(port, '/');
    expect(status).toBe(500);
    await expect(sent[0]).rejects.toThrow();
  });

  test('an empty file', async () => {
    const { port } = await over(await fileOf(''));
    const { headers, trailers, status } = await ask(port, '/', 'GET', ASKING);
    expect([status, headers.etag, trailers['x-stream-status']]).toEqual([200, s.etag(''), 'ok;bytes=0']);
    expect((await ask(port, '/')).headers['content-length']).toBe('0');
    expect((await ask(port, '/', 'GET', { Range: 'bytes=0-' })).status).toBe(416);
  });
});

describe('what the application has set', () => {
  test('goes before what is made here, and is not in an answer without the file', async () => {
    const own = {
      'Content-Type': 'a/b',
      'Content-Disposition': 'attachment; filename="a"',
      'Cache-Control': 'max-age=9',
    };
    const before = (res: http.ServerResponse) => {
      for (const [name, value] of Object.entries(own)) res.setHeader(name, value);
      res.setHeader('X-Mine', 'stays');
    };
    const { port } = await s.overHttp(await fileOf(), {}, before);
    const { headers } = await ask(port, '/');
    expect(headers).toMatchObject({
      'content-type': 'a/b',
      'cache-control': 'max-age=9',
      'x-mine': 'stays',
      etag: ETAG,
    });
    expect(headers['content-disposition']).toBe(own['Content-Disposition']);
    const refused = await ask(port, '/', 'GET', { Range: 'bytes=99-' });
    expect(refused.headers).toMatchObject({ 'content-type': 'application/problem+json', 'x-mine': 'stays' });
    expect(refused.headers).not.toHaveProperty('content-disposition');
    expect(refused.headers).not.toHaveProperty('cache-control');
  });

  test('an ETag of its own is the one that preconditions are compared with', async () => {
    const { port } = await s.overHttp(await fileOf(), { headers: { ETag: '"mine"' } });
    const statuses = await Promise.all(
      [{ 'If-None-Match': '"mine"' }, { Range: 'bytes=0-1', 'If-Range': '"mine"' }, { 'If-None-Match': ETAG }].map(
        async (headers) => (await ask(port, '/', 'GET', headers as Record<string, string>)).status,
      ),
    );
    expect(statuses).toEqual([304, 206, 200]);
  });

  test('middleware that has put itself in between is asked not to change what the tag is of', async () => {
    const before = (res: http.ServerResponse) => {
      const { write } = res;
      res.write = ((...args: Parameters<typeof write>) => write.apply(res, args)) as typeof write;
    };
    const { port } = await s.overHttp(await fileOf(), { headers: { 'Cache-Control': 'private' } }, before);
    const { headers, body } = await ask(port, '/');
    expect([headers['cache-control'], body.toString()]).toEqual(['private, no-transform', CONTENT]);
  });
});

test('a file that nobody may read is 403', async () => {
  if (process.getuid?.() === 0) return console.warn('SKIPPED: a file without rights, since root may read everything');
  const file = await fileOf();
  await chmod(file, 0o000);
  expect((await ask((await s.overHttp(file)).port, '/')).status).toBe(403);
});

test.each<[object, string]>([
  [{ sha256: 'abc' }, 'sha256 must be the 64 hexadecimal digits of a SHA-256, not "abc"'],
  [{ root: undefined }, 'root must be the name of a directory, not undefined'],
  [{ root: '' }, 'root must be the name of a directory, not ""'],
])('options that are none are told before anything is sent: %j', async (options, words) => {
  const file = await fileOf();
  const errors: unknown[] = [];
  const server = http.createServer((_req, res) => {
    void sendFile(res, file, options).catch((error) => {
      errors.push(error);
      res.end('fell back');
    });
  });
  const { body } = await ask(await listen(server), '/');
  expect(body.toString()).toBe('fell back');
  expect(errors).toEqual([new TypeError(words)]);
});

test.each([undefined, new URL('file:///tmp/a')])('a path that is no string is answered with 500: %s', async (given) => {
  const { port, sent } = await s.overHttp(given as unknown as string);
  expect((await ask(port, '/')).status).toBe(500);
  await expect(sent[0]).rejects.toThrow(/^The path of sendFile must be a string, not /);
});

test('a POST can be answered with a file, as a GET', async () => {
  const file = await fileOf();
  const server = http.createServer(({ httpVersion, headers }, res) => {
    void sendFile(res, file, { request: { method: 'GET', httpVersion, headers } });
  });
  expect(await ask(await listen(server), '/', 'POST')).toMatchObject({ status: 200, body: Buffer.from(CONTENT) });
});

test('RFC 9110 §8.8.2.1: a time that is still to come is not sent as Last-Modified', async () => {
  const file = await fileOf();
  const tomorrow = Date.now() / 1000 + 86_400;
  await utimes(file, tomorrow, tomorrow);
  const { headers } = await ask((await s.overHttp(file)).port, '/');
  expect([headers['last-modified'], headers.etag]).toEqual([undefined, ETAG]);
});

test('replicas agree: equal content, whatever the inode, the name and the times are', async () => {
  const files = await Promise.all([fileOf(CONTENT), fileOf(CONTENT, 'b.txt'), fileOf(CONTENT)]);
  await utimes(files[1]!, 1_000_000, 1_000_000);
  const tags = await Promise.all(
    files.map(async (file) => (await ask((await s.overHttp(file)).port, '/')).headers.etag),
  );
  expect(tags).toEqual([ETAG, ETAG, ETAG]);
});

test('the tag is another once the content is, though size and times are not', async () => {
  const file = await fileOf('one');
  await utimes(file, 1, 1);
  const { port } = await s.overHttp(file);
  expect((await ask(port, '/')).headers.etag).toBe(s.etag('one'));
  await writeFile(file, 'two');
  await utimes(file, 1, 1);
  expect((await ask(port, '/')).headers.etag).toBe(s.etag('two'));
});
