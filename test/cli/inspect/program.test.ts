/**
 * Strategy: the built program on captures written by hand, in files and through a pipe that stays open: its whole output
 * for one good and one bad message, and for the other ways in and out the code and the words.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { MAIN, run, serve, startCommand, temporaryDirectory } from '../../support/cli.ts';
import { HELLO_WORLD, HELLO_WORLD_SHA_256 } from '../../support/hashing.ts';
import { SEALED } from '../../support/peers.ts';
import { Transcript } from '../../support/transcript.ts';

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

async function capture(text: string): Promise<string> {
  const file = path.join(await temporaryDirectory(), 'capture');
  await writeFile(file, text, 'latin1');
  return file;
}

async function inspect(text: string, ...options: string[]) {
  return run(['inspect', await capture(text), ...options]);
}

/** The program behind a pipe. */
function piped(args: string[] = []) {
  const child = spawn(process.execPath, [MAIN, 'inspect', ...args], { stdio: 'pipe' });
  const [stdout, stderr] = [new Transcript(), new Transcript()];
  child.stdout.on('data', (data) => stdout.add(data));
  child.stderr.on('data', (data) => stderr.add(data));
  child.stdin.on('error', () => {}); // the program may leave first
  const ended = once(child, 'close').then(([code]) => ({ code, stdout: stdout.text, stderr: stderr.text }));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, stdout, stderr, ended };
}

const TITLE = '      offset  what it is                            bytes\n';

describe('for people', () => {
  test('a sealed response', async () => {
    const { code, stdout, stderr } = await inspect(SEALED);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe(`${TITLE}\
           0  status-line, CRLF                     HTTP/1.1 200 OK\\r\\n
          17  field line, CRLF                      Transfer-Encoding: chunked\\r\\n
          45  field line, CRLF                      Trailer: X-Stream-Status, Content-Digest\\r\\n
          87  CRLF that ends the head               \\r\\n
          89  chunk-size: 19 bytes, CRLF            13\\r\\n
          93  chunk-data: 19 bytes, CRLF            {"hello": "world"}\\n\\r\\n
         114  last-chunk, CRLF                      0\\r\\n
         117  trailer field line, CRLF              X-Stream-Status: ok;bytes=19\\r\\n
         147  trailer field line, CRLF              Content-Digest: ${HELLO_WORLD_SHA_256}\\r\\n
         219  CRLF that ends the body               \\r\\n

complete: The sender sealed it, and its digest agrees
  status 200 OK, 19 bytes of content in 1 chunk, 2 trailer fields, Content-Digest: match, 221 bytes in all
`);
  });

  test.each([
    ['whole', '{"hello": "world"}\n', ', digest in the head: match,'],
    ['truncated', '{"hello"', ', digest in the head not checked: truncated,'],
    ['of other content', '{"hello": "earth"}\n', ', digest in the head: mismatch,'],
  ])('a Repr-Digest, and a body that is %s: what was checked is said', async (_what, content, said) => {
    const head = `HTTP/1.1 200 OK\r\nContent-Length: 19\r\nRepr-Digest: ${HELLO_WORLD_SHA_256}\r\n\r\n`;
    const { stdout } = await inspect(head + content);
    expect(stdout).toContain(said);
    expect(stdout).not.toContain('Content-Digest');
  });

  test('a chunk extension that breaks, underlined where it does', async () => {
    const { code, stdout } = await inspect('5;a=b\r\nhello\r\n3;\r\nabc\r\n0\r\n\r\n');
    expect(code).toBe(22);
    expect(stdout).toBe(`${TITLE}\
           0  chunk-size: 5 bytes                   5
           1  chunk extension, CRLF                 ;a=b\\r\\n
           7  chunk-data: 5 bytes, CRLF             hello\\r\\n
          14  chunk-size: 3 bytes                   3
          15  chunk extension, not whole            ;
          16  here it breaks                        \\r\\nabc\\r\\n0\\r\\n\\r\\n
                                                    ^^
              At byte 16 of the chunked body: found CR, expected the name of a chunk extension

malformed [ERR_BODY_MALFORMED] at offset 16
  5 bytes of content in 1 chunk, 1 chunk extension, 16 bytes up to there
          16  12 bytes from the error on, not looked at further
`);
  });

  test('a long piece is shortened in its middle, and chunks behind the 16th are summed up', async () => {
    const { stdout } = await inspect(`3e8\r\n${'x'.repeat(1000)}\r\n${'1\r\na\r\n'.repeat(20)}0\r\n\r\n`);
    expect(stdout).toContain(
      `  chunk-data: 1,000 bytes, CRLF         ${'x'.repeat(56)} … 928 bytes … ${'x'.repeat(16)}\\r\\n\n`,
    );
    expect(stdout).toContain('  chunks 17 to 21                       … 5 bytes of chunk-data, 1 each …\n');
    expect(stdout.match(/chunk-size/g)).toHaveLength(16);
  });

  test('--all shows every chunk', async () => {
    const { stdout } = await inspect(`${'1\r\na\r\n'.repeat(1000)}0\r\n\r\n`, '--all');
    expect(stdout.match(/chunk-size: 1 byte, CRLF/g)).toHaveLength(1000);
    expect(stdout).not.toContain('chunks 17');
  });

  test('nothing that came reaches a terminal as a control', async () => {
    const controls = Array.from({ length: 256 }, (_, octet) => String.fromCharCode(octet)).join('');
    for (const text of [
      `100\r\n${controls}\r\n`,
      controls.slice(1),
      `HTTP/1.1 200 ${controls}\r\n\r\n`,
      `${CHUNKED}0\r\n\r\n${controls}`,
    ]) {
      const { stdout } = await inspect(text, '--all');
      expect(stdout).toMatch(/^[\n -~…§]+$/);
    }
  });
});

