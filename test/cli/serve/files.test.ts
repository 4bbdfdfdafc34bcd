/**
 * Strategy: find and readFileContent on real files. What a target leads to is in serve-paths.test.ts; here is the shape
 * of the answers, the roots that a served one cannot be, and files that change under the reader.
 */
import { mkdir, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { contentTypeOf, find, readFileContent } from '../../../src/cli/serve/files.ts';
import { temporaryDirectory } from '../../support/cli.ts';
import { pattern } from '../../support/octets.ts';

/** What `find` gives for a file of 5 octets. */
async function fileAt(file: string) {
  return { kind: 'file', path: file, bytes: 5, stats: await stat(file, { bigint: true }) };
}

async function contentOf(file: string, bytes: number, failAfter?: number): Promise<{ data: Buffer; error: unknown }> {
  const pieces: Buffer[] = [];
  try {
    for await (const piece of readFileContent(file, bytes, failAfter)) pieces.push(piece);
  } catch (error) {
    return { data: Buffer.concat(pieces), error };
  }
  return { data: Buffer.concat(pieces), error: undefined };
}

describe('find', () => {
  test('a file, with its length', async () => {
    const root = await temporaryDirectory();
    await writeFile(path.join(root, 'a b'), 'hello');
    expect(await find(root, '/a%20b')).toEqual(await fileAt(path.join(root, 'a b')));
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
    expect(await find(root, '/link')).toEqual(await fileAt(path.join(root, 'a')));
  });

  test('a root with a slash at its end, and the root of the file system', async () => {
    const root = await temporaryDirectory();
    await writeFile(path.join(root, 'a'), 'hello');
    const found = await fileAt(path.join(root, 'a'));
    expect(await find(`${root}/`, '/a')).toEqual(found);
    expect(await find('/', `${root.replaceAll(' ', '%20')}/a`)).toEqual(found);
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
    const found = await fileAt(root);
    expect(await find(root, '/')).toEqual(found);
    expect(await find(root, '/a%20b')).toEqual(found);
    expect(await find(root, '/a')).toEqual({ kind: 'refused', status: 404 });
  });
});

describe('readFileContent', () => {
  test.each([0, 1, 131_071, 131_072, 131_073, 1_000_000])('a file of %i octets', async (length) => {
    const file = path.join(await temporaryDirectory(), 'file');
    await writeFile(file, pattern(length));
    const { data, error } = await contentOf(file, length);
    expect(error).toBeUndefined();
    expect(data.equals(pattern(length))).toBe(true);
  });

  test.each([
    ['nothing', 0, '', 'Failed on purpose after 0 octets'],
    ['some', 3, 'hel', 'Failed on purpose after 3 octets'],
    ['all', 5, 'hello', 'Failed on purpose after 5 octets'],
  ])('fails on purpose after %s', async (_, failAfter, data, message) => {
    const file = path.join(await temporaryDirectory(), 'file');
    await writeFile(file, 'hello');
    expect(await contentOf(file, 5, failAfter)).toEqual({ data: Buffer.from(data), error: new Error(message) });
  });

  test('does not fail for a bound that it does not reach', async () => {
    const file = path.join(await temporaryDirectory(), 'file');
    await writeFile(file, 'hello');
    expect(await contentOf(file, 5, 6)).toEqual({ data: Buffer.from('hello'), error: undefined });
  });

  test('a file that has become shorter is an error, never an end', async () => {
    const file = path.join(await temporaryDirectory(), 'file');
    await writeFile(file, 'hello');
    const reader = readFileContent(file, 300_000);
    await writeFile(file, pattern(200_000));
    expect((await reader.next()).done).toBe(false);
    await truncate(file, 131_072);
    await expect(reader.next()).rejects.toThrow('The file has become shorter: 131072 octets instead of 300000');
  });

  test('a file that has become longer gives what was promised', async () => {
    const file = path.join(await temporaryDirectory(), 'file');
    await writeFile(file, 'hello world');
    expect(await contentOf(file, 5)).toEqual({ data: Buffer.from('hello'), error: undefined });
  });

  test('a file that has gone is an error before the first octet', async () => {
    const { data, error } = await contentOf(path.join(await temporaryDirectory(), 'gone'), 5);
    expect(data.length).toBe(0);
    expect((error as NodeJS.ErrnoException).code).toBe('ENOENT');
  });
});

test.each([
  ['/a/b.html', 'text/html; charset=utf-8'],
  ['B.TXT', 'text/plain; charset=utf-8'],
  ['a.tar.gz', 'application/gzip'],
  ['.json', 'application/octet-stream'],
  ['a.unknown', 'application/octet-stream'],
  ['a', 'application/octet-stream'],
  ['a.constructor', 'application/octet-stream'],
])('the type of %s', (file, type) => {
  expect(contentTypeOf(file)).toBe(type);
});
