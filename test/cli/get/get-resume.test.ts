/**
 * Strategy: the built program's `get --resume`: against responses written by hand, killed and interrupted in the middle of
 * them, and against the built program's `serve`, which is killed and started again. Moments are known from the server or
 * from the directory, never guessed.
 */
import { copyFile, readdir, readFile, utimes } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { download } from '../../../src/files/download/download.ts';
import {
  CONTENT,
  directory,
  fieldOf,
  head,
  plainRest,
  plainStart,
  SEALING,
  scripted,
  sealed,
} from '../../files/download/origin.ts';
import { largeFile, MAIN, run, serve, start, startCommand, temporaryDirectory } from '../../support/cli.ts';
import { listening, rawServer } from '../../support/peers.ts';
import { until } from '../../support/sockets.ts';

const LENGTH = CONTENT.length;
const UNVERIFIED = 'the server does not say whether this is all of it (--require always makes this fail)\n';

/** When it is noted that something of `file` is there. */
async function noted(folder: string): Promise<void> {
  const isNoted = (text: string) => /"bytes":[1-9]/.test(text);
  const state = path.join(folder, 'file.part.json');
  while (!isNoted(await readFile(state, 'latin1').catch(() => ''))) await setImmediate();
}

test('at once: one run, and a line that says so', async () => {
  const cwd = await temporaryDirectory();
  const { url, requests } = await scripted(plainStart(5000), plainRest(5000));
  const { code, stderr } = await run(['get', url, '-o', 'file', '--resume'], { cwd });
  expect(code).toBe(0);
  expect(stderr).toMatch(/^warning: [^\n]+; trying again in \d\.\d s \(1 of 5\)\nwarning: [^\n]+\n$/);
  expect(stderr).toContain(UNVERIFIED);
  expect(fieldOf(requests[1], 'Range')).toBe('bytes=5000-');
  expect(await readdir(cwd)).toEqual(['file']);
  expect(await readFile(path.join(cwd, 'file'))).toEqual(CONTENT);
});

test('what it asks for: as get without it, and for a digest of the whole', async () => {
  const { url, port, requests } = await rawServer(head('200 OK', ...SEALING) + sealed(CONTENT));
  const target = path.join(await temporaryDirectory(), 'file');
  const args = ['get', url, '-o', target, '--resume', '-H', 'X-One: 1', '-H', 'accept: text/csv'];
  expect(await run(args)).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
  const lines = requests[0]!.trimEnd().split('\r\n');
  expect(lines.sort()).toEqual(
    [
      ...[
        'GET / HTTP/1.1',
        `Host: 127.0.0.1:${port}`,
        'User-Agent: chunked-trailers',
        'TE: trailers',
        'Connection: TE',
      ],
      ...['X-Want-Stream-Status: ?1', 'Want-Content-Digest: sha-256=10', 'Want-Repr-Digest: sha-256=10'],
      ...['X-One: 1', 'accept: text/csv'],
    ].sort(),
  );
});

test('--retries 0: what came is kept, and the next run continues it', async () => {
  const cwd = await temporaryDirectory();
  const { url, requests } = await scripted(plainStart(5000), plainRest(5000));
  const args = ['get', url, '-o', 'file', '--resume', '--retries', '0'];
  const { code, stderr } = await run(args, { cwd });
  expect(code).toBe(21);
  expect(stderr).toMatch(
    /^error: truncated after 5,000 bytes: [^\n]+ {2}\[ERR_BODY_TRUNCATED\]\nwarning: what came is kept in file\.part, and get --resume continues it\n$/,
  );
  expect(await readdir(cwd)).toEqual(['file.part', 'file.part.json']);
  expect((await run(args, { cwd })).code).toBe(0);
  expect(fieldOf(requests[1], 'Range')).toBe('bytes=5000-');
  expect(await readdir(cwd)).toEqual(['file']);
});

