/**
 * Strategy: the built program on a terminal, which util-linux's `script` makes for it, while a server written by hand
 * holds half of the body back until the progress line has been seen. Without a terminal there is no such line.
 */
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { MAIN, type Program, run, start, startCommand, temporaryDirectory } from '../../support/cli.ts';
import { rawServer } from '../../support/peers.ts';

const hasScript = /util-linux/.test(spawnSync('script', ['--version']).stdout?.toString() ?? '');
if (!hasScript) console.warn("SKIPPED: the progress line on a terminal, since util-linux's script is not here");

const TERMINAL = { TERM: 'xterm', SHELL: '/bin/sh' };

/** The program on a terminal of its own, whose output is both of its streams. */
function onTerminal(args: readonly string[], env: Record<string, string> = {}, columns = 80): Program {
  const quoted = [process.execPath, MAIN, ...args].map((word) => `'${word}'`).join(' ');
  const line = `stty cols ${columns}; exec ${quoted}`;
  return startCommand('script', ['-qec', line, '/dev/null'], { env: { ...TERMINAL, ...env } });
}

/** Sends 300,000 octets of 400,000 and gives the connection on which the others are awaited. */
async function holdingBack(): Promise<{ url: string; held: Promise<Socket> }> {
  let hold: (socket: Socket) => void;
  const held = new Promise<Socket>((resolve) => {
    hold = resolve;
  });
  const { url } = await rawServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n61a80\r\n');
    socket.write(Buffer.alloc(300_000), () => hold(socket));
  });
  return { url, held };
}

function letGo(socket: Socket): void {
  socket.end(Buffer.concat([Buffer.alloc(100_000), Buffer.from('\r\n0\r\nX-Stream-Status: ok;bytes=400000\r\n\r\n')]));
}

