/** Strategy: a draft whose disk fails while content comes, which the system tells to one sync only; and who may read it when. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, rmdir, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
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

test('a file that somebody has made shorter is not filled up with zeros', async () => {
  const { draft, target } = await begun();
  await draft.write(PIECE);
  await draft.settle();
  await truncate(draft.file, 1000);
  await expect(draft.moveTo(target)).rejects.toMatchObject({ code: 'EIO' });
  expect(existsSync(target)).toBe(false);
});

describe.skipIf(process.platform === 'win32')('who may read and write it', () => {
  const modeOf = async (file: string) => (await stat(file)).mode & 0o777;

  test('others may not before it has its name, nor after that has failed', async () => {
    const { draft, target } = await begun();
    await draft.write(PIECE);
    const sync = vi.spyOn(await fileHandles(), 'sync');
    let during: number | undefined;
    sync.mockImplementationOnce(async () => {
      during = await modeOf(draft.file);
    });
    await mkdir(target); // no file can be renamed to it
    await expect(draft.moveTo(target, { access: { mode: 0o664 } })).rejects.toMatchObject({ code: 'EISDIR' });
    expect(during).toBe(0o600);
    expect(await modeOf(draft.file)).toBe(0o600);
    await rmdir(target);
    await draft.moveTo(target, { access: { mode: 0o664 } });
    expect(await modeOf(target)).toBe(0o664);
  });

  test.skipIf(process.getuid?.() !== 0)('nor is it then of another owner', async () => {
    const { draft, target } = await begun();
    const { uid, gid } = await stat(draft.file);
    await mkdir(target);
    const access = { mode: 0o644, uid: 1000, gid: 1000 };
    await expect(draft.moveTo(target, { access })).rejects.toMatchObject({ code: 'EISDIR' });
    expect(await stat(draft.file)).toMatchObject({ uid, gid });
    await rmdir(target);
    await draft.moveTo(target, { access });
    expect(await stat(target)).toMatchObject({ uid: 1000, gid: 1000 });
  });

  test.each([
    [0o660, 0o600],
    [0o664, 0o644],
    [0o640, 0o600],
    [0o666, 0o666],
  ])('of %o, where its group cannot be kept, another group has what all have: %o', async (mode, left) => {
    const { draft, target } = await begun();
    const { uid, gid } = await stat(draft.file);
    vi.spyOn(await fileHandles(), 'chown').mockRejectedValue(Object.assign(new Error('EPERM'), { code: 'EPERM' }));
    await draft.moveTo(target, { access: { mode, uid: uid + 1, gid: gid + 1 } });
    expect(await modeOf(target)).toBe(left);
  });

  test('the same group is kept, where no file has another owner', async () => {
    const { draft, target } = await begun();
    const { uid, gid } = await stat(draft.file);
    vi.spyOn(await fileHandles(), 'chown').mockRejectedValue(Object.assign(new Error('ENOTSUP'), { code: 'ENOTSUP' }));
    await draft.moveTo(target, { access: { mode: 0o660, uid, gid } });
    expect(await modeOf(target)).toBe(0o660);
  });
});