test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('%s in the middle, and the next run', async (signal) => {
  const cwd = await temporaryDirectory();
  const { url, requests } = await scripted(
    (socket) => socket.write(plainStart(5000)),
    (socket, request) => {
      socket.end(plainRest(Number(/bytes=(\d+)-/.exec(request)?.[1])), 'latin1');
    },
  );
  const args = ['get', url, '-o', 'file', '--resume', '--require', 'never'];
  const first = start(args, { cwd });
  await noted(cwd);
  first.child.kill(signal);
  const ended = await first.ended;
  if (signal === 'SIGKILL') expect(ended).toMatchObject({ code: null, signal });
  else {
    const stderr = 'error: interrupted; what came is kept in file.part, and get --resume continues it\n';
    expect(ended).toEqual({ code: 130, signal: null, stdout: '', stderr });
    expect(await readdir(cwd)).toEqual(['file.part', 'file.part.json']);
  }
  expect((await run(args, { cwd })).code).toBe(0);
  expect(Number(/bytes=(\d+)-/.exec(fieldOf(requests[1], 'Range')!)?.[1])).toBeGreaterThan(0);
  expect(await readdir(cwd)).toEqual(['file']);
  expect(await readFile(path.join(cwd, 'file'))).toEqual(CONTENT);
});

const isPosix = process.platform !== 'win32';
if (!isPosix) console.warn('SKIPPED: a file that may not grow, since there is no ulimit here');

test.skipIf(!isPosix)('a disk error ends it as it is, with what fitted kept for the next run', async () => {
  const cwd = await temporaryDirectory();
  const { url, requests } = await scripted((socket) => {
    socket.write(plainStart(5000));
    void noted(cwd).then(() => socket.end(CONTENT.subarray(5000)));
  }, plainRest(5000));
  const args = ['get', url, '-o', 'file', '--resume'];
  const limited = ['-c', 'ulimit -f 20; exec "$@"', 'sh', process.execPath, MAIN, ...args];
  const { code, stderr } = await startCommand('sh', limited, { cwd }).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error: [^\n]*EFBIG[^\n]*\n/);
  expect(requests).toHaveLength(1);
  expect(await readdir(cwd)).toEqual(['file.part', 'file.part.json']);
  expect((await run(args, { cwd })).code).toBe(0);
  expect(fieldOf(requests[1], 'Range')).toBe('bytes=5000-');
  expect(await readdir(cwd)).toEqual(['file']);
  expect(await readFile(path.join(cwd, 'file'))).toEqual(CONTENT);
});

test('Ctrl-C before there is anything to keep', async () => {
  const cwd = await temporaryDirectory();
  const { url } = await rawServer(() => program.child.kill('SIGINT'));
  const program = start(['get', url, '-o', 'file', '--resume'], { cwd });
  expect(await program.ended).toMatchObject({ code: 130, stderr: 'error: interrupted; nothing was kept\n' });
  expect(await readdir(cwd)).toEqual([]);
});

test.each([
  ['404', head('404 Not Found', 'Content-Length: 0'), 4, /^error: HTTP 404 Not Found for http:[^\n]+\n$/],
  [
    'a Repr-Digest that disagrees',
    plainStart(LENGTH, 'Repr-Digest: sha-256=:AAAA:'),
    23,
    /^error: mismatch after 70,890 bytes: The digest in the head disagrees/,
  ],
])('%s', async (_, answer, expected, text) => {
  const cwd = await temporaryDirectory();
  const { url } = await rawServer((socket) => socket.end(answer, 'latin1'));
  const { code, stderr } = await run(['get', url, '-o', 'file', '--resume', '--retries', '0'], { cwd });
  expect(code).toBe(expected);
  expect(stderr).toMatch(text);
  expect(await readdir(cwd)).toEqual([]);
});

test.each([
  [['--resume'], '--resume needs a file to continue: -o <file>'],
  [['--resume', '-o', '-'], '--resume needs a file to continue: -o <file>'],
  [['--resume', '-o', 'x', '--plain'], '--resume asks for the status: it cannot go with --plain'],
  [['--resume', '-o', 'x', '-H', 'Range: bytes=1-'], '--resume sends range itself: leave it out'],
])('wrong usage: %j', async (args, message) => {
  const stderr = `error: ${message}\nSee: chunked-trailers get --help\n`;
  expect(await run(['get', 'http://127.0.0.1:9/', ...args])).toEqual({ code: 2, signal: null, stdout: '', stderr });
});

