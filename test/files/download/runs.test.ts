/**
 * Strategy: what is left from one call of download to the next: the .part file and its state, as they are after real
 * failures, and then changed in every way that a disk or a hand may change them.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { download } from '../../../src/files/download/download.ts';
import { MAIN, startCommand } from '../../support/cli.ts';
import type { Answer, RawServer } from '../../support/peers.ts';
import * as o from './origin.ts';

const { CONTENT, ETAG, AT_ONCE } = o;
const LENGTH = CONTENT.length;
const KEEPING = { ...AT_ONCE, resume: true, retries: 0 };
const PART = ['file.part', 'file.part.json'];
const NOBODY = 65_534;

const mkfifo = (file: string) => execFileSync('mkfifo', [file]);

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
    ...{ version: 2, bytes: 5000, isVerified: false },
    representation: { validator: ETAG, encoding: '', total: LENGTH, isSealed: false },
    sha256: createHash('sha256').update(CONTENT.subarray(0, 5000)).digest('hex'),
  });
  await download(url, file, KEEPING);
  expect(rangesOf(requests)).toEqual([undefined, 'bytes=5000-']);
  expect(await readdir(folder)).toEqual(['file']);
  expect(await readFile(file)).toEqual(CONTENT);
});

test('a length that no number here can hold is none: what came is continued', async () => {
  const folder = await o.directory();
  const file = path.join(folder, 'file');
  const huge = o.head('200 OK', `ETag: ${ETAG}`, 'Content-Length: 9007199254740993');
  const { url } = await o.scripted(huge + CONTENT.subarray(0, 5000).toString('latin1'), o.plainRest(5000));
  await expect(download(url, file, KEEPING)).rejects.toMatchObject({ code: 'ERR_BODY_TRUNCATED' });
  await download(url, file, KEEPING);
  expect(await readFile(file)).toEqual(CONTENT);
});

test('maxTime is over while what is there is hashed: ERR_BODY_TIMEOUT, and it is kept', async () => {
  const { url, file, folder } = await broken(o.plainRest(5000));
  await expect(download(url, file, { ...KEEPING, maxTime: 0.001 })).rejects.toMatchObject({ code: 'ERR_BODY_TIMEOUT' });
  expect(await readdir(folder)).toEqual(PART);
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

test('bytes after those of the state, such as of a process that was killed, are given up', async () => {
  const { url, file, requests } = await broken(o.plainRest(5000));
  await writeFile(`${file}.part`, 'octets that nobody has noted', { flag: 'a' });
  await download(url, file, KEEPING);
  expect(rangesOf(requests)).toEqual([undefined, 'bytes=5000-']);
  expect(await readFile(file)).toEqual(CONTENT);
});

const startOf = (bytes: number) => ({
  bytes,
  sha256: createHash('sha256').update(CONTENT.subarray(0, bytes)).digest('hex'),
});

test.each<[what: string, further: object, from: number]>([
  ['is continued after a kill', startOf(5000), 5000],
  ['is given up where it is not there, as after a loss of power', { ...startOf(5000), sha256: '0'.repeat(64) }, 3000],
])('what was written, and not on the disk yet, %s', async (_, further, from) => {
  const { url, file, state, requests } = await broken(o.plainRest(from));
  await writeFile(`${file}.part.json`, JSON.stringify({ ...state, ...startOf(3000), further }));
  await download(url, file, KEEPING);
  expect(rangesOf(requests)).toEqual([undefined, `bytes=${from}-`]);
  expect(await readFile(file)).toEqual(CONTENT);
});

interface State {
  representation: object;
}

const edited = (change: Record<string, unknown>) => async (file: string, state: State) =>
  writeFile(`${file}.part.json`, JSON.stringify({ ...state, ...change }));
const described = (change: Record<string, unknown>) => async (file: string, state: State) =>
  edited({ representation: { ...state.representation, ...change } })(file, state);

describe('whatever of ours does not fit, it starts again', () => {
  test.each<[string, (file: string, state: State) => Promise<void>]>([
    ['a shorter file', (file) => truncate(`${file}.part`, 4999)],
    ['one bit in it', (file) => writeFile(`${file}.part`, `X${CONTENT.subarray(1, 5000)}`)],
    ['zeros, as after a loss of power', (file) => writeFile(`${file}.part`, Buffer.alloc(5000))],
    ['no file', (file) => rm(`${file}.part`)],
    ['another URL', edited({ url: '0'.repeat(64) })],
    ['more bytes than there are', edited({ bytes: 5001 })],
    ['another hash', edited({ sha256: '0'.repeat(64) })],
    ['nothing that may be continued', edited({ representation: undefined })],
    ['a seal that was promised, and bytes without one', described({ isSealed: true })],
  ])('%s', async (_, spoil) => {
    const { url, file, state, requests, folder } = await broken(o.plainStart(LENGTH));
    await spoil(file, state as unknown as State);
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

describe('EEXIST: what is not provably ours stays as it is, and nothing is asked for', () => {
  const text = (content: string) => async (file: string) => writeFile(`${file}.part.json`, content);
  test.each<[string, (file: string, state: State) => Promise<unknown>]>([
    ['no state', (file) => rm(`${file}.part.json`)],
    ['no JSON', text('{"version":2')],
    ['an empty state', text('')],
    ['null', text('null')],
    ['a list', text('[1]')],
    ['the JSON of another program', text('{"mine":1}')],
    ['far too much', text(`"${'x'.repeat(70_000)}"`)],
    ['another version', edited({ version: 1 })],
    ['a weak ETag', described({ validator: `W/${ETAG}` })],
    ['an ETag with a line of its own', described({ validator: '"a"\r\nX: "b"' })],
    ['a negative length', edited({ bytes: -1 })],
    ['a length that is none', edited({ bytes: '5000' })],
    ['more bytes than the whole', described({ total: 4999 })],
    ['no hash', edited({ sha256: undefined })],
    ['a further start that is none', edited({ further: { bytes: 6000 } })],
    ['a further start that is not further', edited({ further: startOf(5000) })],
    ['a .part that others may write', (file) => chmod(`${file}.part`, 0o666)],
    ['a state that others may write', (file) => chmod(`${file}.part.json`, 0o620)],
    ['a directory in place of the .part', (file) => rm(`${file}.part`).then(() => mkdir(`${file}.part`))],
    ['a FIFO in place of it', (file) => rm(`${file}.part`).then(() => void mkfifo(`${file}.part`))],
    [
      'a link in place of it',
      (file) => rename(`${file}.part`, `${file}.x`).then(() => symlink('file.x', `${file}.part`)),
    ],
    ['a FIFO in place of the state', (file) => rm(`${file}.part.json`).then(() => void mkfifo(`${file}.part.json`))],
    [
      'a link in place of the state',
      (file) => rename(`${file}.part.json`, `${file}.x`).then(() => symlink('file.x', `${file}.part.json`)),
    ],
    ['a FIFO in place of the lock', (file) => Promise.resolve(mkfifo(`${file}.part.lock`))],
    ['a link in place of the lock', (file) => mkdir(`${file}.x`).then(() => symlink('file.x', `${file}.part.lock`))],
    ['a lock of another program', (file) => writeFile(`${file}.part.lock`, 'precious')],
    [
      'a directory with a name of another program',
      (file) => mkdir(`${file}.part.lock/precious`, { recursive: true }).then(() => {}),
    ],
  ])('%s', async (_, plant) => {
    const { url, file, state, folder, requests } = await broken(o.plainStart(LENGTH));
    await plant(file, state as unknown as State);
    const before = await listing(folder);
    await expect(download(url, file, KEEPING)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(requests).toHaveLength(1);
    expect(await listing(folder)).toEqual(before);
  });

  const isRoot = process.getuid?.() === 0;
  if (!isRoot) console.warn('SKIPPED: files of another user, since only root can make them');
  test.skipIf(!isRoot).each<[what: string, plant: (file: string) => Promise<unknown>]>([
    ['.part', (file) => chown(`${file}.part`, NOBODY, NOBODY)],
    ['state', (file) => chown(`${file}.part.json`, NOBODY, NOBODY)],
    ['lock', (file) => mkdir(`${file}.part.lock`).then(() => chown(`${file}.part.lock`, NOBODY, NOBODY))],
  ])("another user's %s", async (_, plant) => {
    const { url, file, folder } = await broken(o.plainStart(LENGTH));
    await plant(file);
    const before = await listing(folder);
    await expect(download(url, file, KEEPING)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await listing(folder)).toEqual(before);
  });

  test.skipIf(!isRoot)("another user's temporary file of a process that is gone is not removed", async () => {
    const folder = await o.directory();
    const { url } = await o.scripted(o.plainStart(LENGTH));
    let name = '';
    const onProgress = () => {
      name ||= readdirSync(folder)[0]!;
    };
    await download(url, path.join(folder, 'file'), { onProgress });
    const left = name.replace(/\.\d+\./, '.4194305.');
    await writeFile(path.join(folder, left), 'of a dead process');
    await chown(path.join(folder, left), NOBODY, NOBODY);
    await download(url, path.join(folder, 'file'), AT_ONCE);
    expect((await readdir(folder)).sort()).toEqual([left, 'file'].sort());
    await chown(path.join(folder, left), 0, 0);
    await download(url, path.join(folder, 'file'), AT_ONCE);
    expect(await readdir(folder)).toEqual(['file']);
  });

  const AS_NOBODY = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', process.execPath, MAIN] as const;
  const canBeNobody = isRoot && spawnSync('setpriv', [...AS_NOBODY, '--version']).status === 0;
  if (!canBeNobody) console.warn('SKIPPED: a download by another user, since the program cannot be run as one here');
  test.skipIf(!canBeNobody)(
    'a file of another user, in a directory where only he may replace it: EPERM or EACCES',
    async () => {
      const folder = await o.directory();
      await chmod(folder, 0o1777);
      await writeFile(path.join(folder, 'file'), 'before', { mode: 0o666 });
      await chmod(path.join(folder, 'file'), 0o666);
      const { url } = await o.scripted(o.plainStart(LENGTH));
      const program = startCommand('setpriv', [...AS_NOBODY, 'get', url, '-o', path.join(folder, 'file')]);
      const { code, stderr } = await program.ended;
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(/cannot be written: .*E(?:PERM|ACCES)/),
      });
      expect(await readFile(path.join(folder, 'file'), 'utf8')).toBe('before');
      expect(await readdir(folder)).toEqual(['file']);
    },
  );

  test.skipIf(!canBeNobody)(
    'a file of another user that may not be written to, where the directory may: EACCES, and nothing is asked for',
    async () => {
      const folder = await o.directory();
      await chmod(folder, 0o777);
      await writeFile(path.join(folder, 'file'), 'before', { mode: 0o644 });
      const { url, requests } = await o.scripted(o.plainStart(LENGTH));
      const program = startCommand('setpriv', [...AS_NOBODY, 'get', url, '-o', path.join(folder, 'file')]);
      const { code, stderr } = await program.ended;
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: `error: ${path.join(folder, 'file')} cannot be written: permission denied (EACCES)\n`,
      });
      expect(await readFile(path.join(folder, 'file'), 'utf8')).toBe('before');
      expect({ requests, names: await readdir(folder) }).toEqual({ requests: [], names: ['file'] });
    },
  );

  /** Names, inodes, sizes and times of change. */
  async function listing(folder: string): Promise<unknown[]> {
    const names = (await readdir(folder, { recursive: true })).sort();
    return Promise.all(
      names.map(async (name) => {
        const { ino, size, ctimeMs, mode } = await lstat(path.join(folder, name));
        return { name, ino, size, mode, ...(mode & 0o100000 && { ctimeMs }) };
      }),
    );
  }
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

  const owner = (change: Partial<Record<'place' | 'pid' | 'start', string>>) => async (file: string) => {
    const { place, pid, start } = { ...(await ownName()), ...change };
    await mkdir(`${file}.part.lock`, { mode: 0o700 });
    const name = `${file}.part.lock/${place}.${pid}.${start}.00000000.00000000`;
    await writeFile(name, 'held\n', { mode: 0o600 });
    return name;
  };
  const aged = (seconds: number) => async (file: string) => {
    const name = await owner({ place: '00000000' })(file);
    const time = Date.now() / 1000 - seconds;
    await utimes(name, time, time);
  };

  test.each<[string, (file: string) => Promise<unknown>]>([
    ['a process that is gone', owner({ pid: '4194305' })],
    ['an earlier process with the pid of a living one', owner({ start: '1' })],
    ['another machine, long ago', aged(120)],
    ['another machine whose clock was ahead', aged(-86_400)],
  ])('the lock of %s is taken over', async (_, plant) => {
    const { url, file, folder, requests } = await broken(o.plainRest(5000));
    await plant(file);
    await download(url, file, KEEPING);
    expect(rangesOf(requests)).toEqual([undefined, 'bytes=5000-']);
    expect(await readdir(folder)).toEqual(['file']);
  });

  test.each<[string, (file: string) => Promise<unknown>]>([
    ['another machine, of just now', aged(0)],
    ['another thread or copy of the module', owner({})],
  ])('the lock of %s is not', async (_, plant) => {
    const { url, file, folder } = await broken(o.plainRest(5000));
    await plant(file);
    await expect(download(url, file, KEEPING)).rejects.toMatchObject({ code: 'EBUSY' });
    expect(await readdir(folder)).toEqual([...PART, 'file.part.lock']);
  });

  /** A first download that stands still somewhere else, for so long that the second takes it for dead. */
  async function overtaken(first: Answer, ...second: Answer[]) {
    const folder = await o.directory();
    const file = path.join(folder, 'file');
    let cut = () => {};
    const { url, requests } = await o.scripted(
      (socket, request) => {
        cut = () => socket.resetAndDestroy();
        if (typeof first === 'string') socket.write(first, 'latin1');
        else first(socket, request);
      },
      ...second,
    );
    let onBytes = () => {};
    const came = new Promise<void>((resolve) => {
      onBytes = resolve;
    });
    // Who tries again writes down first how far it is: a note that it made in time has told it nothing.
    const options = { ...KEEPING, retries: 1 };
    const sleeper = download(url, file, { ...options, onProgress: ({ bytes }) => bytes === 5000 && onBytes() });
    sleeper.catch(() => {});
    await came;
    // As it is there of another machine, and as whoever takes it for dead leaves it.
    const lock = `${file}.part.lock`;
    const [name] = await readdir(lock);
    const elsewhere = path.join(lock, name!.replace(/^\w+/, '00000000'));
    await rename(path.join(lock, name!), elsewhere);
    const time = Date.now() / 1000 - 120;
    await utimes(elsewhere, time, time);
    return { url, file, folder, requests, sleeper, cut: () => cut() };
  }

  const sealedStart = o.head('200 OK', `ETag: ${ETAG}`, ...o.SEALING) + o.chunk(CONTENT.subarray(0, 5000));
  test.each<[what: string, first: string, second: string]>([
    [
      'what it gives up is not in the file by now',
      sealedStart,
      o.head('200 OK', `ETag: ${ETAG}`, ...o.SEALING) + o.sealed(CONTENT),
    ],
    ['what it keeps', o.plainStart(5000), o.plainStart(LENGTH)],
  ])('one that was taken for dead, and goes on, touches nothing: %s', async (_, first, second) => {
    const { url, file, folder, sleeper, cut } = await overtaken(first, second);
    await download(url, file, KEEPING);
    expect(await readFile(file)).toEqual(CONTENT);
    cut();
    await expect(sleeper).rejects.toMatchObject({ code: 'EBUSY' });
    expect(await readFile(file)).toEqual(CONTENT);
    expect(await readdir(folder)).toEqual(['file']);
  });

  test('a temporary file of another machine is removed once nothing has come for a day', async () => {
    const folder = await o.directory();
    const file = path.join(folder, 'file');
    const { url } = await o.scripted(o.plainStart(LENGTH));
    const [alive, dead] = [1, 2].map((one) => path.join(folder, `.file.00000000.1.1.00000000.0000000${one}.part`));
    for (const [name, hours] of [
      [alive!, 23],
      [dead!, 25],
    ] as const) {
      await writeFile(name, 'of another machine', { mode: 0o600 });
      await utimes(name, Date.now() / 1000 - 3600 * hours, Date.now() / 1000 - 3600 * hours);
    }
    await download(url, file, AT_ONCE);
    expect(await readdir(folder)).toEqual([path.basename(alive!), 'file']);
  });

  test('many that start at once after one was killed: one works', async () => {
    const { url, file, folder } = await broken(o.plainRest(5000), o.plainStart(LENGTH));
    await owner({ pid: '4194305' })(file);
    const said = await Promise.all(
      Array.from({ length: 8 }, () =>
        download(url, file, KEEPING).then(
          ({ kind }) => kind,
          ({ code }) => code,
        ),
      ),
    );
    expect(said).toContain('unverified');
    expect(said.filter((one) => one !== 'unverified' && one !== 'EBUSY')).toEqual([]);
    expect(await readFile(file)).toEqual(CONTENT);
    expect(await readdir(folder)).toEqual(['file']);
  });

  /** As this process writes its own, seen while a download of it runs. */
  async function ownName(): Promise<{ place: string; pid: string; start: string }> {
    const folder = await o.directory();
    const { url } = await o.scripted(o.plainStart(LENGTH));
    let name = '';
    const onProgress = () => {
      name ||= readdirSync(folder)[0]!;
    };
    await download(url, path.join(folder, 'x'), { onProgress });
    const [, place, pid, start] = /^\.x\.(\w+)\.(\w+)\.(\w+)\./.exec(name)!;
    return { place: place!, pid: pid!, start: start! };
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
    for (const none of ['', `${path.join(folder, 'new')}/`]) {
      await expect(download(url, none, options)).rejects.toMatchObject({ code: 'EISDIR' });
    }
    expect(await readdir(folder)).toEqual(['there']);
    expect(requests).toEqual([]);
  });

  test.each([true, false])('keeps its mode (resume: %s)', async (resume) => {
    const folder = await o.directory();
    const { url } = await o.scripted(o.plainStart(LENGTH));
    for (const mode of [0o600, 0o640, 0o755, 0o666]) {
      const file = path.join(folder, 'file');
      await writeFile(file, 'before');
      await chmod(file, mode);
      await download(url, file, { ...AT_ONCE, resume });
      expect((await stat(file)).mode & 0o777).toBe(mode);
    }
    await download(url, path.join(folder, 'new'), { ...AT_ONCE, resume });
    expect((await stat(path.join(folder, 'new'))).mode & 0o777).toBe(0o666 & ~process.umask());
  });

  test('a Last-Modified that no day has is none', async () => {
    const folder = await o.directory();
    const file = path.join(folder, 'file');
    const { url } = await o.scripted(o.plainStart(LENGTH, 'Last-Modified: Mon, 99 Jan 2024 00:00:00 GMT'));
    await download(url, file, { ...AT_ONCE, remoteTime: true });
    expect(await readFile(file)).toEqual(CONTENT);
    expect(Date.now() - (await stat(file)).mtimeMs).toBeLessThan(86_400_000);
  });

  test.skipIf(process.getuid?.() !== 0)('keeps its owner and its group', async () => {
    const folder = await o.directory();
    const { url } = await o.scripted(o.plainStart(LENGTH));
    const file = path.join(folder, 'file');
    await writeFile(file, 'before', { mode: 0o640 });
    await chown(file, NOBODY, NOBODY);
    await download(url, file, AT_ONCE);
    const { uid, gid, mode } = await stat(file);
    expect({ uid, gid, mode: mode & 0o777 }).toEqual({ uid: NOBODY, gid: NOBODY, mode: 0o640 });
  });

  const hasBindfs = spawnSync('bindfs', ['--version']).status === 0 && process.getuid?.() === 0;
  if (!hasBindfs) console.warn('SKIPPED: a file system without modes and owners, since there is no bindfs to make one');
  test.skipIf(!hasBindfs)('on a file system without modes and owners, such as FAT', async () => {
    const [below, folder] = [await o.directory(), await o.directory()];
    execFileSync('bindfs', ['--perms=0777', '--force-user=nobody', '--chmod-deny', '--chown-deny', below, folder]);
    try {
      const file = path.join(folder, 'file');
      const { url, requests } = await o.scripted(o.plainStart(5000), o.plainRest(5000), o.plainStart(LENGTH));
      await expect(download(url, file, KEEPING)).rejects.toMatchObject({ code: 'ERR_BODY_TRUNCATED' });
      await download(url, file, KEEPING);
      expect(rangesOf(requests)).toEqual([undefined, 'bytes=5000-']);
      await download(url, file, AT_ONCE); // in its place
      expect(await readFile(file)).toEqual(CONTENT);
      expect(await readdir(folder)).toEqual(['file']);
    } finally {
      execFileSync('umount', [folder]);
    }
  });

  test.each([true, false])('that is read-only is refused before anything is asked for (resume: %s)', async (resume) => {
    const folder = await o.directory();
    const file = path.join(folder, 'file');
    await writeFile(file, 'before', { mode: 0o444 });
    const { url, requests } = await o.scripted(o.plainStart(LENGTH));
    await expect(download(url, file, { ...AT_ONCE, resume })).rejects.toMatchObject({ code: 'EACCES' });
    expect(await readFile(file, 'utf8')).toBe('before');
    expect({ requests, names: await readdir(folder) }).toEqual({ requests: [], names: ['file'] });
  });

  test.each([true, false])('other hard links keep what was there (resume: %s)', async (resume) => {
    const folder = await o.directory();
    await writeFile(path.join(folder, 'one'), 'before');
    await link(path.join(folder, 'one'), path.join(folder, 'two'));
    const { url } = await o.scripted(o.plainStart(LENGTH));
    await download(url, path.join(folder, 'one'), { ...AT_ONCE, resume });
    expect(await readFile(path.join(folder, 'one'))).toEqual(CONTENT);
    expect(await readFile(path.join(folder, 'two'), 'utf8')).toBe('before');
  });

  test.each([true, false])('a link whose end is not there yet is followed (resume: %s)', async (resume) => {
    const folder = await o.directory();
    await mkdir(path.join(folder, 'a'));
    await symlink('a/two', path.join(folder, 'one'));
    await symlink('../three', path.join(folder, 'a/two'));
    const { url } = await o.scripted(o.plainStart(LENGTH));
    await download(url, path.join(folder, 'one'), { ...AT_ONCE, resume });
    expect(await readFile(path.join(folder, 'three'))).toEqual(CONTENT);
    expect(await readdir(folder)).toEqual(['a', 'one', 'three']);
  });

  test('what was put in place of the file that was verified is not what appears', async () => {
    const folder = await o.directory();
    const file = path.join(folder, 'file');
    const { url } = await o.scripted(o.plainStart(LENGTH));
    const onProgress = ({ bytes }: { bytes: number }) => {
      if (bytes < LENGTH) return;
      const [name] = readdirSync(folder);
      renameSync(path.join(folder, name!), path.join(folder, 'away'));
      writeFileSync(path.join(folder, name!), 'something else');
    };
    await expect(download(url, file, { ...AT_ONCE, onProgress })).rejects.toMatchObject({ code: 'EEXIST' });
    expect(await readdir(folder)).not.toContain('file');
  });

  test.each<[what: string, names: string[], code: string, left: string[]]>([
    ['the .part', ['file.part'], 'ENOENT', []],
    ['the lock', ['file.part.lock'], 'EBUSY', PART],
    ['all of it', ['.'], 'ENOENT', []],
  ])('%s is removed while it runs: told, and nothing is left that is of no use', async (_, names, code, left) => {
    const folder = path.join(await o.directory(), 'folder');
    await mkdir(folder);
    const { url } = await o.scripted(o.plainStart(LENGTH));
    const onProgress = ({ bytes }: { bytes: number }) => {
      if (bytes < LENGTH) return;
      for (const name of names) rmSync(path.join(folder, name), { recursive: true, force: true });
    };
    const downloading = download(url, path.join(folder, 'file'), { ...KEEPING, onProgress });
    await expect(downloading).rejects.toMatchObject({ code });
    expect(await readdir(folder).catch(() => [])).toEqual(left);
  });

  test.each([true, false])('the longest name that there is (resume: %s)', async (resume) => {
    const folder = await o.directory();
    const { url } = await o.scripted(o.plainStart(LENGTH));
    await download(url, path.join(folder, 'n'.repeat(255)), { ...AT_ONCE, resume });
    expect(await readdir(folder)).toEqual(['n'.repeat(255)]);
  });

  test.each([true, false])('a longer one is refused before anything is asked for (resume: %s)', async (resume) => {
    const folder = await o.directory();
    const { url, requests } = await o.scripted(o.plainStart(LENGTH));
    const file = path.join(folder, 'n'.repeat(256));
    await expect(download(url, file, { ...AT_ONCE, resume })).rejects.toMatchObject({ code: 'ENAMETOOLONG' });
    expect(requests).toEqual([]);
  });
});