describe('for machines: --json', () => {
  const parsed = (stdout: string) =>
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  test('one object a line', async () => {
    const { code, stdout } = await inspect('2;é\r\nhi\r\n', '--json');
    expect(code).toBe(22);
    expect(parsed(stdout)).toEqual([
      { type: 'message', message: 1, offset: 0, form: 'chunked-body' },
      { type: 'piece', message: 1, kind: 'chunk-size', offset: 0, length: 1, isWhole: true, size: 2, octets: '2' },
      { type: 'piece', message: 1, kind: 'chunk-ext', offset: 1, length: 1, isWhole: false, octets: ';' },
      {
        type: 'error',
        message: 1,
        offset: 2,
        code: 'ERR_FRAMING_MALFORMED',
        reason: 'At byte 2 of the chunked body: found 0xe9, expected the name of a chunk extension',
        octets: 'é\r\nhi\r\n',
        blamed: 1,
      },
      {
        type: 'verdict',
        message: 1,
        kind: 'malformed',
        code: 'ERR_BODY_MALFORMED',
        reason: 'At byte 2 of the chunked body: found 0xe9, expected the name of a chunk extension',
        digest: 'absent',
        counts: { octets: 2, contentOctets: 0, chunks: 0, chunkExtensions: 0, trailerFields: 0 },
        exitCode: 22,
      },
      { type: 'unread', offset: 2, length: 7 },
    ]);
    expect(stdout).toMatch(/^[\n -~]+$/);
  });

  test('a long piece, and chunks that are summed up', async () => {
    const data = 'a'.repeat(50) + 'b'.repeat(50);
    const { code, stdout } = await inspect(`64\r\n${data}\r\n${'1\r\na\r\n'.repeat(17)}0\r\n\r\n`, '--json');
    expect(code).toBe(0);
    const objects = parsed(stdout);
    expect(objects.find(({ kind }) => kind === 'chunk-data')).toEqual({
      type: 'piece',
      message: 1,
      kind: 'chunk-data',
      offset: 4,
      length: 100,
      isWhole: true,
      size: 100,
      octets: data.slice(0, 56),
      tail: data.slice(-16),
    });
    const run = { from: 17, to: 18, bytes: 2, smallest: 1, largest: 1, extensions: 0 };
    expect(objects.filter(({ type }) => type === 'chunks')).toEqual([
      { type: 'chunks', message: 1, offset: 196, length: 12, ...run },
    ]);
  });
});

