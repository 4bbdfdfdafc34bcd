/**
 * Strategy: every script runs with a sink that completes at once, in a tick, later, and when the test says so. Order
 * and number of the callbacks, and the content, must be those of Node's own streams with each.
 */
import { describe, expect, test } from 'vitest';
import { MAX_COPIED_BYTES } from '../../../../src/node/send/outgoing-content.ts';
import { COMPLETIONS, turn } from './streams.ts';
import { compare, type Script } from './subjects.ts';

describe.each(COMPLETIONS)('a sink that completes %s', (completion) => {
  const compareHere = (script: Script, isPlainToo = true) =>
    compare((subject) => {
      subject.sink.completion = completion;
      return script(subject);
    }, isPlainToo);

  test('callbacks come in order and once, and the stream finishes behind them', async () => {
    const { log, content } = await compareHere(async (s) => {
      for (const name of ['a', 'b', 'c']) s.stream.write(name, s.on(name));
      await turn();
      for (const name of ['d', 'e']) s.stream.write(name, s.on(name));
      s.stream.end(s.on('end'));
    });
    expect(content).toBe('abcde');
    // A sink that is done at once has everything when end() is called, and the callbacks come a tick later.
    const told = log.filter((line) => line !== 'prefinish');
    expect(told).toEqual(['a: ok', 'b: ok', 'c: ok', 'd: ok', 'e: ok', 'end: ok', 'finish', 'close']);
  });

  test('nothing is left out behind a large write', async () => {
    const { log, content } = await compareHere(async (s) => {
      s.stream.write('a', s.on('a'));
      s.stream.write(Buffer.alloc(200_000, 'b'), s.on('b'));
      s.stream.write('c', s.on('c'));
      await turn();
      s.stream.write(Buffer.alloc(MAX_COPIED_BYTES + 1, 'd'), s.on('d'));
      s.stream.write('e', s.on('e'));
      s.stream.write(Buffer.alloc(MAX_COPIED_BYTES, 'f'), s.on('f'));
      s.stream.end('g');
    });
    const expected = `a${'b'.repeat(200_000)}c${'d'.repeat(MAX_COPIED_BYTES + 1)}e${'f'.repeat(MAX_COPIED_BYTES)}g`;
    expect(content === expected).toBe(true);
    expect(log.filter((line) => line.endsWith(': ok'))).toHaveLength(6);
  });

  test('a writer that ignores false loses nothing', async () => {
    const { content } = await compareHere((s) => {
      for (let at = 0; at < 600; at++) s.stream.write(Buffer.alloc(1000, at), s.on(String(at)));
      s.stream.end();
    });
    const expected = Buffer.concat(Array.from({ length: 600 }, (_, at) => Buffer.alloc(1000, at)));
    expect(content === expected.toString('latin1')).toBe(true);
  });

  test('empty writes call back in their order, alone and among others', async () => {
    const { log, content } = await compareHere(async (s) => {
      s.stream.write('', s.on('empty'));
      await turn();
      s.stream.write('a', s.on('a'));
      s.stream.write(new Uint8Array(0), s.on('none'));
      s.stream.write('b', s.on('b'));
      s.stream.end('');
    });
    expect(content).toBe('ab');
    expect(log.filter((line) => line.endsWith(': ok'))).toEqual(['empty: ok', 'a: ok', 'none: ok', 'b: ok']);
  });

  test('writes from within callbacks', async () => {
    const { log, content } = await compareHere((s) => {
      let count = 0;
      const next = (): void => {
        if (count === 20) s.stream.end(s.on('end'));
        else s.stream.write(`${count++},`, s.on(String(count), next));
      };
      next();
    });
    expect(content).toBe('0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,');
    expect(log.at(-1)).toBe('close');
  });

  test('writes from within drain', async () => {
    const { log, content } = await compareHere(
      (s) => {
        let count = 0;
        const fill = () => {
          if (count === 5) s.stream.end();
          else while (s.stream.write(Buffer.alloc(5000, 97 + count)));
          count++;
        };
        s.stream.on('drain', fill);
        fill();
      },
      completion === 'held' || completion === 'later',
    );
    expect(log.filter((line) => line === 'drain')).toHaveLength(5);
    expect(content.replace(/(.)\1*/g, '$1')).toBe('abcde');
  });

  test('a source whose buffer is overwritten after the callback', async () => {
    for (const size of [100, MAX_COPIED_BYTES, MAX_COPIED_BYTES + 1, 150_000]) {
      const { content } = await compareHere(async (s) => {
        const buffer = Buffer.alloc(size);
        for (let at = 0; at < 5; at++) {
          buffer.fill(97 + at);
          const written = new Promise<void>((resolve) => s.stream.write(buffer, () => resolve()));
          await turn();
          s.sink.complete();
          await written;
          buffer.fill('!');
        }
        s.stream.end();
      });
      expect(content === ['a', 'b', 'c', 'd', 'e'].map((text) => text.repeat(size)).join('')).toBe(true);
    }
  });
});
