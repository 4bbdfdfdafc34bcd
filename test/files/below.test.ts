/** Strategy: what is opened is looked at again, since whoever may write below a root may put a link there at any moment. */
import { mkdir, open, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { assertBelow, below } from '../../src/files/below.ts';
import { directory } from './send-file/serving.ts';

async function opened(between: (root: string) => Promise<unknown>) {
  const folder = await directory();
  const root = path.join(folder, 'root');
  await mkdir(path.join(root, 'sub'), { recursive: true });
  await mkdir(path.join(folder, 'out'));
  for (const name of ['root/sub/file', 'root/other', 'out/file']) await writeFile(path.join(folder, name), name);
  const real = await below(root, 'sub/file');
  await between(root);
  const handle = await open(real);
  onTestFinished(() => handle.close());
  return assertBelow(root, 'sub/file', handle);
}

test('a file', async () => {
  await expect(opened(async () => {})).resolves.toBeUndefined();
});

test('a link to another file below the root, which came in between', async () => {
  const plant = async (root: string) => {
    await rm(path.join(root, 'sub/file'));
    await symlink('../other', path.join(root, 'sub/file'));
  };
  await expect(opened(plant)).resolves.toBeUndefined();
});

test('a link that leads out, which came in between: EACCES', async () => {
  const plant = async (root: string) => {
    await rm(path.join(root, 'sub/file'));
    await symlink('../../out/file', path.join(root, 'sub/file'));
  };
  await expect(opened(plant)).rejects.toMatchObject({ code: 'EACCES' });
});

test('a directory that became such a link: EACCES', async () => {
  const plant = async (root: string) => {
    await rename(path.join(root, 'sub'), path.join(root, 'away'));
    await symlink('../out', path.join(root, 'sub'));
  };
  await expect(opened(plant)).rejects.toMatchObject({ code: 'EACCES' });
});
