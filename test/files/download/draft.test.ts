/** Strategy: a draft whose disk fails while content still comes, which the system tells to one sync, and to no other. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Draft } from '../../../src/files/download/draft.ts';
import { fileHandles } from '../../support/file-handles.ts';

const PIECE = Buffer.alloc(1024 * 1024, 'content');
/** More than a draft writes before it has the disk begin. */
const PIECES = 40;

async function begun() {
  const folder = await mkdtemp(path.join(tmpdir(), 'draft '));
  onTestFinished(() => rm(folder, { recursive: true }));
  const draft = await Draft.create(path.join(folder, 'draft'));
  onTestFinished(() => draft.close());
  draft.begin(undefined);
  return { draft, target: path.join(folder, 'target') };
}

async function writeAll(draft: Draft): Promise<void> {
  for (let i = 0; i < PIECES; i++) await draft.write(PIECE);
}

const failure = Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });

test('what has come is in the file, whatever is under way when the next comes', async () => {
  const { draft, target } = await begun();
  await writeAll(draft);
  await draft.moveTo(target);
  const content = await readFile(target);
  expect(content.equals(Buffer.concat(Array.from({ length: PIECES }, () => PIECE)))).toBe(true);
});

test('a disk that has failed while content came, and is well in the end: no file', async () => {
  const datasync = vi.spyOn(await fileHandles(), 'datasync').mockRejectedValue(failure);
  const { draft, target } = await begun();
  const finishing = writeAll(draft).then(() => draft.moveTo(target));
  await expect(finishing).rejects.toBe(failure);
  expect(datasync).toHaveBeenCalledTimes(1);
  expect(existsSync(target)).toBe(false);
});

test('the same where that is told after the last sync has found nothing', async () => {
  const prototype = await fileHandles();
  let fail!: (error: Error) => void;
  const late = new Promise<void>((_, reject) => {
    fail = reject;
  });
  vi.spyOn(prototype, 'datasync').mockReturnValue(late);
  vi.spyOn(prototype, 'sync').mockImplementation(async () => {
    setImmediate(fail, failure);
  });
  const { draft, target } = await begun();
  await writeAll(draft);
  await expect(draft.moveTo(target)).rejects.toBe(failure);
  expect(existsSync(target)).toBe(false);
});
