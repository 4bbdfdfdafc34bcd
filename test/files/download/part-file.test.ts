/** Strategy: disks that fail, or do not come to an end, in the middle of a download, while everything else goes on. */
import { mkdirSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, open as openFile, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { download } from '../../../src/files/download/download.ts';
import { PartFile } from '../../../src/files/download/part-file.ts';
import { fileHandles } from '../../support/file-handles.ts';
import { until } from '../../support/sockets.ts';
import * as o from './origin.ts';

const PIECE = Buffer.alloc(1024 * 1024, 'content');
const REPRESENTATION = {
  validator: '"tag"',
  source: 'a'.repeat(64),
  encoding: '',
  isReprDigestExpected: false,
  isSealed: false,
};

/** Syncs end when they are let go. */
async function heldSyncs() {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const handles = await fileHandles();
  vi.spyOn(handles, 'sync').mockResolvedValue();
  const datasync = vi.spyOn(handles, 'datasync').mockReturnValue(held);
  return { letGo, begun: () => until(() => datasync.mock.calls.length > 0) };
}

async function beginnable() {
  const folder = await mkdtemp(path.join(tmpdir(), 'part '));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'file');
  const open = (source = 'here') =>
    PartFile.open(file, { source, keepsOverRuns: true, isUsable: () => true, signal: undefined });
  return { folder, file, open };
}

/** A download whose first note is under way. */
async function noting() {
  const { folder, file, open } = await beginnable();
  const { letGo, begun } = await heldSyncs();
  const part = await open();
  part.begin(REPRESENTATION);
  await part.write(PIECE, true);
  await begun();
  const state = async () => JSON.parse(await readFile(`${file}.part.json`, 'utf8'));
  return { folder, file, part, open, letGo, state };
}

test('content does not wait for a note, and the note says no more than what had come', async () => {
  const { file, part, open, letGo, state } = await noting();
  for (let i = 0; i < 3; i++) await part.write(PIECE, true);
  await until(async () => (await stat(`${file}.part`)).size === 4 * PIECE.length);
  expect(await state()).toMatchObject({ bytes: 0 });
  letGo();
  await part.noted();
  expect(await state()).toMatchObject({ bytes: PIECE.length });
  await part.abandon();
  const next = await open();
  expect(next.bytes).toBe(4 * PIECE.length);
  await next.abandon();
});

test('a note that cannot be made ends the download, as content does that cannot be written', async () => {
  const { folder, part, letGo } = await noting();
  await rm(folder, { recursive: true });
  letGo();
  await expect(part.noted()).rejects.toMatchObject({ code: 'ENOENT' });
  expect(() => part.write(PIECE, true)).toThrow(/ENOENT/);
});

test.each([
  ['that is whole', o.digestOf(o.CONTENT), ['file']],
  ['that is not what was sent', o.digestOf(Buffer.from('other')), []],
])('content %s, while a note of it is under way: no note is left', async (_, digest, left) => {
  const { url } = await o.scripted(o.plainStart(o.CONTENT.length, `Repr-Digest: ${digest}`));
  const folder = await o.directory();
  const { letGo, begun } = await heldSyncs();
  let isOver = false;
  const downloading = download(url, path.join(folder, 'file'), { resume: true, retries: 0 })
    .catch(() => {})
    .finally(() => {
      isOver = true;
    });
  await begun();
  for (let turn = 0; turn < 200 && !isOver; turn++) await stat(folder); // as long as the rest would take
  expect(isOver).toBe(false);
  letGo();
  await downloading;
  expect(await readdir(folder)).toEqual(left);
});