describe('exit codes', () => {
  const BODY = `${CHUNKED}13\r\n${HELLO_WORLD}\r\n0\r\n`;
  test.each<[code: number, what: string, text: string, ...options: string[]]>([
    [0, 'complete', SEALED],
    [0, 'unverified, and nothing announced', `${BODY}\r\n`],
    [0, 'unverified, and not required', `${SEALED.slice(0, 117)}\r\n`, '--require', 'never'],
    [0, 'HEAD', CHUNKED, '--method', 'HEAD'],
    [3, 'a head that is none', 'HTTP/1.1 OK\r\n\r\n'],
    [3, 'empty', ''],
    [20, 'failed', `${BODY}X-Stream-Status: error;type=timeout\r\n\r\n`],
    [20, 'failed, by an abort chunk', `${CHUNKED}1;x-stream-status="error;type=timeout"\r\n`],
    [21, 'truncated', `${CHUNKED}5\r\nhel`],
    [22, 'malformed', `${CHUNKED}zz`],
    [23, 'mismatch', `${BODY}X-Stream-Status: ok;bytes=18\r\n\r\n`],
    [24, 'unverified, and announced', `${SEALED.slice(0, 117)}\r\n`],
    [24, 'unverified, and required', `${BODY}\r\n`, '--require', 'always'],
    [21, 'the first that is not as it should be', `${SEALED}${CHUNKED}5\r\nhel`],
  ])('%i: %s', async (code, _, text, ...options) => {
    expect((await inspect(text, ...options)).code).toBe(code);
    expect((await inspect(text, '--json', ...options)).code).toBe(code);
  });

  test('2: used wrongly', async () => {
    for (const [args, message] of [
      [['a', 'b'], 'inspect takes one file'],
      [[''], 'the name of the file is empty'],
      [['--require', 'maybe'], '--require takes announced, always or never, not "maybe"'],
      [['--method', 'a b'], '--method takes the method of the request, not "a b"'],
    ] as const) {
      const stderr = `error: ${message}\nSee: chunked-trailers inspect --help\n`;
      expect(await run(['inspect', ...args])).toEqual({ code: 2, signal: null, stdout: '', stderr });
    }
  });

  test('1: what cannot be read', async () => {
    const cwd = await temporaryDirectory();
    await mkdir(path.join(cwd, 'folder'));
    for (const [name, message] of [
      ['nothing', 'nothing cannot be read: there is no such file'],
      ['folder', 'folder is a directory: name a file'],
    ] as const) {
      expect(await run(['inspect', name], { cwd })).toEqual({
        code: 1,
        signal: null,
        stdout: '',
        stderr: `error: ${message}\n`,
      });
    }
  });

  test('3: an empty input says so', async () => {
    const stderr = 'error: the input is empty: there is nothing to inspect\n';
    expect(await run(['inspect', '-'])).toEqual({ code: 3, signal: null, stdout: '', stderr }); // stdin is ignored
  });
});

describe('a live pipe', () => {
  test('is annotated as it comes', async () => {
    const { child, stdout, ended } = piped();
    child.stdin.write('HTTP/1.1 200 OK\r\nTransfer-Enc');
    child.stdin.write('oding: chunked\r\n\r\n5\r\nhel');
    await stdout.seen(/chunk-size: 5 bytes, CRLF +5\\r\\n\n/);
    expect(stdout.text).not.toContain('hel');
    child.stdin.write('lo\r\n0\r\n\r\n');
    await stdout.seen(/unverified: No X-Stream-Status came\n/); // the connection may be kept
    child.stdin.end('HTTP/1.1 204 \r\n\r\n');
    const { code, stdout: text } = await ended;
    expect(code).toBe(0);
    expect(text).toContain('\nmessage 2\n');
  });

  test('an error is told at once, and ends it, though the pipe stays open', async () => {
    const { child, ended } = piped(['-']);
    child.stdin.write('zz');
    expect(await ended).toMatchObject({
      code: 22,
      stderr: '',
      stdout: expect.stringContaining('expected a chunk-size'),
    });
  });

  test.skipIf(process.platform === 'win32').each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s shows how far it came',
    async (signal) => {
      const { child, stdout, ended } = piped();
      child.stdin.write('5\r\nhel');
      await stdout.seen(/chunk-size/);
      child.kill(signal);
      const { code, stdout: text, stderr } = await ended;
      expect({ code, stderr }).toEqual({ code: 130, stderr: 'error: interrupted before the input ended\n' });
      expect(text).toMatch(/ chunk-data: 3 of 5 bytes +hel\n$/);
    },
  );

  test('a reader that leaves (| head): no stack trace', async () => {
    const { child, stdout, stderr, ended } = piped(['--all']);
    child.stdin.write('1\r\na\r\n');
    await stdout.seen(/chunk-size/);
    child.stdout.destroy();
    const more = '1\r\na\r\n'.repeat(10_000);
    const timer = setInterval(() => child.stdin.write(more), 10);
    const { code } = await ended.finally(() => clearInterval(timer));
    expect({ code, stderr: stderr.text }).toEqual({ code: 1, stderr: '' });
  });
});

