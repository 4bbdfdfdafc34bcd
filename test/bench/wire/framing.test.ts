import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { frame, LAST_CHUNK, unframe } from '../../../bench/wire/framing.ts';
import { digestOf, loadFrom, loadOf, makePiece, octetsOf, SIZES, targetOf } from '../../../bench/wire/load.ts';
import { burstAt } from '../../../bench/wire/trace.ts';
import { decodeChunked } from '../../../src/core/decoder.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

describe('the slabs', () => {
  it.each(SIZES)('RFC 9112 §7.1: of %i octets are chunks that decode to their pieces', (size) => {
    const piece = makePiece(size);
    const { octets, count } = frame(piece, 65536);
    const { body } = decodeChunked(Buffer.concat([octets, LAST_CHUNK]));
    expect(Buffer.concat(Array<Buffer>(count).fill(piece)).equals(body)).toBe(true);
    expect(octets.length <= 65536 || count === 1).toBe(true);
    expect(unframe(Buffer.concat([Buffer.from(HEAD), octets, LAST_CHUNK])).content.equals(body)).toBe(true);
  });
});

describe('unframe', () => {
  it('RFC 9112 §7.1.2: has the trailer fields by name', () => {
    const { content, trailers } = unframe(Buffer.from(`${HEAD}3\r\nabc\r\n0\r\nX-A: b:c\r\nServer-Timing: d\r\n\r\n`));
    expect(content.toString()).toBe('abc');
    expect(trailers).toEqual({ 'x-a': 'b:c', 'server-timing': 'd' });
  });

  it.each([
    ['another status', 'HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['another framing', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc'],
    ['no last-chunk', `${HEAD}3\r\nabc\r\n`],
    ['a chunk that is cut', `${HEAD}3\r\nab`],
    ['no CRLF behind the data', `${HEAD}3\r\nabcd\r\n0\r\n\r\n`],
    ['no end of the trailer section', `${HEAD}3\r\nabc\r\n0\r\n`],
    ['octets behind the message', `${HEAD}3\r\nabc\r\n0\r\n\r\n0\r\n\r\n`],
    ['no hexadecimal size', `${HEAD}x\r\nabc\r\n0\r\n\r\n`],
  ])('refuses %s', (_, message) => {
    expect(() => unframe(Buffer.from(message))).toThrow();
  });
});

describe('a load', () => {
  it.each([
    { size: 16, count: 3 },
    { size: 65536, count: 0 },
    { size: 'trace', count: 9 },
  ] as const)('is a target: $size, $count', (load) => {
    expect(loadFrom(targetOf(load))).toEqual(load);
  });

  it.each(['/', '/16', '/0/1', '/16/1/', '/16/-1', '/x/1'])('is none of %s', (target) => {
    expect(() => loadFrom(target)).toThrow(TypeError);
  });

  it.each(SIZES)('of %i octets a piece knows its octets and their digest', (size) => {
    const load = loadOf(size, 200_000);
    const content = Buffer.concat(Array<Buffer>(load.count).fill(makePiece(size)));
    expect(octetsOf(load)).toBe(content.length);
    expect(digestOf(load)).toBe(createHash('sha256').update(content).digest('base64'));
  });

  it('of a trace knows its octets and their digest, also when the bursts come round again', () => {
    const load = loadOf('trace', 200_000);
    const content = Array.from({ length: load.count }, (_, i) => burstAt(i).join('')).join('');
    expect(octetsOf(load)).toBe(Buffer.byteLength(content));
    expect(Math.abs(octetsOf(load) - 200_000)).toBeLessThan(10_000);
    expect(digestOf(load)).toBe(createHash('sha256').update(content).digest('base64'));
  });

  it('has neither CR nor LF in its content', () => {
    expect(makePiece(1000).toString()).not.toMatch(/[\r\n]/);
    expect(Array.from({ length: 512 }, (_, i) => burstAt(i).join('')).join('')).not.toMatch(/[\r\n]/);
  });
});

describe('the trace', () => {
  const tokens = Array.from({ length: 512 }, (_, i) => burstAt(i)).flat();

  it('is tokens of 1 to 12 octets, short ones the many', () => {
    const lengths = tokens.map((token) => Buffer.byteLength(token));
    expect(new Set(lengths)).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]));
    expect(lengths.filter((length) => length <= 4).length).toBeGreaterThan(tokens.length / 2);
  });

  it('comes in bursts of 1 to 32', () => {
    const sizes = Array.from({ length: 512 }, (_, i) => burstAt(i).length);
    expect(Math.min(...sizes)).toBe(1);
    expect(Math.max(...sizes)).toBe(32);
  });
});
