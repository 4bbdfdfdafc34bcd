/**
 * Strategy: end() in each of its forms, idle and in the middle of a send, twice, and with writes behind it; the log
 * must be that of Node's own streams.
 */
import type { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { turn } from './streams.ts';
import { compare } from './subjects.ts';

describe('end', () => {
  test.each<[string, unknown[], string]>([
    ['()', [], ''],
    ['(chunk)', ['é'], '\xc3\xa9'],
    ['(chunk, encoding)', ['c3a9', 'hex'], '\xc3\xa9'],
    ['(null)', [null], ''],
    ['(undefined, undefined)', [undefined, undefined], ''],
    ['(large chunk)', [Buffer.alloc(200_000, 'x')], 'x'.repeat(200_000)],
    ['(Uint8Array)', [Uint8Array.of(120)], 'x'],
  ])('end%s, with and without a callback', async (_, parameters, expected) => {
    for (const before of ['', 'before ']) {
      for (const isWithCallback of [false, true]) {
        const { log, content } = await compare(async (s) => {
          if (before) s.write(before, s.on('before'));
          s.end(...parameters, ...(isWithCallback ? [s.on('end')] : []));
          s.noteState();
          await s.sink.settle();
          s.noteState();
        });
        expect(content === before + expected).toBe(true);
        expect(log.includes('end: ok')).toBe(isWithCallback);
        expect(log).toContain('finish');
      }
    }
  });

  test('while a send is under way, and one waits', async () => {
    const { log, content } = await compare(async (s) => {
      s.write('a', s.on('a'));
      await turn();
      s.write('b', s.on('b'));
      await turn();
      s.end('c', s.on('end'));
      s.noteState();
    });
    expect(content).toBe('abc');
    expect(log.slice(-6)).toEqual(['a: ok', 'b: ok', 'prefinish', 'end: ok', 'finish', 'close']);
  });

  test.each<[string, unknown[]]>([
    ['end()', []],
    ['end(chunk)', ['late']],
  ])('twice: %s, before and after it has finished', async (_, parameters) => {
    const { log } = await compare(async (s) => {
      s.write('a', s.on('a'));
      s.end(s.on('first'));
      s.end(...parameters, s.on('second'));
      await s.sink.settle();
      s.end(...parameters, s.on('third'));
    });
    expect(log.filter((line) => line.startsWith('first:'))).toHaveLength(1);
    expect(log.filter((line) => line.startsWith('second:'))).toHaveLength(1);
    expect(log.filter((line) => line.startsWith('third:'))).toHaveLength(1);
  });

  test('write after end: the code, the callback, error', async () => {
    const { log, content } = await compare(async (s) => {
      s.write('a', s.on('a'));
      s.end(s.on('end'));
      s.write('b', s.on('b'));
      s.write('c');
      s.noteState();
    });
    expect(log).toContain('b: ERR_STREAM_WRITE_AFTER_END');
    expect(log).toContain('error ERR_STREAM_WRITE_AFTER_END');
    expect(content).not.toContain('b');
  });

  test('write after finish', async () => {
    const { log } = await compare(async (s) => {
      s.end();
      await s.sink.settle();
      s.write('b', s.on('b'));
    });
    expect(log).toContain('b: ERR_STREAM_WRITE_AFTER_END');
  });

  test('what is refused does not end it', async () => {
    const { log, content } = await compare((s) => {
      s.end(5);
      s.end('x', 'no such encoding');
      s.noteState();
      s.end('z');
    });
    expect(log.slice(0, 2)).toEqual(['→ throws ERR_INVALID_ARG_TYPE', '→ throws ERR_UNKNOWN_ENCODING']);
    expect(content).toBe('z');
  });

  test('end(chunk) does not go through a write() that somebody has put in its place', async () => {
    const { content } = await compare((s) => {
      const stream: Writable = s.stream;
      const { write, end } = stream;
      const shout = (chunk: unknown) => `${String(chunk)}!`;
      stream.write = (chunk: unknown) => write.call(stream, shout(chunk), 'utf8');
      stream.end = ((chunk: unknown) => end.call(stream, shout(chunk), 'utf8')) as typeof end;
      s.stream.write('a');
      s.stream.end('b');
    });
    expect(content).toBe('a!b!');
  });
});