const hasCurl = spawnSync('curl', ['--version']).status === 0;
if (!hasCurl) console.warn('SKIPPED: inspect behind curl, since curl is not here');

describe.skipIf(!hasCurl || process.platform === 'win32')('behind curl --raw -i', () => {
  const ASKING = "-H 'TE: trailers' -H 'X-Want-Stream-Status: ?1'";

  async function behindCurl(options: readonly string[], curl: string) {
    const root = path.join(await temporaryDirectory(), 'file');
    await writeFile(root, 'x'.repeat(100_000));
    const { port } = await serve(root, options);
    const line = `curl -s ${curl} 'http://127.0.0.1:${port}/' | '${process.execPath}' '${MAIN}' inspect`;
    return startCommand('sh', ['-c', line]).ended;
  }

  test('whole', async () => {
    const { code, stdout } = await behindCurl([], `--raw -i ${ASKING}`);
    expect(stdout).toContain('\ncomplete: The digest in the head agrees with what came\n');
    expect(stdout).toContain('  status 200 OK, 100,000 bytes of content in ');
    expect(code).toBe(0);
  });

  test('failing: the abort line', async () => {
    const { code, stdout } = await behindCurl(['--fail-after', '3000'], `--raw -i -H 'X-Want-Stream-Status: ?1'`);
    expect(stdout).toMatch(/ chunk extension, CRLF +;x-stream-status="error;type=source_error/);
    expect(stdout).toMatch(
      /\nfailed \[ERR_BODY_FAILED\]: The sender reported source_error: .*\n {2}status 200 OK, 3,000 bytes of content/,
    );
    expect(code).toBe(20);
  });

  test('failing: in trailers', async () => {
    const { code, stdout } = await behindCurl(['--fail-after', '3000'], `--raw -i ${ASKING}`);
    expect(stdout).toMatch(/ trailer field line, CRLF +X-Stream-Status: error;bytes=3000;type=source_error/);
    expect(code).toBe(20);
  });

  test('without --raw, which is hinted at', async () => {
    const { code, stdout } = await behindCurl([], `-i ${ASKING}`);
    expect(stdout).toContain('curl keeps the chunks with --raw');
    expect(code).toBe(22);
  });
});

const hasScript = /util-linux/.test(spawnSync('script', ['--version']).stdout?.toString() ?? '');
if (!hasScript) console.warn("SKIPPED: the colours of inspect, since util-linux's script is not here");

describe('colours', () => {
  test('none without a terminal', async () => {
    expect((await inspect('5\r\nhel')).stdout).not.toContain('\x1b');
  });

  test.skipIf(!hasScript)('on a terminal; none with NO_COLOR', async () => {
    const words = [process.execPath, MAIN, 'inspect', await capture('zz')].map((word) => `'${word}'`).join(' ');
    const shown = async (env: Record<string, string>) =>
      (
        await startCommand('script', ['-qec', words, '/dev/null'], { env: { TERM: 'xterm', SHELL: '/bin/sh', ...env } })
          .ended
      ).stdout;
    const coloured = await shown({});
    expect(coloured).toContain('\x1b[31m\x1b[4mz\x1b[24m\x1b[39m');
    expect(coloured).toContain('\x1b[31mmalformed\x1b[39m');
    expect(await shown({ NO_COLOR: '1' })).toBe(coloured.replace(/\x1b\[\d+m/g, ''));
  });
});
