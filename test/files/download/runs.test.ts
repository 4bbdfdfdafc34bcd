/**
 * Strategy: what is left from one call of download to the next: the .part file and its state, as they are after real
 * failures, and then changed in every way that a disk or a hand may change them.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { download } from '../../../src/files/download/download.ts';
import type { Answer, RawServer } from '../../support/peers.ts';
import * as o from './origin.ts';

const { CONTENT, ETAG, AT_ONCE } = o;
const LENGTH = CONTENT.length;
const KEEPING = { ...AT_ONCE, resume: true, retries: 0 };
const PART = ['file.part', 'file.part.json'];

interface Broken extends RawServer {
  folder: string;
  file: string;
  state: Record<string, unknown>;
}

/** A first run that broke after 5000 octets; the next connections get the other answers. */
async function broken(...answers: Answer[]): Promise<Broken> {
  const folder = await o.directory();
  const file = path.join(folder, 'file');
  const server = await o.scripted(o.plainStart(5000), ...answers);
  await expect(download(server.url, file, KEEPING)).rejects.toMatchObject({ code: 'ERR_BODY_TRUNCATED' });
  expect(await readdir(folder)).toEqual(PART);
  return { ...server, folder, file, state: JSON.parse(await readFile(`${file}.part.json`, 'utf8')) };
}

const rangesOf = (requests: string[]) => requests.map((request) => o.fieldOf(request, 'Range'));

test('a run continues what the one before has left, and leaves the file alone', async () => {
  const { url, file, folder, requests, state } = await broken(o.plainRest(5000));
  expect(state).toMatchObject({
    ...{ version: 1, etag: ETAG, bytes: 5000, total: LENGTH, isVerified: false, isSealed: false },
    sha256: createHash('sha256').update(CONTENT.subarray(0, 5000)).digest('hex'),
  });
  await download(url, file, KEEPING);
  expect(rangesOf(requests)).toEqual([undefined, 'bytes=5000-']);
  expect(await readdir(folder)).toEqual(['file']);
  expect(await readFile(file)).toEqual(CONTENT);
});

test('a run without resume neither uses nor removes what is left', async () => {
  const { url, file, folder, requests } = await broken(o.plainStart(LENGTH));
  await download(url, file, AT_ONCE);
  expect(rangesOf(requests)).toEqual([undefined, undefined]);
  expect(await readdir(folder)).toEqual(['file', ...PART]);
});

test('what cannot be continued is not left: there is no strong ETag', async () => {
  const folder = await o.directory();
  const { url } = await o.scripted(`${o.head('200 OK', 'Content-Length: 9')}hello`);
  await expect(download(url, path.join(folder, 'file'), KEEPING)).rejects.toThrow();
  expect(await readdir(folder)).toEqual([]);
});

test('octets behind those of the state, such as of a process that was killed, are given up', async () => {
  const { url, file, requests } = await broken(o.plainRest(5000));
  await writeFile(`${file}.part`, 'octets that nobody has noted', { flag: 'a' });
  await download(url, file, KEEPING);
  expect(rangesOf(requests)).toEqual([undefined, 'bytes=5000-']);
  expect(await readFile(file)).toEqual(CONTENT);
});

describe('whatever does not fit, it starts again', () => {
  const edited = (change: Record<string, unknown>) => async (file: string, state: object) =>
    writeFile(`${file}.part.json`, JSON.stringify({ ...state, ...change }));
  test.each<[string, (file: string, state: object) => Promise<void>]>([
    ['a shorter file', (file) => truncate(`${file}.part`, 4999)],
    ['one bit in it', (file) => writeFile(`${file}.part`, `X${CONTENT.subarray(1, 5000)}`)],
    ['zeros, as after a loss of power', (file) => writeFile(`${file}.part`, Buffer.alloc(5000))],
    ['no JSON', (file) => writeFile(`${file}.part.json`, '{"version":1')],
    ['an empty state', (file) => writeFile(`${file}.part.json`, '')],
    ['null', (file) => writeFile(`${file}.part.json`, 'null')],
    ['a list', (file) => writeFile(`${file}.part.json`, '[1]')],
    ['far too much', (file) => writeFile(`${file}.part.json`, `"${'x'.repeat(70_000)}"`)],
    ['another version', edited({ version: 2 })],
    ['another URL', edited({ url: '0'.repeat(64) })],
    ['a weak ETag', edited({ etag: `W/${ETAG}` })],
    ['an ETag with a line of its own', edited({ etag: '"a"\r\nX: "b"' })],
    ['a negative length', edited({ bytes: -1 })],
    ['a length that is none', edited({ bytes: '5000' })],
    ['more octets than there are', edited({ bytes: 5001 })],
    ['more octets than the whole', edited({ total: 4999 })],
    ['another hash', edited({ sha256: '0'.repeat(64) })],
    ['no hash', edited({ sha256: undefined })],
    ['a seal that was promised, and octets without one', edited({ isSealed: true })],
  ])('%s', async (_, spoil) => {
    const { url, file, state, requests, folder } = await broken(o.plainStart(LENGTH));
    await spoil(file, state);
    await download(url, file, KEEPING);
    expect(rangesOf(requests)).toEqual([undefined, undefined]);
    expect(await readFile(file)).toEqual(CONTENT);
    expect(await readdir(folder)).toEqual(['file']);
  });

  test('require: always, and octets without a seal', async () => {
    const { url, file, requests } = await broken(o.head('200 OK', ...o.SEALING) + o.sealed(CONTENT));
    await download(url, file, { ...KEEPING, require: 'always' });
    expect(rangesOf(requests)).toEqual([undefined, undefined]);
  });

  test('a state for another URL of the same server', async () => {
    const { url, file, requests } = await broken(o.plainStart(LENGTH));
    await download(`${url}other`, file, KEEPING);
    expect(rangesOf(requests)).toEqual([undefined, undefined]);
  });
});

