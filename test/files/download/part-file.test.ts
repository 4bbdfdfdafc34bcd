/** Strategy: a disk that does not come to an end with a note of a download, while everything else goes on. */
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { PartFile } from '../../../src/files/download/part-file.ts';
import { fileHandles } from '../../support/file-handles.ts';
import { until } from '../../support/sockets.ts';

const PIECE = Buffer.alloc(1024 * 1024, 'content');
const REPRESENTATION = {
  validator: '"tag"',
  source: 'a'.repeat(64),
  encoding: '',
  isReprDigestExpected: false,
  isSealed: false,
};

/** A download whose first note is under way until it is let go. */
async function noting() {
  const folder = await mkdtemp(path.join(tmpdir(), 'part '));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'file');
  const open = () =>
    PartFile.open(file, { source: 'here', keepsOverRuns: true, isUsable: () => true, signal: undefined });
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const datasync = vi.spyOn(await fileHandles(), 'datasync').mockReturnValue(held);
  const part = await open();
  part.begin(REPRESENTATION);
  await part.write(PIECE, true);
  await until(() => datasync.mock.calls.length > 0);
  const state = async () => JSON.parse(await readFile(`${file}.part.json`, 'utf8'));
  return { folder, file, part, open, letGo, state };
}

test('content does not wait for a note, and the note says no more than what had come', async () => {
  const { file, part, open, letGo, state } = await noting();
  for (let i = 0; i < 3; i++) await part.write(PIECE, true);
  await until(async () => (await stat(`${file}.part`)).size === 4 * PIECE.length);
  expect(await state()).toMatchObject({ bytes: 0 });
  letGo();
  await until(async () => (await state()).bytes === PIECE.length);
  await part.abandon();
  const next = await open();
  expect(next.bytes).toBe(4 * PIECE.length);
  await next.abandon();
});

test('a note that cannot be made ends the download, as content does that cannot be written', async () => {
  const { folder, part, letGo } = await noting();
  await rm(folder, { recursive: true });
  letGo();
  const goOn = async () => {
    for (;;) {
      await part.write(Buffer.alloc(0), true);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await expect(goOn()).rejects.toMatchObject({ code: 'ENOENT' });
});

test('content that is whole while a note of it is under way: the file is left, and nothing else', async () => {
  const { folder, file, part, letGo } = await noting();
  const finished = part.finish();
  setImmediate(letGo);
  await finished;
  expect(await readdir(folder)).toEqual(['file']);
  expect((await readFile(file)).equals(PIECE)).toBe(true);
});

test('content that is given up while a note of it is under way: the last note is that there is none', async () => {
  const { part, letGo, state } = await noting();
  const restarted = part.restart();
  setImmediate(letGo);
  await restarted;
  expect(await state()).toMatchObject({ bytes: 0 });
  expect(await state()).not.toHaveProperty('representation');
  await part.abandon();
});