describe.skipIf(!hasScript)('on a terminal', () => {
  test('octets, elapsed time and rate are shown on one line, which is cleared in the end', async () => {
    const target = path.join(await temporaryDirectory(), 'file');
    const { url, held } = await holdingBack();
    const { stdout, ended } = onTerminal(['get', url, '-o', target]);
    await stdout.seen(/\r\x1b\[K300 kB in \d+\.\d s \(\d[\d.]* [kM]?B\/s\)/);
    letGo(await held);
    const { code, stdout: shown } = await ended;
    expect(code).toBe(0);
    expect(shown).toMatch(/\r\x1b\[K\x1b\[32mcomplete\x1b\[39m: 400 kB in \d+\.\d s \(\d[\d.]* [kM]?B\/s\)\r\n$/);
    expect((await readFile(target)).length).toBe(400_000);
  });

  test('NO_COLOR: the same without colours', async () => {
    const target = path.join(await temporaryDirectory(), 'file');
    const { url, held } = await holdingBack();
    const { ended } = onTerminal(['get', url, '-o', target], { NO_COLOR: '1' });
    letGo(await held);
    const { code, stdout: shown } = await ended;
    expect(code).toBe(0);
    expect(shown).toMatch(/\r\x1b\[Kcomplete: 400 kB in [^\x1b]*\r\n$/);
  });

  test('--quiet: nothing at all', async () => {
    const target = path.join(await temporaryDirectory(), 'file');
    const { url, held } = await holdingBack();
    const { ended } = onTerminal(['get', url, '-o', target, '--quiet']);
    letGo(await held);
    expect(await ended).toMatchObject({ code: 0, stdout: '' });
  });

  test('content on the terminal is not mixed with a progress line', async () => {
    const { url } = await rawServer('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi\n');
    const { code, stdout: shown } = await onTerminal(['get', url], { NO_COLOR: '1' }).ended;
    expect(code).toBe(0);
    expect(shown).toMatch(/^hi\r\n/);
    expect(shown).not.toContain(' kB in ');
  });

  test.each([
    ['on a good verdict', [], 2, 0, /^hi\r\nwarning: /],
    ['on an error', [], 3, 21, /^hi\r\nerror: /],
    ['-o /dev/tty', ['-o', '/dev/tty'], 2, 0, /^hi\r\nwarning: /],
    ['-o /dev/stdout', ['-o', '/dev/stdout'], 3, 21, /^hi\r\nerror: /],
  ])(
    'what is said begins a line of its own, also after content that ends within one: %s',
    async (_, options, length, code, shown) => {
      const { url } = await rawServer(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\nhi`);
      const ended = await onTerminal(['get', url, ...options], { NO_COLOR: '1' }).ended;
      expect(ended).toMatchObject({ code, stdout: expect.stringMatching(shown) });
    },
  );

  test('40 columns: a progress line that is shorter, and messages that end their lines between words', async () => {
    const target = path.join(await temporaryDirectory(), 'file');
    let socket: Socket | undefined;
    const { url } = await rawServer((connection) => {
      socket = connection;
      connection.write('HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n');
      connection.write(Buffer.alloc(200_000));
    });
    const { stdout, ended } = onTerminal(['get', url, '-o', target], { NO_COLOR: '1' }, 40);
    await stdout.seen(/\r\x1b\[K50 % of 400 kB, \d+\.\d s left/);
    socket?.end(Buffer.alloc(200_000));
    const { code, stdout: shown } = await ended;
    expect(code).toBe(0);
    const lines = shown.split(/\r\n|\r\x1b\[K/);
    expect(lines.filter((line) => line.length > 40)).toEqual([]);
    expect(lines.slice(-6, -2)).toEqual([
      ...[
        'warning: No X-Stream-Status came: the',
        '  server does not say whether this is',
        '  all of it (--require always makes this',
      ],
      '  fail)',
    ]);
  });

  test('an error is red where standard output goes elsewhere', async () => {
    const line = `'${process.execPath}' '${MAIN}' get http://127.0.0.1:1/ | cat`;
    const { stdout: shown } = await startCommand('script', ['-qec', line, '/dev/null'], { env: TERMINAL }).ended;
    expect(shown).toContain('\x1b[31merror:\x1b[39m');
  });

  test('demo: verdicts in colours', async () => {
    const { code, stdout: shown } = await onTerminal(['demo']).ended;
    expect(code).toBe(0);
    expect(shown).toMatch(/\x1b\[32mcomplete, [^\x1b]*\x1b\[39m/);
    expect(shown).toMatch(/\x1b\[31mtruncated, [^\x1b]*\x1b\[39m/);
    expect(shown).toMatch(/\x1b\[33munverified, [^\x1b]*\x1b\[39m/);
    expect(shown).toMatch(/\x1b\[31mfinished, [^\x1b]* WRONG *\x1b\[39m/);
  });
});

describe('into a pipe', () => {
  test('no progress line, however long it takes', async () => {
    const target = path.join(await temporaryDirectory(), 'file');
    const { url, held } = await holdingBack();
    const program = start(['get', url, '-o', target]);
    const socket = await held;
    // Longer than the interval in which a terminal would be drawn upon: it is the absence that is to be seen.
    await new Promise((resolve) => setTimeout(resolve, 500));
    letGo(socket);
    expect(await program.ended).toEqual({ code: 0, signal: null, stdout: '', stderr: '' });
  });

  test('demo: no colours, unless FORCE_COLOR asks for them', async () => {
    expect((await run(['demo'])).stdout).not.toContain('\x1b');
    expect((await run(['demo'], { env: { FORCE_COLOR: '1' } })).stdout).toContain('\x1b[32mcomplete');
  });
});

test.skipIf(!hasScript).each([
  ['into a pipe, whose reader may write there', '', '| cat'],
  ['into the terminal itself', '-o /dev/stdout', ''],
])('no progress line on a terminal that others write to: %s', async (_, option, rest) => {
  const { url, held } = await holdingBack();
  const line = `'${process.execPath}' '${MAIN}' get ${url} ${option} ${rest}`;
  const { stdout, ended } = startCommand('script', ['-qec', line, '/dev/null'], { env: TERMINAL });
  const socket = await held;
  await stdout.seen(/\0{1000}/);
  // Longer than the interval in which a line would be drawn: it is the absence that is to be seen.
  await new Promise((resolve) => setTimeout(resolve, 500));
  letGo(socket);
  expect((await ended).stdout).not.toContain('\x1b[K'); // which is drawn before each
});

describe.skipIf(!hasScript)('how much is left', () => {
  const half = Buffer.alloc(200_000);
  const heads: [what: string, head: string, size: string][] = [
    ['Content-Length', 'HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n', ''],
    [
      'X-Stream-Length',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Stream-Length: 400000\r\n\r\n61a80\r\n',
      '\r\n0\r\n\r\n',
    ],
  ];

  test.each(heads)('by %s, into a file and into a pipe', async (_, head, end) => {
    for (const args of [
      ['-o', path.join(await temporaryDirectory(), 'file')],
      ['-o', '/dev/null'],
    ]) {
      const sockets: Socket[] = [];
      const { url } = await rawServer((socket) => {
        sockets.push(socket);
        socket.write(head, 'latin1');
        socket.write(half);
      });
      const { stdout, ended } = onTerminal(['get', url, ...args]);
      await stdout.seen(/\r\x1b\[K200 kB in \d+\.\d s \([^)]+\), 50 % of 400 kB, \d+\.\d s left/);
      sockets[0]!.write(half);
      sockets[0]!.end(end);
      expect((await ended).code).toBe(0);
    }
  });

  test('of a part that is continued, by Content-Range', async () => {
    const cwd = await temporaryDirectory();
    const start = 'HTTP/1.1 200 OK\r\nETag: "a"\r\nContent-Length: 400000\r\n\r\n';
    let requests = 0;
    const sockets: Socket[] = [];
    const { url } = await rawServer((socket) => {
      if (requests++ === 0) return void socket.end(Buffer.concat([Buffer.from(start), half]));
      sockets.push(socket);
      const range = 'Content-Range: bytes 200000-399999/400000';
      socket.write(`HTTP/1.1 206 Partial Content\r\nETag: "a"\r\nContent-Length: 200000\r\n${range}\r\n\r\n`);
      socket.write(half.subarray(100_000));
    });
    const { stdout, ended } = onTerminal(['get', url, '-o', path.join(cwd, 'file'), '--resume'], {}, 200);
    await stdout.seen(/75 % of 400 kB/);
    // The line is gone before the message, and comes back after it.
    await stdout.seen(/\r\x1b\[K\x1b\[33mwarning:\x1b\[39m [^\r\n]*; trying again in \d\.\d s \(1 of 5\)\r\n/);
    sockets[0]!.end(half.subarray(100_000));
    expect((await ended).code).toBe(0);
  });
});

describe.skipIf(!hasScript)('binary content', () => {
  const BINARY = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na\0\x07b';

  test('does not reach a terminal, unless it is asked for', async () => {
    const { url } = await rawServer(BINARY);
    const refused = await onTerminal(['get', url], { NO_COLOR: '1' }).ended;
    expect(refused.code).toBe(1);
    expect(refused.stdout).toMatch(
      /^error: the content is binary, and this is a terminal: use -o <file>, or -o - [^\0\x07]*$/,
    );
    const asked = await onTerminal(['get', url, '-o', '-', '--quiet']).ended;
    expect(asked).toMatchObject({ code: 0, stdout: expect.stringContaining('a\0\x07b') });
  });

  test('and a pipe gets it', async () => {
    const { url } = await rawServer(BINARY);
    expect(await run(['get', url, '--quiet'])).toMatchObject({ code: 0, stdout: 'a\0\x07b' });
  });
});
