/**
 * Strategy: find on real files. What a target leads to is in serve-paths.test.ts; here is the shape of the answers, and the
 * roots that a served one cannot be.
 */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { find } from '../../../src/cli/serve/files.ts';
import { temporaryDirectory } from '../../support/cli.ts';

const fileAt = (file: string, root = path.dirname(file)) => ({ kind: 'file', path: path.relative(root, file), root });

describe('find', () => {
  test('a file', async () => {
    const root = await temporaryDirectory();
    await writeFile(path.join(root, 'a b'), 'hello');
    expect(await find(root, '/a%20b')).toEqual(fileAt(path.join(root, 'a b')));
  });

  test('a directory, with its names', async () => {
    const root = await temporaryDirectory();
    await mkdir(path.join(root, 'sub'));
    await writeFile(path.join(root, 'a'), '');
    expect(await find(root, '/')).toEqual({ kind: 'directory', names: ['a', 'sub/'] });
    expect(await find(root, '/sub')).toEqual({ kind: 'directory', names: [] });
  });

  test('a link is what it leads to', async () => {
    const root = await temporaryDirectory();
    await writeFile(path.join(root, 'a'), 'hello');
    await symlink('a', path.join(root, 'link'));
    expect(await find(root, '/link')).toEqual(fileAt(path.join(root, 'a')));
  });

  test('a root with a slash at its end, and the root of the file system', async () => {
    const root = await temporaryDirectory();
    await writeFile(path.join(root, 'a'), 'hello');
    const found = fileAt(path.join(root, 'a'));
    expect(await find(`${root}/`, '/a')).toEqual(found);
    expect(await find('/', `${root.replaceAll(' ', '%20')}/a`)).toEqual(fileAt(path.join(root, 'a'), '/'));
  });

  test.each([
    ['/missing', 404],
    ['/file/below', 404],
    ['/%', 400],
    ['/%00', 400],
    ['', 400],
    ['file', 400],
    ['/..', 403],
    ['/a/..%5cb', 403],
  ])('%s is refused with %i', async (target, status) => {
    const root = await temporaryDirectory();
    await writeFile(path.join(root, 'file'), '');
    expect(await find(root, target)).toEqual({ kind: 'refused', status });
  });

  test('a root that has gone is 404', async () => {
    expect(await find(path.join(await temporaryDirectory(), 'gone'), '/')).toEqual({ kind: 'refused', status: 404 });
  });

  test('one file is at / and at its name', async () => {
    const root = path.join(await temporaryDirectory(), 'a b');
    await writeFile(root, 'hello');
    const found = fileAt(root);
    expect(await find(root, '/')).toEqual(found);
    expect(await find(root, '/a%20b')).toEqual(found);
    expect(await find(root, '/a')).toEqual({ kind: 'refused', status: 404 });
  });
});
