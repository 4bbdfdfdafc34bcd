/** Strategy: what is in a lock's directory while another takes it, as processes and file systems leave it there. */
import { existsSync } from 'node:fs';
import fs, { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Lock } from '../../../src/files/download/ownership.ts';

async function folderForLock(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lock '));
  onTestFinished(() => rm(folder, { recursive: true }));
  return path.join(folder, 'lock');
}

/** The name that a holder has in its lock, changed to that of another owner. */
async function nameOf(changed: Partial<Record<'place' | 'instance', string>>): Promise<string> {
  const folder = await folderForLock();
  const lock = await Lock.take(folder);
  const [name] = await readdir(folder);
  await lock.release();
  const [place, thread, start, instance, random] = name!.split('.');
  return [changed.place ?? place, thread, start, changed.instance ?? instance, random].join('.');
}

test('a holder keeps what it is about to rename out of its lock, while another copy of it is refused', async () => {
  const folder = await folderForLock();
  const lock = await Lock.take(folder);
  onTestFinished(() => lock.release());
  await writeFile(lock.scratch(), 'state');
  await expect(Lock.take(folder)).rejects.toMatchObject({ code: 'EBUSY' });
  expect(existsSync(lock.scratch())).toBe(true);
});

test('a living owner whose name cannot be read has not gone: the lock is not taken over', async () => {
  const folder = await folderForLock();
  const name = await nameOf({ instance: '00000000' });
  await mkdir(path.join(folder, name), { recursive: true, mode: 0o700 }); // a directory cannot be read as a file
  await expect(Lock.take(folder)).rejects.toMatchObject({ code: 'EISDIR' });
  expect(await readdir(folder)).toEqual([name]);
});

test.skipIf(process.platform === 'win32')('nor has one elsewhere whose times cannot be read', async () => {
  const folder = await folderForLock();
  const name = await nameOf({ place: '00000000' });
  await mkdir(folder, { mode: 0o700 });
  await symlink(name, path.join(folder, name)); // a link to itself
  await expect(Lock.take(folder)).rejects.toMatchObject({ code: 'ELOOP' });
  expect(await readdir(folder)).toEqual([name]);
});

test('a name that a process elsewhere has removed is not put back', async () => {
  const folder = await folderForLock();
  const { readdir: look } = fs;
  vi.spyOn(fs, 'readdir').mockImplementation((async (...args: Parameters<typeof look>) => {
    const names = await look(...args);
    for (const name of names) await rm(path.join(folder, `${name}`));
    return names;
  }) as never);
  syncBuiltinESMExports();
  onTestFinished(() => {
    vi.restoreAllMocks();
    syncBuiltinESMExports();
  });
  await expect(Lock.take(folder)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(existsSync(folder)).toBe(false);
});