test('a link in the place of the .part file is not written through', async () => {
  const folder = await o.directory();
  await writeFile(path.join(folder, 'precious'), 'precious');
  await symlink(path.join(folder, 'precious'), path.join(folder, 'file.part'));
  const { url } = await o.scripted(o.plainStart(LENGTH));
  await expect(download(url, path.join(folder, 'file'), KEEPING)).rejects.toMatchObject({ code: 'ELOOP' });
  expect(await readFile(path.join(folder, 'precious'), 'utf8')).toBe('precious');
});

describe('two at once', () => {
  const hanging: Answer = (socket) => socket.write(o.plainStart(5000));

  test('with resume: the second is refused, and the first goes on', async () => {
    const folder = await o.directory();
    const file = path.join(folder, 'file');
    const { url } = await o.scripted(hanging);
    const cancelling = new AbortController();
    let second: Promise<unknown> | undefined;
    const onProgress = ({ bytes }: { bytes: number }) => {
      if (bytes === 5000) second ??= download(url, file, KEEPING).catch((error) => error);
    };
    const first = download(url, file, { ...KEEPING, onProgress, signal: cancelling.signal });
    first.catch(() => {});
    while (second === undefined) await new Promise(setImmediate);
    expect(await second).toMatchObject({ code: 'EBUSY' });
    cancelling.abort();
    await expect(first).rejects.toMatchObject({ name: 'AbortError' });
    expect(await readdir(folder)).toEqual(PART);
    expect((await stat(`${file}.part`)).size).toBe(5000);
  });

  test('without: each has a file of its own', async () => {
    const folder = await o.directory();
    const file = path.join(folder, 'file');
    const { url } = await o.scripted(o.plainStart(LENGTH));
    await Promise.all([1, 2, 3].map(() => download(url, file, AT_ONCE)));
    expect(await readdir(folder)).toEqual(['file']);
    expect(await readFile(file)).toEqual(CONTENT);
  });

  test.each([
    ['a process that is gone', () => deadProcessLock(), 0],
    ['another machine, long ago', () => Promise.resolve('00000000 1 000000000000\n'), 120],
  ])('the lock of %s is taken over', async (_, content, age) => {
    const { url, file, folder } = await broken(o.plainRest(5000));
    await writeFile(`${file}.part.lock`, await content());
    const { utimes } = await import('node:fs/promises');
    const time = Date.now() / 1000 - age;
    await utimes(`${file}.part.lock`, time, time);
    await download(url, file, KEEPING);
    expect(await readdir(folder)).toEqual(['file']);
  });

  test('the lock of another machine, of just now, is not', async () => {
    const { url, file } = await broken(o.plainRest(5000));
    await writeFile(`${file}.part.lock`, '00000000 1 000000000000\n');
    await expect(download(url, file, KEEPING)).rejects.toMatchObject({ code: 'EBUSY' });
  });

  async function deadProcessLock(): Promise<string> {
    const { spawn } = await import('node:child_process');
    const { place } = await import('../../../src/files/download/temporary-name.ts');
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    return `${place()} ${child.pid} 000000000000\n`;
  }
});

describe('the target', () => {
  test('what was there stays until the end, and is replaced then; a link is followed', async () => {
    const folder = await o.directory();
    await writeFile(path.join(folder, 'real'), 'before');
    await symlink('real', path.join(folder, 'link'));
    const { url } = await o.scripted(o.plainStart(5000), o.plainRest(5000));
    const file = path.join(folder, 'link');
    await expect(download(url, file, KEEPING)).rejects.toThrow();
    expect(await readFile(file, 'utf8')).toBe('before');
    await download(url, file, KEEPING);
    expect(await readFile(path.join(folder, 'real'))).toEqual(CONTENT);
    expect(await readdir(folder)).toEqual(['link', 'real']);
  });

  test.each([true, false])('a directory, or nowhere: the error of the file system (resume: %s)', async (resume) => {
    const folder = await o.directory();
    await mkdir(path.join(folder, 'there'));
    const { url, requests } = await o.scripted('');
    const options = { ...AT_ONCE, resume };
    await expect(download(url, path.join(folder, 'there'), options)).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(download(url, path.join(folder, 'no', 'x'), options)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(download(url, '/dev/null', options)).rejects.toMatchObject({ code: 'EINVAL' });
    expect(requests).toEqual([]);
  });

  test.each([true, false])('the longest name that there is (resume: %s)', async (resume) => {
    const folder = await o.directory();
    const { url } = await o.scripted(o.plainStart(LENGTH));
    await download(url, path.join(folder, 'n'.repeat(255)), { ...AT_ONCE, resume });
    expect(await readdir(folder)).toEqual(['n'.repeat(255)]);
  });
});
