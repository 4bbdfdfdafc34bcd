/**
 * Strategy: the built program's `demo`, its table read back column by column, and every belief, conclusion and count
 * compared with what was written by hand for a file of known length. Then the same program with a fault put into it.
 */
import { spawnSync } from 'node:child_process';
import { chmod, copyFile, cp, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { MAIN, run, startCommand, temporaryDirectory } from '../../support/cli.ts';

const README = fileURLToPath(new URL('../../../README.md', import.meta.url));

interface Row {
  what: string;
  believed: string;
  concluded: string;
  reason?: string;
}

/** The columns are as wide as the heading says. A line further in is the reason of the row above it. */
function tableOf(stdout: string): Row[] {
  const lines = stdout.split('\n');
  const heading = lines.findIndex((line) => line.startsWith('what was done'));
  const [believed, concluded] = ['http.get', 'verify'].map((word) => lines[heading]!.indexOf(word));
  const rows: Row[] = [];
  for (const line of lines.slice(
    heading + 1,
    lines.findIndex((text) => text.startsWith('old proxy ')),
  )) {
    if (/^ {6}\S/.test(line)) rows.at(-1)!.reason = line.trim();
    else if (line.startsWith('  ')) {
      const cells = [line.slice(0, believed), line.slice(believed, concluded), line.slice(concluded)];
      const [what, belief, conclusion] = cells.map((cell) => cell.trim());
      rows.push({ what: what!, believed: belief!, concluded: conclusion! });
    }
  }
  return rows;
}

async function demoOf(octets: Buffer): Promise<{ code: number | null; stderr: string; stdout: string; file: string }> {
  const file = path.join(await temporaryDirectory(), 'a file.bin');
  await writeFile(file, octets);
  return { ...(await run(['demo', file])), file };
}

/** What a file of `whole` bytes has to give, if half of it is `half`. */
const expectedRows = (whole: string, half: string) => [
  ['the file fails in the middle', 'error: aborted', `truncated, ${half}`],
  ['it fails behind an old proxy', `finished, ${half} WRONG`, `unverified, ${half}`],
  ['nothing goes wrong', `finished, ${whole}`, `complete, ${whole}`],
  ['the file fails in the middle', 'error: aborted', `failed, ${half}`],
  ['the next request is served', '', `complete, ${whole}`],
  ['it fails behind an old proxy', 'error: aborted', `truncated, ${half}`],
  ['the network cuts it', 'error: aborted', `truncated, ${half}`],
  ['the network flips one bit', `finished, ${whole} WRONG`, `mismatch, ${whole}`],
  ['a proxy drops the trailers', `finished, ${whole}`, `unverified, ${whole}`],
];

describe('the table', () => {
  test.each([
    { length: 2, whole: '2 B', half: '1 B' },
    { length: 3, whole: '3 B', half: '1 B' },
    { length: 1000, whole: '1.0 kB', half: '500 B' },
    { length: 131_072, whole: '131 kB', half: '65.5 kB' },
    { length: 3_000_001, whole: '3.0 MB', half: '1.5 MB' },
  ])('every kind of end, of a file of $length bytes', async ({ length, whole, half }) => {
    const { code, stdout, stderr, file } = await demoOf(Buffer.alloc(length, 'ab'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')[0]).toBe(file);
    expect(stdout.split('\n')[1]).toBe(
      `${length.toLocaleString('en-US')} bytes, streamed over 127.0.0.1 in each of these ways.`,
    );
    const rows = tableOf(stdout);
    expect(rows.map(({ what, believed, concluded }) => [what, believed, concluded])).toEqual(expectedRows(whole, half));
    expect(stdout.endsWith('\n\nhttp.get took 2 broken bodies for whole, verify none.\n')).toBe(true);
  });

  test('the reasons: none of a body that is complete', async () => {
    const { stdout } = await demoOf(Buffer.alloc(1000, 'ab'));
    expect(tableOf(stdout).map(({ reason }) => reason)).toEqual([
      'The connection ended before the message did: aborted',
      'No X-Stream-Status came',
      undefined,
      'The sender reported source_error: the disk is gone',
      undefined,
      'The connection ended before the message did: aborted',
      'The connection ended before the message did: aborted',
      'The Content-Digest disagrees with what came',
      'No X-Stream-Status came',
    ]);
  });

  test('of a file of one byte, whose middle is its beginning', async () => {
    const { code, stdout } = await demoOf(Buffer.from('x'));
    expect(tableOf(stdout).map(({ concluded }) => concluded.split(',')[0])).toEqual(
      expectedRows('', '').map(([, , concluded]) => concluded!.split(',')[0]),
    );
    expect(code).toBe(0);
  });

  test('of the file that comes with the package, within 80 columns', async () => {
    const { code, stdout, stderr } = await run(['demo']);
    const { size } = await stat(README);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [name, ...lines] = stdout.split('\n');
    expect(name).toBe(README);
    expect(lines[0]).toContain(`${size.toLocaleString('en-US')} bytes`);
    expect(lines.filter((line) => line.length > 80 || line !== line.trimEnd())).toEqual([]);
  });

  test('a path that is relative to the working directory', async () => {
    const cwd = await temporaryDirectory();
    await writeFile(path.join(cwd, 'b c'), 'hello');
    const { code, stdout } = await run(['demo', 'b c'], { cwd });
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toBe(path.join(cwd, 'b c'));
  });
});

/** The same program, with one thing in it that is not as it should be. */
async function changed(file: string, from: string, to: string) {
  const folder = await temporaryDirectory();
  await cp(fileURLToPath(new URL('../../../dist', import.meta.url)), path.join(folder, 'dist'), { recursive: true });
  for (const name of ['package.json', 'README.md']) {
    await copyFile(fileURLToPath(new URL(`../../../${name}`, import.meta.url)), path.join(folder, name));
  }
  const target = path.join(folder, 'dist', file);
  const text = await readFile(target, 'utf8');
  expect(text).toContain(from);
  await writeFile(target, text.replace(from, to));
  return startCommand(process.execPath, [path.join(folder, 'dist/cli/main.js'), 'demo']).ended;
}

describe('what is not as expected makes it fail', () => {
  test.each([
    ['a proxy that damages nothing', 'cli/demo/fault-proxy.js', '^= 1', '^= 0', 1],
    ['a client that asks for no status', 'cli/demo/clients.js', 'headers: requestHeaders()', 'headers: {}', 4],
    ['a proxy that ends nothing well', 'cli/demo/old-proxy.js', 'of encoder.end()', 'of []', 1],
  ])('%s', async (_, file, from, to, lines) => {
    const { code, stdout } = await changed(file, from, to);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe(`Not as expected: ${lines} of the lines above.`);
    expect(code).toBe(1);
  });
});

describe('what cannot be shown', () => {
  test('an empty file has no middle to fail in', async () => {
    const { code, stdout, stderr, file } = await demoOf(Buffer.alloc(0));
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: '',
      stderr: `error: ${file} is empty: there is no middle to fail in. Choose another file\n`,
    });
  });

  test('a file that does not exist', async () => {
    const file = path.join(await temporaryDirectory(), 'nothing here');
    const stderr = `error: ${file}: there is no such file\n`;
    expect(await run(['demo', file])).toEqual({ code: 1, signal: null, stdout: '', stderr });
  });

  test.skipIf(process.getuid?.() === 0 && spawnSync('setpriv', ['--version']).error)(
    'a file that may not be read',
    async () => {
      const file = path.join(await temporaryDirectory(), 'secret');
      await writeFile(file, 'hello', { mode: 0 });
      // root may read everything, so it becomes somebody else.
      const others = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--clear-groups'] : [];
      await chmod(path.dirname(file), 0o755);
      const [command, ...args] = [...others, process.execPath, MAIN, 'demo', file];
      const { code, stdout, stderr } = await startCommand(command!, args).ended;
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain('EACCES');
    },
  );

  test('a directory', async () => {
    const directory = await temporaryDirectory();
    const { code, stdout, stderr } = await run(['demo', directory]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(directory);
  });

  test('two files', async () => {
    const stderr = 'error: demo takes one file\nSee: chunked-trailers demo --help\n';
    expect(await run(['demo', README, README])).toEqual({ code: 2, signal: null, stdout: '', stderr });
  });
});
