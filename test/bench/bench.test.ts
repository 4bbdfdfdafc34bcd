/** The bench: its fixtures are the same everywhere, each case's output is right, and its page reads as it was written. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { chunkOf, fromChunked, toChunked } from '../../bench/chunked.ts';
import { cut, makeBody } from '../../bench/fixtures.ts';
import type { Job } from '../../bench/job.ts';
import { readPage, toPage } from '../../bench/page.ts';
import type { Part } from '../../bench/part.ts';
import { toPicture } from '../../bench/picture.ts';
import { profileText } from '../../bench/profile.ts';
import { seededNumbers } from '../../bench/random.ts';
import type { Measured } from '../../bench/row.ts';
import { MAX_TOKEN_BYTES, makeTrace } from '../../bench/tokens.ts';

const bench = new URL('../../bench/', import.meta.url);
const filesIn = (folder: string) => readdirSync(new URL(folder, bench)).filter((file) => file !== 'http.ts');

describe('the fixtures of the bench', () => {
  it('come from the numbers that Numerical Recipes prints for its generator, from seed 0', () => {
    const next = seededNumbers(0);
    const printed = ['3c6ef35f', '47502932', 'd1ccf6e9', 'aaf95334', '6252e503', '9f2ec686', '57fe6c2d', 'a3d95fa8'];
    expect(printed.map(() => next().toString(16))).toEqual(printed);
  });

  it('are the same bytes everywhere, and of every value', () => {
    const body = makeBody(4 * 1024 * 1024);
    const digest = createHash('sha256').update(body).digest('hex');
    expect(digest).toBe('5d84399ad0c4870ceb83b5621480737e7cfb832d2bece4806e59057f8ddd799b');
    expect(new Set(body).size).toBe(256);
  });

  it('are cut into pieces that are all of it, the last one perhaps smaller', () => {
    const pieces = cut(makeBody(1000), 300);
    expect(pieces.map((piece) => piece.length)).toEqual([300, 300, 300, 100]);
    expect(Buffer.concat(pieces).equals(makeBody(1000))).toBe(true);
  });

  it('RFC 9112 §7.1: are chunked as the grammar says', () => {
    expect(chunkOf(Buffer.from('hello'), ';a=b').toString()).toBe('5;a=b\r\nhello\r\n');
    const chunked = toChunked([Buffer.from('0123456789abcdef')], '', 'A: b\r\n');
    expect(chunked.toString()).toBe('10\r\n0123456789abcdef\r\n0\r\nA: b\r\n\r\n');
    expect(fromChunked(chunked)).toMatchObject({ sizes: [16], trailerSection: 'A: b\r\n' });
  });

  it('have tokens of 1 to 12 bytes', () => {
    const sizes = makeTrace(10_000)
      .flat()
      .map((token) => token.length);
    expect([Math.min(...sizes), Math.max(...sizes)]).toEqual([1, MAX_TOKEN_BYTES]);
  });
});

describe('each part', () => {
  it.each(filesIn('parts/'))('%s hands out the right bytes, and compares cases that it has', async (file) => {
    const { part } = (await import(new URL(`parts/${file}`, bench).href)) as { part: Part };
    await part.check();
    const titles = Array.from(part.suite as unknown as ArrayLike<{ name: string }>).map(({ name }) => name);
    const named = part.rows.flatMap(({ ours, theirs, less = ours }) => [ours, theirs, less]);
    expect(titles).toEqual(expect.arrayContaining(named));
  });
});

describe('each job', () => {
  it.each(filesIn('jobs/'))('%s has the processes that its sides name', async (file) => {
    const { job } = (await import(new URL(`jobs/${file}`, bench).href)) as { job: Job };
    for (const [server, client] of Object.values(job.sides)) {
      expect(job.servers).toHaveProperty([server]);
      expect(job.clients).toHaveProperty([client]);
    }
    for (const { ours } of job.rows) expect(job.sides).toHaveProperty([ours]);
  });
});

describe('the profile of a job', () => {
  it('lists the functions by their own time', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'bench-profile-'));
    const busy = 'function busy() { const end = Date.now() + 200; while (Date.now() < end); } busy();';
    execFileSync(process.execPath, ['--cpu-prof', `--cpu-prof-dir=${folder}`, '-e', busy]);
    const [head, first] = profileText(folder, 'a job, ours').split('\n');
    rmSync(folder, { recursive: true });
    expect(head).toMatch(/^a job, ours: own time of each function, of \d\.\d\d s/);
    expect(first).toMatch(/^ *\d+\.\d % {2}(busy|now)\b/);
  });
});

describe('the page', () => {
  it('is read as it was written', () => {
    const row = { ours: 'a', theirs: 'b', median: 1, figures: '1 · 2' };
    const jobs: Measured[] = [
      { ...row, title: 'a job', by: 'CPU', target: 1.1, best: 1.2, why: 'so.', profile: 'profiles/a.txt' },
      { ...row, title: 'another', by: 'memory', best: -3.25 },
    ];
    const parts: Measured[] = [{ ...row, title: 'a part', by: 'speed', target: 2, best: 2.5 }];
    const page = toPage(jobs, parts, true);
    expect(readPage(page)).toEqual([
      { title: 'a job', isSpeed: false, isMemory: false, target: 1.1, best: 1.2 },
      { title: 'another', isSpeed: false, isMemory: true, target: undefined, best: -3.25 },
      { title: 'a part', isSpeed: true, isMemory: false, target: 2, best: 2.5 },
    ]);
    expect(page).toContain('1 of 2 targets are met');
    expect(page).toContain('| so. [Profile](profiles/a.txt). |');
  });

  it('has a picture of its own, in which each target is', () => {
    const page = readFileSync(new URL('results.md', bench), 'utf8');
    const picture = readFileSync(new URL('results.svg', bench), 'utf8');
    expect(picture).toBe(toPicture(page)); // npm run bench -- --picture
    expect(picture.match(/<rect /g)).toHaveLength(readPage(page).filter(({ target }) => target !== undefined).length);
  });

  it('tells what is better than wanted from what is not', () => {
    const row = { ours: 'a', theirs: 'b', median: 1, figures: '1 · 2' };
    const colorOf = (by: Measured['by'], best: number) =>
      /<rect [^>]*fill="(#\w+)"/.exec(
        toPicture(toPage([{ ...row, title: 'a & b', by, target: 2, best }], [], true)),
      )?.[1];
    expect(colorOf('CPU', 1.9)).toBe(colorOf('speed', 2.1));
    expect(colorOf('CPU', 2.1)).toBe(colorOf('speed', 1.9));
    expect(colorOf('CPU', 1.9)).not.toBe(colorOf('CPU', 2.1));
  });

  it('has a row for every target', async () => {
    const titles = new Set(readPage(readFileSync(new URL('results.md', bench), 'utf8')).map(({ title }) => title));
    const modules = ['parts/', 'jobs/'].flatMap((folder) => filesIn(folder).map((file) => folder + file));
    for (const file of modules) {
      const { part, job } = (await import(new URL(file, bench).href)) as { part?: Part; job?: Job };
      const judged = (part ?? job)!.rows.filter(({ target }) => target !== undefined);
      expect(judged.filter(({ title }) => !titles.has(title))).toEqual([]);
    }
  });
});
