/**
 * Strategy: the built program's `demo`, its table read back column by column, and every conclusion, count and belief
 * compared with what was written by hand for a file of known length.
 */
import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { run, temporaryDirectory } from '../../support/cli.ts';

const README = fileURLToPath(new URL('../../../README.md', import.meta.url));

interface Row {
  what: string;
  concluded: string;
  octets: string;
  believed: string;
  reason: string;
}

/** The columns are as wide as the heading says; only the last one has no end. */
function tableOf(stdout: string): Row[] {
  const lines = stdout.split('\n');
  const heading = lines.findIndex((line) => line.startsWith('what was done'));
  const [concluded, believed, reason] = ['concluded', 'http.get', 'reason'].map((word) =>
    lines[heading]!.indexOf(word),
  );
  const rows = lines.slice(heading + 1, lines.indexOf('', heading));
  return rows.map((line) => {
    const [kind, octets] = line.slice(concluded, believed).trim().split(/ +/);
    return {
      what: line.slice(0, concluded).trim(),
      concluded: kind!,
      octets: octets!,
      believed: line.slice(believed, reason).trim(),
      reason: line.slice(reason),
    };
  });
}

async function demoOf(octets: Buffer): Promise<{ code: number | null; stderr: string; stdout: string; file: string }> {
  const file = path.join(await temporaryDirectory(), 'a file.bin');
  await writeFile(file, octets);
  return { ...(await run(['demo', file])), file };
}

describe('the table', () => {
  test('every kind of end, of a file of 1000 octets', async () => {
    const { code, stdout, stderr, file } = await demoOf(Buffer.alloc(1000, 'ab'));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')[0]).toBe(`${file}, 1,000 octets, over 127.0.0.1`);
    expect(stdout.endsWith('\n\nEvery conclusion was the right one.\n')).toBe(true);
    const rows = tableOf(stdout);
    expect(rows.map(({ what, concluded, octets, believed }) => [what, concluded, octets, believed])).toEqual([
      ['intact', 'complete', '1,000', 'finished, 1,000'],
      ['fails in the middle; status asked for', 'failed', '500', 'finished, 500'],
      ['the next request on that connection', 'complete', '1,000', ''],
      ['fails in the middle; nothing asked for', 'truncated', '500', 'error: aborted'],
      ['cut by a proxy', 'truncated', '500', 'error: aborted'],
      ['one bit flipped on the way', 'mismatch', '1,000', 'finished, 1,000'],
      ['trailers stripped by a proxy', 'unverified', '1,000', 'finished, 1,000'],
    ]);
    const failure = 'The sender reported source_error: Failed on purpose after 500 octets';
    expect(rows.map(({ reason }) => reason)).toEqual([
      'The sender sealed it, and its digest agrees',
      failure,
      'The sender sealed it, and its digest agrees',
      'At octet 507 of the chunked body: the input ended, expected a chunk-size',
      // 1f4 CRLF, 500 octets, CRLF: the connection ends where the next chunk-size would stand.
      'At octet 507 of the chunked body: the input ended, expected a chunk-size',
      'The Content-Digest disagrees with what came',
      'No X-Stream-Status came',
    ]);
  });

  test.each([
    { length: 2, whole: '2', half: '1' },
    { length: 3, whole: '3', half: '1' },
    { length: 131_072, whole: '131,072', half: '65,536' },
    { length: 3_000_001, whole: '3,000,001', half: '1,500,000' },
  ])('the counts of a file of $length octets', async ({ length, whole, half }) => {
    const { code, stdout } = await demoOf(Buffer.alloc(length, 'x'));
    const counted = tableOf(stdout).map(({ concluded, octets, believed }) => [concluded, octets, believed]);
    expect({ code, counted }).toEqual({
      code: 0,
      counted: [
        ['complete', whole, `finished, ${whole}`],
        ['failed', half, `finished, ${half}`],
        ['complete', whole, ''],
        ['truncated', half, 'error: aborted'],
        ['truncated', half, 'error: aborted'],
        ['mismatch', whole, `finished, ${whole}`],
        ['unverified', whole, `finished, ${whole}`],
      ],
    });
  });

  test('the file that comes with the package', async () => {
    const { code, stdout, stderr } = await run(['demo']);
    const whole = (await stat(README)).size.toLocaleString('en-US');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')[0]).toBe(`${README}, ${whole} octets, over 127.0.0.1`);
    expect(tableOf(stdout)[0]).toEqual({
      what: 'intact',
      concluded: 'complete',
      octets: whole,
      believed: `finished, ${whole}`,
      reason: 'The sender sealed it, and its digest agrees',
    });
  });

  test('a path that is relative to the working directory', async () => {
    const cwd = await temporaryDirectory();
    await writeFile(path.join(cwd, 'b c'), 'hello');
    const { code, stdout } = await run(['demo', 'b c'], { cwd });
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toBe(`${path.join(cwd, 'b c')}, 5 octets, over 127.0.0.1`);
  });

  test('a file of one octet, whose middle is its beginning, gives the same conclusions', async () => {
    const { code, stdout } = await demoOf(Buffer.from('x'));
    expect(tableOf(stdout).map(({ concluded }) => concluded)).toEqual([
      'complete',
      'failed',
      'complete',
      'truncated',
      'truncated',
      'mismatch',
      'unverified',
    ]);
    expect(stdout).toContain('Every conclusion was the right one.');
    expect(code).toBe(0);
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
