/**
 * Strategy: sizes on both sides of the high-water mark. What write() says, writableLength and the place of 'drain' in
 * the log must be those of Node's own streams.
 */
import { describe, expect, test } from 'vitest';
import { Gathering, HIGH, turn } from './streams.ts';
import { compare } from './subjects.ts';

describe('backpressure', () => {
  test('the high-water mark is Writable’s own', () => {
    const stream = new Gathering();
    expect(stream.writableHighWaterMark).toBe(HIGH);
    expect(stream.writableObjectMode).toBe(false);
  });

  test.each([
    ['one octet less', [HIGH - 1], [true]],
    ['exactly', [HIGH], [false]],
    ['more', [HIGH + 1], [false]],
    ['up to it', [HIGH - 1, 1, 0, 1], [true, false, false, false]],
    ['small ones', Array(HIGH / 4096).fill(4096) as number[], [...Array(HIGH / 4096 - 1).fill(true), false]],
  ])('write() says false from writableHighWaterMark on: %s', async (_, sizes, expected) => {
    const { log } = await compare((s) => {
      for (const size of sizes) {
        s.write(Buffer.alloc(size));
        s.noteState();
      }
    });
    expect(log.filter((line) => line.startsWith('→'))).toEqual(expected.map((result) => `→ ${result}`));
  });

  test('counts octets, not characters', async () => {
    const { log } = await compare((s) => {
      s.write('é'.repeat(HIGH / 2 - 1));
      s.noteState();
      s.write('é');
      s.noteState();
    });
    expect(log[0]).toBe('→ true');
    expect(log[1]).toContain(`"writableLength":${HIGH - 2}`);
    expect(log[2]).toBe('→ false');
  });

  test('drain comes once, when nothing is left, before the callbacks of the last send', async () => {
    const { log } = await compare(async (s) => {
      s.write(Buffer.alloc(HIGH), s.on('a'));
      s.write('b', s.on('b'));
      await turn();
      s.note('first');
      s.sink.complete();
      await turn();
      s.noteState();
      s.note('second');
      s.sink.complete();
      await turn();
      s.noteState();
    });
    expect(log.filter((line) => !line.startsWith('{'))).toEqual([
      ...['→ false', '→ false', 'first', 'a: ok', 'second', 'drain', 'b: ok'],
    ]);
  });

  test('no drain without a false', async () => {
    const { log } = await compare(async (s) => {
      s.write(Buffer.alloc(HIGH - 1));
      await s.sink.settle();
      s.write('a');
    });
    expect(log).toEqual(['→ true', '→ true']);
  });

  test('no drain after end', async () => {
    const { log } = await compare((s) => {
      s.write(Buffer.alloc(HIGH));
      s.end();
      s.noteState();
    });
    expect(log).not.toContain('drain');
    expect(log.at(-1)).toBe('close');
  });

  test('no drain after destroy', async () => {
    const { log } = await compare((s) => {
      s.write(Buffer.alloc(HIGH));
      s.stream.destroy();
      s.noteState();
    });
    expect(log).not.toContain('drain');
  });

  test('no drain after an error of the sink', async () => {
    const { log } = await compare(async (s) => {
      s.write(Buffer.alloc(HIGH), s.on('a'));
      await turn();
      s.sink.complete(new Error('full'));
    });
    expect(log).toEqual(['→ false', 'a: full', 'error full', 'close']);
  });

  test('false after an error of the sink that nobody has been told yet', async () => {
    const { log } = await compare((s) => {
      s.sink.take = (_pieces, callback) => callback(new Error('full'));
      s.write(Buffer.alloc(HIGH), s.on('a'));
      s.write('b', s.on('b'));
    });
    expect(log.slice(0, 2)).toEqual(['→ false', '→ false']);
  });

  test.each([true, false])(
    'writableLength forgets what will not be sent, whether a callback waits: %s',
    async (isWaiting) => {
      const { log } = await compare(async (s) => {
        s.write('a', s.on('a'));
        await turn();
        s.write('bcd', isWaiting ? s.on('b') : undefined);
        s.stream.destroy();
        await turn();
        s.noteState();
        s.sink.complete();
        s.noteState();
      }, false);
      expect(log.at(-1)).toContain('"writableLength":0');
    },
  );
});
