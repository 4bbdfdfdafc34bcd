import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { chunkOf, fromChunked, toChunked } from '../../bench/chunked.ts';
import { BODY_BYTES, cut, drip, groupBySize, makeBody } from '../../bench/fixtures.ts';
import { pickBetween, seededNumbers } from '../../bench/random.ts';
import { linesOf, REAL_FILE, readRealFile } from '../../bench/real-file.ts';
import { MAX_BURST_TOKENS, MAX_TOKEN_BYTES, makeTrace } from '../../bench/tokens.ts';

const BODY_SHA256 = '5d84399ad0c4870ceb83b5621480737e7cfb832d2bece4806e59057f8ddd799b';

describe('the generator', () => {
  it('gives the numbers that Numerical Recipes prints for it, from seed 0', () => {
    const next = seededNumbers(0);
    const printed = ['3c6ef35f', '47502932', 'd1ccf6e9', 'aaf95334', '6252e503', '9f2ec686', '57fe6c2d', 'a3d95fa8'];
    expect(printed.map(() => next().toString(16))).toEqual(printed);
  });

  it('picks every number of a range, and no other', () => {
    const next = seededNumbers(1);
    const picked = new Set(Array.from({ length: 1000 }, () => pickBetween(next, 3, 7)));
    expect([...picked].sort()).toEqual([3, 4, 5, 6, 7]);
  });
});

describe('the body of the benchmarks', () => {
  it('is the same octets everywhere, and of every value', () => {
    const body = makeBody();
    expect(body.length).toBe(BODY_BYTES);
    expect(createHash('sha256').update(body).digest('hex')).toBe(BODY_SHA256);
    expect(new Set(body).size).toBe(256);
  });

  it('is cut into pieces that are all of it, the last one perhaps smaller', () => {
    const octets = makeBody(1000);
    const pieces = cut(octets, 300);
    expect(pieces.map((piece) => piece.length)).toEqual([300, 300, 300, 100]);
    expect(Buffer.concat(pieces).equals(octets)).toBe(true);
  });

  it('drips as pieces of one octet that are all of it', () => {
    const octets = makeBody(1000);
    const pieces = drip(octets);
    expect(pieces.every((piece) => piece.length === 1)).toBe(true);
    expect(Buffer.concat(pieces).equals(octets)).toBe(true);
  });

  it('is grouped in order, each group but the last at least as large as asked for', () => {
    const pieces = cut(makeBody(1000), 300);
    expect(groupBySize(pieces, 500).map((group) => group.length)).toEqual([2, 2]);
    expect(groupBySize(pieces, 900).map((group) => group.length)).toEqual([3, 1]);
    expect(groupBySize(pieces, 500).flat()).toEqual(pieces);
  });
});

describe('the plain chunked coding', () => {
  it('RFC 9112 §7.1: is chunked as chunk-size, extension and data, with a last-chunk', () => {
    const pieces = cut(Buffer.from('abcdefghijklmnopq'), 16);
    expect(toChunked(pieces, ';a=b').toString()).toBe('10;a=b\r\nabcdefghijklmnop\r\n1;a=b\r\nq\r\n0\r\n\r\n');
    expect(chunkOf(pieces[0]!).toString()).toBe('10\r\nabcdefghijklmnop\r\n');
  });

  it('RFC 9112 §7.1.2: has a trailer section behind the last-chunk', () => {
    expect(toChunked([Buffer.from('a')], '', 'A: b\r\n').toString()).toBe('1\r\na\r\n0\r\nA: b\r\n\r\n');
  });

  it('is read back as it was written', () => {
    const pieces = [Buffer.from('\r\n0\r\n\r\n'), Buffer.from('ab')];
    const found = fromChunked(toChunked(pieces, ';a=b', 'A: b\r\n'));
    expect(found.content.equals(Buffer.concat(pieces))).toBe(true);
    expect(found.sizes).toEqual([7, 2]);
    expect(found.trailerSection).toBe('A: b\r\n');
  });

  it.each(['', '1\r\na\r\n', '1\r\nab\r\n0\r\n\r\n', 'g\r\n\r\n', '0\r\n', '0\r\n\r\nx', '0\r\nA: b\r\n'])(
    'refuses %j',
    (octets) => {
      expect(() => fromChunked(Buffer.from(octets))).toThrow();
    },
  );
});

describe('the trace of a language model', () => {
  const bursts = makeTrace(65536);
  const tokens = bursts.flat();

  it('is the same every time, as long as asked for or a token longer', () => {
    const again = makeTrace(65536);
    expect(again.map((burst) => burst.join('|'))).toEqual(bursts.map((burst) => burst.join('|')));
    const { length } = Buffer.concat(tokens);
    expect(length).toBeGreaterThanOrEqual(65536);
    expect(length).toBeLessThan(65536 + MAX_TOKEN_BYTES);
  });

  it('has tokens of 1 to 12 octets, none of which splits a character', () => {
    const lengths = tokens.map((token) => token.length);
    expect(Math.min(...lengths)).toBe(1);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(MAX_TOKEN_BYTES);
    expect(new Set(lengths).size).toBeGreaterThan(6);
    const utf8 = new TextDecoder('utf-8', { fatal: true });
    for (const token of tokens) expect(() => utf8.decode(token)).not.toThrow();
  });

  it('comes in bursts: a token alone, or several up to 16', () => {
    const sizes = bursts.map((burst) => burst.length);
    expect(Math.max(...sizes)).toBe(MAX_BURST_TOKENS);
    const alone = sizes.filter((size) => size === 1).length / sizes.length;
    expect(alone).toBeGreaterThan(0.4);
    expect(alone).toBeLessThan(0.6);
    expect(sizes).not.toContain(0);
  });
});

describe('the real file', () => {
  it(`is ${REAL_FILE}: text, over a million octets, in lines`, () => {
    const text = readRealFile();
    expect(text.length).toBeGreaterThan(1_000_000);
    expect(() => new TextDecoder('utf-8', { fatal: true }).decode(text)).not.toThrow();
    expect(text.toString()).toContain('interface Document ');
    const lines = linesOf(text);
    expect(Buffer.concat(lines).equals(text)).toBe(true);
    expect(lines.length).toBeGreaterThan(20_000);
    expect(lines.slice(0, -1).every((line) => line.indexOf(0x0a) === line.length - 1)).toBe(true);
  });
});