describe('against serve', () => {
  const SIZE = 50_000_000; // not a multiple of three, by which one test breaks it
  let file: string;
  beforeAll(async () => {
    file = await largeFile(SIZE);
  });

  test('that is killed in the middle, and started again: it goes on where it was', async () => {
    const target = path.join(await directory(), 'copy');
    const first = await serve(file);
    const resumed: (number | undefined)[] = [];
    const verdict = await download(first.url, target, {
      retries: 600,
      retryDelay: () => 100,
      onProgress: ({ bytes, resumedFrom }) => {
        if (bytes > SIZE / 2 && first.child.exitCode === null) first.child.kill('SIGKILL');
        if (resumed.at(-1) !== resumedFrom || resumed.length === 0) resumed.push(resumedFrom);
      },
      onRetry: (_, retry) => {
        if (retry === 1) void serve(file, ['--port', String(first.port)]).catch(() => {});
      },
    });
    expect(verdict).toMatchObject({ kind: 'complete', bytes: SIZE, digest: 'match' });
    expect(resumed[0]).toBeUndefined();
    expect(resumed[1]).toBeGreaterThan(0);
    expect((await readFile(target)).equals(await readFile(file))).toBe(true);
  });

  test('whose replica goes on: another process, another inode, and no time of its own', async () => {
    const folder = await directory();
    const replicas = await Promise.all(
      ['one', 'two', 'three'].map(async (name) => {
        const copy = path.join(folder, name);
        await copyFile(file, copy);
        await utimes(copy, 1_000_000 + name.length, 1_000_000);
        return serve(copy);
      }),
    );
    const tags = await Promise.all(
      replicas.map(async ({ url }) => {
        let tag: string | null = null;
        await until(async () => {
          tag = (await fetch(url, { method: 'HEAD' })).headers.get('etag');
          return tag !== null;
        });
        return tag;
      }),
    );
    expect(new Set(tags).size).toBe(1);
    const fresh = await serve(path.join(folder, 'three')); // which knows nothing of the file yet
    let to = replicas[0]!.port;
    let came = 0;
    const balancer = createServer((client) => {
      const origin = connect(to, '127.0.0.1');
      client.on('error', () => origin.destroy()).on('close', () => origin.destroy());
      origin.on('error', () => client.destroy()).on('close', () => client.destroy());
      origin.on('data', (data) => {
        came += data.length;
      });
      client.pipe(origin);
      origin.pipe(client);
    });
    const verdict = await download(`http://127.0.0.1:${await listening(balancer)}/`, path.join(folder, 'copy'), {
      retryDelay: () => 0,
      onProgress: ({ bytes }) => {
        if (bytes < SIZE / 2 || to === fresh.port) return;
        to = fresh.port;
        replicas[0]!.child.kill('SIGKILL');
      },
    });
    expect(verdict).toMatchObject({ kind: 'complete', bytes: SIZE, digest: 'match' });
    await fresh.stdout.seen(/\nGET \/ 206 trailers/);
    // What was on the way when the first one died is all that comes twice.
    expect(came).toBeLessThan(SIZE + 20_000_000);
    expect((await readFile(path.join(folder, 'copy'))).equals(await readFile(file))).toBe(true);
  });

  test('that breaks every response: each one gets further, and no octet is unverified', async () => {
    const cwd = await temporaryDirectory();
    const { url, stdout } = await serve(file, ['--fail-after', String(Math.ceil(SIZE / 3))]);
    const args = ['get', url, '-o', 'copy', '--resume', '--require', 'always', '--quiet'];
    expect(await run(args, { cwd })).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
    await stdout.seen(/(?:206 [^\n]+\n[^\n]*){2}/);
    expect(stdout.text.match(/GET \/ \d+ [\w-]+/g)).toEqual([
      ...['GET / 200 clean-failure', 'GET / 206 clean-failure', 'GET / 206 trailers'],
    ]);
    expect((await readFile(path.join(cwd, 'copy'))).equals(await readFile(file))).toBe(true);
  });
});
