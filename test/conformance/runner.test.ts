/**
 * Strategy: the vectors and their runner are tested themselves. Every member is one that the README explains, every clause
 * is one of the pages; and implementations that are wrong on purpose get no level, from the program as it is run.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
// @ts-expect-error: a program of the specification, without types
import * as recipientsOf from '../../spec-notes/conformance/recipients.mjs';
// @ts-expect-error
import { readAbortLine, readChunked, readDigests, readStatus } from '../../spec-notes/conformance/wire.mjs';
import { listen } from '../support/servers.ts';

const { judgeRecipient, levelOf, optionsOf, RECIPIENT_LEVELS, sumsOf } = recipientsOf;

const folder = new URL('../../spec-notes/conformance/', import.meta.url);
const read = async (name: string) => await readFile(new URL(name, folder), 'utf8');
const readme = await read('README.md');
const pages = { stream: await read('../x-stream-status.md'), inContent: await read('../in-content.md') };

type Vector = Record<string, unknown> & { name: string; clause: string; level: string };
const FILES = [
  ...['recipients.json', 'recipients-tls.json', 'recipients-http2.json', 'uploads.json', 'in-content.json'],
  ...['senders.json', 'senders-http2.json', 'gateways.json'],
];
const vectors = await Promise.all(
  FILES.map(async (file) => ({ file, list: JSON.parse(await read(file)).vectors as Vector[] })),
);

/** The headings of a page, as `4.3.2` and `Appendix A`, and the rows of the table of verdicts. */
function clausesOf(page: string): Set<string> {
  return new Set(
    [...page.matchAll(/^#+ (?:(\d+(?:\.\d+)*)\.? |(Appendix [A-Z]))/gm)].map(([, one, other]) => one ?? other!),
  );
}

describe.each(vectors)('$file', ({ file, list }) => {
  test('has names of their own, and members that the README explains', () => {
    expect(new Set(list.map(({ name }) => name)).size).toBe(list.length);
    const members = new Set(list.flatMap((vector) => Object.keys(vector)));
    expect([...members].filter((member) => !readme.includes(`\`${member}\``))).toEqual([]);
  });

  test('names clauses that there are', () => {
    const [stream, inContent] = [clausesOf(pages.stream), clausesOf(pages.inContent)];
    const lost = list.flatMap(({ name, clause }) =>
      clause
        .replace(/RFC \d+ §[\d.]+/g, '')
        .split(/[;:]/)
        .flatMap((part) => {
          const clauses = file === 'in-content.json' || part.includes('in-content') ? inContent : stream;
          const found = part
            .replace(/rows? \d+(?:(?: and|,? or|,? before)(?: row)? \d+)*/g, '')
            .match(/Appendix [A-Z]|\d+(?:\.\d+)*/g);
          return (found ?? [])
            .filter((one) => !(one.startsWith('Appendix') ? stream : clauses).has(one))
            .map((one) => `${name}: ${one}`);
        }),
    );
    expect(lost).toEqual([]);
  });
});

describe('the judge', () => {
  const recipients = vectors[0]!.list;
  const levelWhen = (concludes: (vector: Vector) => { verdict: string; accepted: boolean }) =>
    levelOf(
      recipients.map((vector) => [vector, judgeRecipient(vector, concludes(vector)).grade]),
      RECIPIENT_LEVELS,
    );
  const outcome = (text: unknown) => {
    const [verdict, accepted] = String([text].flat()[0]).split(', ');
    return { verdict: verdict!, accepted: accepted === undefined ? verdict === 'complete' : accepted === 'accepted' };
  };

  test('gives no level to who accepts everything, or nothing', () => {
    expect(levelWhen(() => ({ verdict: 'complete', accepted: true }))).toBe('none');
    expect(levelWhen(() => ({ verdict: 'truncated', accepted: false }))).toBe('none');
  });

  test('gives each level to who is right up to it', () => {
    expect(levelWhen(({ expect: right }) => outcome(right))).toBe('full');
    for (const level of RECIPIENT_LEVELS as string[]) {
      const upTo = (vector: Vector) => {
        const isAbove = RECIPIENT_LEVELS.indexOf(vector.level) > RECIPIENT_LEVELS.indexOf(level);
        return outcome(isAbove ? (vector.below ?? vector.expect) : vector.expect);
      };
      expect(levelWhen(upTo)).toBe(level);
    }
  });

  test('one wrong vector costs the level', () => {
    const spoils = ({ name, expect: right }: Vector) =>
      name === 'clean failure' ? { verdict: 'failed', accepted: true } : outcome(right);
    expect(levelWhen(spoils)).toBe('none');
  });

  test('content that was not sent is wrong, whatever the verdict', () => {
    const [vector] = recipients;
    const found = { ...outcome(vector!.expect), content: 'id,total\n' };
    expect(judgeRecipient(vector, found).grade).toBe('wrong');
    expect(judgeRecipient(vector, { ...found, verdict: 'truncated', accepted: false }).grade).toBe('wrong');
  });

  test('a refusal without a verdict is right where the head is faulty, and nowhere else', () => {
    const refused = { verdict: 'no verdict (ValueError)', accepted: false };
    const faulty = recipients.find(({ name }) => name === 'faulty head: two lengths');
    expect(judgeRecipient(faulty, refused).grade).toBe('right');
    expect(judgeRecipient(faulty, { ...refused, accepted: true }).grade).toBe('wrong');
    expect(judgeRecipient(recipients[0], refused)).toEqual({
      ...{ grade: 'wrong', why: 'complete, not no verdict (ValueError)' },
    });
  });

  test('a failure without its type is wrong', () => {
    const vector = recipients.find(({ name }) => name === 'clean failure');
    const failed = { verdict: 'failed', accepted: false };
    expect(judgeRecipient(vector, { ...failed, type: '' }).grade).toBe('wrong');
    expect(judgeRecipient(vector, { ...failed, type: 'source_error' }).grade).toBe('right');
  });

  test('a server that names no verdict is judged by what it does with an upload', () => {
    const uploads = vectors.find(({ file }) => file === 'uploads.json')!.list;
    const silent = (accepted: boolean) => ({ isUpload: true, accepted, verdict: undefined });
    const [whole, failed] = ['upload: sealed success', 'upload: clean failure'].map((wanted) =>
      uploads.find(({ name }) => name === wanted),
    );
    expect([whole, failed].map((vector) => judgeRecipient(vector, silent(true)).grade)).toEqual(['right', 'wrong']);
    expect([whole, failed].map((vector) => judgeRecipient(vector, silent(false)).grade)).toEqual(['wrong', 'right']);
  });

  test('the sums leave nothing out', () => {
    const grades = ['right', 'below', 'wrong', 'not offered'];
    const all = recipients.map((vector, at): [Vector, string] => [vector, grades[at % grades.length]!]);
    const [total, ...parts] = (sumsOf(all, RECIPIENT_LEVELS) as string[]).map((line) =>
      [...line.replace(/^\d+ vectors/, '').matchAll(/(\d+) /g)].reduce((sum, [, count]) => sum + Number(count), 0),
    );
    expect(total).toBe(all.length);
    expect(parts.reduce((sum, part) => sum + part)).toBe(all.length);
  });

  test('an option that is not offered is no fault', () => {
    const graded = [{ option: 'x' }, { option: 'x' }].map((vector) => [vector, 'not offered']);
    expect(optionsOf(graded)).toEqual(new Map([['x', 'not offered']]));
  });
});

describe('the reader of octets', () => {
  test('takes chunks exactly', () => {
    expect(readChunked('3;a="b"\r\nabc\r\n0\r\nX: 1\r\n\r\nrest')).toEqual({
      ...{ content: 'abc', trailers: [['x', '1']], rest: 'rest', extensions: [';a="b"'] },
    });
    for (const octets of ['3\nabc\r\n', '3 \r\nabc\r\n', '3\r\nabcd\r\n', 'x\r\n', '0\r\nX : 1\r\n\r\n', '0\r\n']) {
      expect(readChunked(octets)).toMatchObject({ content: '', rest: octets });
    }
  });

  test('takes what a sender may write, and nothing else', () => {
    expect(readStatus('error;bytes=19;type=source_error;details="a \\"b\\""')).toEqual({
      ...{ state: 'error', bytes: '19', type: 'source_error', details: 'a "b"' },
    });
    for (const value of [
      'OK',
      'ok;bytes=1;bytes=1',
      'ok;type=x',
      'error;type="x"',
      'error;bytes=-1',
      'ok;',
      'error;details=x',
    ]) {
      expect(readStatus(value), value).toBeUndefined();
    }
    expect(readAbortLine('1;x-stream-status="error;type=timeout"\r\n')).toEqual({ state: 'error', type: 'timeout' });
    for (const line of [
      '0;x-stream-status="error"\r\n',
      '1;x-stream-status="ok"\r\n',
      '1;x-stream-status="error"\r\nx',
      '1\r\n',
    ]) {
      expect(readAbortLine(line), line).toBeUndefined();
    }
    expect(readDigests('sha-256=:AAAA:, x=:BBBB:')).toEqual(
      new Map([
        ['sha-256', 'AAAA'],
        ['x', 'BBBB'],
      ]),
    );
    expect(readDigests('sha-256=x')).toBeUndefined();
  });
});

describe('node run.mjs', () => {
  const run = async (...args: string[]): Promise<{ code: number; stdout: string }> =>
    promisify(execFile)(process.execPath, [fileURLToPath(new URL('run.mjs', folder)), ...args]).then(
      ({ stdout }) => ({ code: 0, stdout }),
      ({ code, stdout }) => ({ code, stdout }),
    );
  const own = fileURLToPath(new URL('liar.mjs', import.meta.url));

  test('tells how it is called', async () => {
    expect(await run()).toEqual({ code: 1, stdout: '' });
  });

  test('a receiver that takes everything has no level', async () => {
    const { code, stdout } = await run('--only', 'clean failure', '--receiver', `"${process.execPath}" "${own}"`);
    expect(stdout).toContain('WRONG clean failure (4.2; 5.2 row 5; 9): failed, not complete\n');
    expect(stdout).toMatch(/level: recipient, none\n$/);
    expect(code).toBe(1);
  });

  test('a server that knows nothing of it has no level', async () => {
    const port = await listen(createServer((_req, res) => res.end('id,total\n1,20\n2,35\n3,50\n')));
    const { code, stdout } = await run('--only', 'success', '--sender', `http://127.0.0.1:${port}`);
    expect(stdout).toContain('WRONG sealed success (3; 4.1; 2.3): sealed, not length');
    expect(stdout).toMatch(/level: sender, none\n$/);
    expect(code).toBe(1);
  });
});
