/** Strategy: how often it tries, after what, how it ends early, what it follows, and what it refuses to be told. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type DownloadOptions, download } from '../../../src/files/download/download.ts';
import { defaultRetryDelay, retryAfterOf } from '../../../src/files/download/retry.ts';
import { StatusError } from '../../../src/files/download/status-error.ts';
import { startCommand } from '../../support/cli.ts';
import { freePort } from '../../support/peers.ts';
import * as o from './origin.ts';

const { CONTENT, AT_ONCE } = o;
const LENGTH = CONTENT.length;

async function target(): Promise<{ folder: string; file: string }> {
  const folder = await o.directory();
  return { folder, file: path.join(folder, 'file') };
}

describe('the bound', () => {
  test.each([0, 1, 3])('retries: %s', async (retries) => {
    const { file, folder } = await target();
    const { url, requests } = await o.scripted(o.plainStart(5000), o.plainRest(5000).slice(0, -(LENGTH - 5000)));
    const delays: number[] = [];
    const errors: unknown[] = [];
    const options: DownloadOptions = {
      retries,
      retryDelay: (retry) => {
        delays.push(retry);
        return retry / 8;
      },
      onRetry: (error, retry, delay) => errors.push([(error as { code?: string }).code, retry, delay]),
    };
    await expect(download(url, file, options)).rejects.toMatchObject({ code: 'ERR_BODY_TRUNCATED' });
    expect(requests).toHaveLength(1 + retries);
    expect(delays).toEqual([1, 2, 3].slice(0, retries));
    expect(errors).toEqual([1, 2, 3].slice(0, retries).map((retry) => ['ERR_BODY_TRUNCATED', retry, retry / 8]));
    expect(await readdir(folder)).toEqual([]);
  });

  test('the delays grow to 30 s, and are never under a half', () => {
    for (const [retry, longest] of [
      [1, 1000],
      [2, 2000],
      [5, 16_000],
      [6, 30_000],
      [60, 30_000],
      [2000, 30_000],
    ] as const) {
      const delay = defaultRetryDelay(retry);
      expect(delay).toBeGreaterThanOrEqual(longest / 2);
      expect(delay).toBeLessThanOrEqual(longest);
    }
  });

  test.each([
    [503, 6],
    [500, 6],
    [429, 6],
    [404, 1],
    [401, 1],
    [304, 1],
  ])('HTTP %i: %i requests, and an error that says it', async (status, count) => {
    const { file } = await target();
    const { url, requests } = await o.scripted(o.head(`${status} No`, 'Content-Length: 0'));
    await expect(download(url, file, AT_ONCE)).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS', statusCode: status });
    expect(requests).toHaveLength(count);
  });

  test('RFC 9110 §10.2.3: Retry-After', async () => {
    const { file } = await target();
    const { url } = await o.scripted(o.head('503 No', 'Retry-After: 1'), o.plainStart(LENGTH));
    const start = performance.now();
    await download(url, file, AT_ONCE);
    expect(performance.now() - start).toBeGreaterThan(990);
  });

  test.each([
    ['0', 0],
    ['120', 120_000],
    ['1000000', 120_000],
    ['9'.repeat(400), 120_000],
    [new Date(Date.now() + 86_400_000).toUTCString(), 120_000],
    [new Date(Date.now() - 1000).toUTCString(), 0],
    ['-5', 0],
    ['soon', 0],
    ['', 0],
  ])('Retry-After: %s', (field, milliseconds) => {
    expect(retryAfterOf(new StatusError('No', 503, field))).toBe(milliseconds);
  });
});

test('a server that cannot be reached, and one that hangs up', async () => {
  const { file } = await target();
  const nowhere = download(`http://127.0.0.1:${await freePort()}/`, file, AT_ONCE);
  await expect(nowhere).rejects.toMatchObject({ code: 'ERR_NO_RESPONSE', cause: { code: 'ECONNREFUSED' } });
  const { url, requests } = await o.scripted('', '', o.plainStart(LENGTH));
  await download(url, file, AT_ONCE);
  expect(requests).toHaveLength(3);
});

test.each([
  ['a head that is none', 'hello\r\n\r\n', 'ERR_HEAD_MALFORMED'],
  ['a head that is too long', o.head('200 OK', `X: ${'x'.repeat(100_000)}`), 'ERR_HEAD_LIMIT'],
  ['101', o.head('101 Switching Protocols', 'Upgrade: x', 'Connection: upgrade'), 'ERR_HEAD_MALFORMED'],
])('%s', async (_, answer, code) => {
  const { file } = await target();
  const { url } = await o.scripted(answer);
  await expect(download(url, file, { ...AT_ONCE, retries: 1 })).rejects.toMatchObject({ code });
});

describe('in time', () => {
  test('no head', async () => {
    const { file } = await target();
    const { url } = await o.scripted(() => {});
    const waiting = download(url, file, { retries: 0, headTimeout: 50 });
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_HEAD_TIMEOUT' });
  });

  test('a silence: what came before is continued', async () => {
    const { file } = await target();
    const { url, requests } = await o.scripted((socket) => socket.write(o.plainStart(5000)), o.plainRest(5000));
    await download(url, file, { ...AT_ONCE, idleTimeout: 50 });
    expect(o.fieldOf(requests[1], 'Range')).toBe('bytes=5000-');
  });
});

describe('cancelled', () => {
  test('before, and while it waits for a head', async () => {
    const { file, folder } = await target();
    const reason = new Error('enough');
    const { url, requests } = await o.scripted(() => cancelling.abort(reason));
    const cancelling = new AbortController();
    await expect(download(url, file, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(requests).toEqual([]);
    await expect(download(url, file, { signal: cancelling.signal })).rejects.toBe(reason);
    expect(await readdir(folder)).toEqual([]);
  });

  test('in the middle: nothing is left', async () => {
    const { file, folder } = await target();
    const { url } = await o.scripted((socket) => socket.write(o.plainStart(5000)));
    const cancelling = new AbortController();
    const onProgress = ({ bytes }: { bytes: number }) => bytes === 5000 && cancelling.abort();
    const cancelled = download(url, file, { signal: cancelling.signal, onProgress });
    await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' });
    expect(await readdir(folder)).toEqual([]);
  });

  test('while it waits to try again', async () => {
    const { file } = await target();
    const { url } = await o.scripted('');
    const cancelling = new AbortController();
    const onRetry = () => setImmediate(() => cancelling.abort());
    const cancelled = download(url, file, { signal: cancelling.signal, onRetry, retryDelay: () => 60_000 });
    await expect(cancelled).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('by what onProgress throws', async () => {
    const { file, folder } = await target();
    const { url, requests } = await o.scripted(o.plainStart(LENGTH));
    const mistake = new Error('mistake');
    const onProgress = () => {
      throw mistake;
    };
    await expect(download(url, file, { ...AT_ONCE, onProgress })).rejects.toBe(mistake);
    expect(requests).toHaveLength(1);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('redirects', () => {
  test('RFC 9110 §15.4: followed, and what is private stays with its origin', async () => {
    const { file } = await target();
    const other = await o.scripted(o.plainStart(5000), o.plainRest(5000));
    const { url, requests } = await o.scripted(
      o.head('302 Found', 'Location: /here'),
      o.head('307 Temporary Redirect', `Location: ${other.url}there`),
    );
    const headers = { Cookie: 'c=1', 'x-other': '2' };
    const options = { ...AT_ONCE, headers };
    const withUser = url.replace('//', '//user:open%20sesame@');
    const twice = download(withUser, file, options);
    await expect(twice).resolves.toMatchObject({ kind: 'unverified', bytes: LENGTH });
    expect(requests.map((request) => o.fieldOf(request, 'Cookie'))).toEqual(['c=1', 'c=1', 'c=1']);
    expect(o.fieldOf(requests[1], 'Authorization')).toBe(`Basic ${btoa('user:open sesame')}`);
    expect(other.requests.map((request) => o.fieldOf(request, 'Cookie'))).toEqual([undefined, undefined]);
    expect(other.requests.map((request) => o.fieldOf(request, 'Authorization'))).toEqual([undefined, undefined]);
    expect(o.fieldOf(other.requests[1], 'Range')).toBe('bytes=5000-');
    expect(o.fieldOf(other.requests[1], 'x-other')).toBe('2');
  });

  test('RFC 9110 §8.8.3: an ETag of another place is another', async () => {
    const { file } = await target();
    const one = await o.scripted(o.plainStart(5000));
    const other = await o.scripted(o.plainRest(5000), o.plainStart(LENGTH));
    const { url } = await o.scripted(
      o.head('302 Found', `Location: ${one.url}`),
      o.head('302 Found', `Location: ${other.url}`),
    );
    await download(url, file, AT_ONCE);
    expect(other.requests.map((request) => o.fieldOf(request, 'Range'))).toEqual(['bytes=5000-', undefined]);
  });

  test('RFC 9530 §2: a digest of the redirect and its content is of that alone', async () => {
    const { file } = await target();
    const page = Buffer.from('It is elsewhere');
    const fields = ['Location: /here', `Content-Length: ${page.length}`, `Content-Digest: ${o.digestOf(page)}`];
    const { url } = await o.scripted(
      `${o.head('302 Found', ...fields)}${page}`,
      o.head('200 OK', ...o.SEALING) + o.sealed(CONTENT),
    );
    const verdict = await download(url, file, { ...AT_ONCE, retries: 0 });
    expect(verdict).toMatchObject({ kind: 'complete', digest: 'match', bytes: LENGTH });
    expect(await readFile(file)).toEqual(CONTENT);
  });

  test.each([
    ['to nowhere', o.head('302 Found')],
    ['to another scheme', o.head('302 Found', 'Location: ftp://h/')],
    ['without end', o.head('302 Found', 'Location: /')],
  ])('%s', async (_, answer) => {
    const { file } = await target();
    const { url } = await o.scripted(answer);
    await expect(download(url, file, AT_ONCE)).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS', statusCode: 302 });
  });
});

test.each<[string, DownloadOptions]>([
  ['ftp://h/', {}],
  ['no URL', {}],
  ['http://%zz@h/', {}],
  ['http://h/', { headers: { Range: 'bytes=1-' } }],
  ['http://h/', { headers: { 'if-range': '"a"' } }],
  ['http://h/', { headers: { X: 'a\r\nY: b' } }],
  ['http://h/', { require: 'sometimes' as 'always' }],
  ['http://h/', { retries: -1 }],
  ['http://h/', { idleTimeout: -1 }],
  ['http://h/', { headTimeout: Number.NaN }],
])('what is no URL or option: %s %j', async (url, options) => {
  const { file, folder } = await target();
  await expect(download(url, file, options)).rejects.toThrow(/./);
  const error = await download(url, file, options).catch((cause) => cause);
  expect(error instanceof TypeError || error instanceof RangeError).toBe(true);
  expect(await readdir(folder)).toEqual([]);
});

test('an agent function that throws: its error, and nothing that keeps the process', async () => {
  const script = `
    import { download } from ${JSON.stringify(new URL('../../../dist/files/index.js', import.meta.url).href)};
    const agent = () => { throw new Error('no agent'); };
    await download('http://127.0.0.1:9/', ${JSON.stringify(path.join(await o.directory(), 'file'))}, { agent, retries: 0 })
      .catch((error) => console.log(error.message));`;
  const { ended } = startCommand(process.execPath, ['--input-type=module', '-e', script]);
  expect(await ended).toMatchObject({ code: 0, stdout: 'no agent\n' });
});