describe('a whole that has ended too early, and has brought more than what is kept', () => {
  /** 1 MiB is kept, and 2 MiB of another representation have come. */
  async function afresh() {
    const { folder, file, open } = await beginnable();
    const part = await open();
    part.begin(REPRESENTATION);
    await part.write(PIECE, true);
    await part.noted();
    await part.note();
    await part.beginAfresh({ ...REPRESENTATION, validator: '"another"' });
    for (let i = 0; i < 2; i++) await part.write(PIECE, true);
    await part.noted();
    return { folder, file, open, part };
  }

  const NAMES = ['file.part', 'file.part.json', 'file.part.lock'];

  test('takes its place', async () => {
    const { folder, open, part } = await afresh();
    await part.settle();
    expect((await readdir(folder)).sort()).toEqual(NAMES);
    await part.abandon();
    const next = await open();
    expect(next).toMatchObject({ bytes: 2 * PIECE.length, representation: { validator: '"another"' } });
    await next.abandon();
  });

  test('and a disk that does not take it: what is kept stays, and nothing else', async () => {
    const { folder, open, part } = await afresh();
    const handles = await fileHandles();
    vi.spyOn(handles, 'sync').mockRejectedValueOnce(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }));
    await part.settle();
    expect((await readdir(folder)).sort()).toEqual(NAMES);
    expect(part).toMatchObject({ bytes: PIECE.length, representation: REPRESENTATION });
    await part.abandon();
    const next = await open();
    expect(next).toMatchObject({ bytes: PIECE.length, representation: REPRESENTATION });
    await next.abandon();
  });

  test('and a lock that is lost: what is kept is not touched', async () => {
    const { folder, file, part } = await afresh();
    await rm(`${file}.part.lock`, { recursive: true });
    await part.settle();
    expect((await readdir(folder)).sort()).toEqual(['file.part', 'file.part.json']);
    await expect(part.note()).rejects.toMatchObject({ code: 'EBUSY' });
    await part.abandon();
    expect((await stat(`${file}.part`)).size).toBe(PIECE.length);
  });
});

test('bytes of another representation are never noted under the one before', async () => {
  const { file, open } = await beginnable();
  const part = await open();
  part.begin(REPRESENTATION);
  await part.write(PIECE, true);
  await part.noted();
  await part.revert();
  await part.note();
  await part.beginAfresh({ ...REPRESENTATION, validator: '"another"' });
  for (let i = 0; i < 17; i++) await part.write(PIECE, true);
  await part.noted();
  const { representation } = JSON.parse(await readFile(`${file}.part.json`, 'utf8'));
  expect(representation).toMatchObject({ validator: '"another"' });
  await part.abandon();
});

test('what is of another URL is removed and not emptied: a process elsewhere may have it open', async () => {
  const { file, open } = await beginnable();
  const part = await open();
  part.begin(REPRESENTATION);
  await part.write(PIECE, true);
  await part.noted();
  await part.abandon();
  const elsewhere = await openFile(`${file}.part`, 'r+');
  onTestFinished(() => elsewhere.close());
  const next = await open('there');
  expect(next.bytes).toBe(0);
  expect((await elsewhere.stat()).size).toBe(PIECE.length);
  await next.abandon();
});

test('content that is whole, and a note that cannot be removed: it is whole', async () => {
  const { folder, file, open } = await beginnable();
  const part = await open();
  part.begin(REPRESENTATION);
  await part.write(PIECE, false);
  await rm(`${file}.part.json`);
  await mkdir(`${file}.part.json`);
  await part.finish();
  expect((await readFile(file)).equals(PIECE)).toBe(true);
  expect((await readdir(folder)).sort()).toEqual(['file', 'file.part.json']);
});

test('why a download ends is told, and not what its files cannot be cleared up for', async () => {
  const { url } = await o.scripted('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
  const folder = await o.directory();
  const state = path.join(folder, 'file.part.json');
  const downloading = download(url, path.join(folder, 'file'), {
    resume: true,
    agent: () => {
      rmSync(state, { force: true });
      mkdirSync(state, { recursive: true });
      return undefined;
    },
  });
  await expect(downloading).rejects.toMatchObject({ code: 'ERR_HTTP_STATUS' });
});
