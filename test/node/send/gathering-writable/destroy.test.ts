/**
 * Strategy: destroy() at each moment of a write: before it leaves, while it is under way, inside its callback, and
 * with end() waiting. Whom it tells, in which order and with which error, must be as with Node's own streams.
 */
import { describe, expect, test } from 'vitest';
import { Gathering, turn } from './streams.ts';
import { compare, run } from './subjects.ts';

describe('destroy', () => {
  test.each<[string, Error | undefined, string]>([
    ['with an error', new Error('why'), 'why'],
    ['without', undefined, 'ERR_STREAM_DESTROYED'],
  ])('%s: what waits is told in order, behind what is under way', async (_, error, code) => {
    const { log } = await compare(async (s) => {
      s.write('a', s.on('a'));
      await turn();
      for (const name of ['b', 'c', 'd']) s.write(name, s.on(name));
      s.stream.destroy(error);
      s.noteState();
      s.note('synchronous');
    });
    const told = [...(error ? ['error why'] : []), 'close', 'a: ok', `b: ${code}`, `c: ${code}`, `d: ${code}`];
    expect(log.slice(log.indexOf('synchronous') + 1)).toEqual(told);
  });

  test('while the end waits: its callback is told as well', async () => {
    const { log } = await compare(async (s) => {
      s.write('a', s.on('a'));
      await turn();
      s.write('b', s.on('b'));
      s.end('c', s.on('end'));
      s.stream.destroy(new Error('why'));
    });
    expect(log.slice(-5)).toEqual(['error why', 'close', 'a: ok', 'b: why', 'end: why']);
  });

  test('twice: the first error counts', async () => {
    const { log } = await compare(async (s) => {
      s.stream.cork();
      s.write('a', s.on('a'));
      s.stream.destroy(new Error('first')).destroy(new Error('second'));
    });
    expect(log).toEqual(['→ true', 'a: first', 'error first', 'close']);
  });

  test('write and end after it: the code, the callback, no error event', async () => {
    const { log } = await compare(async (s) => {
      s.stream.destroy();
      s.write('a', s.on('a'));
      s.write('b');
      s.end('c', s.on('end'));
      s.noteState();
      await turn();
      s.write('d', s.on('d'));
    });
    expect(log).toContain('a: ERR_STREAM_DESTROYED');
    expect(log).toContain('d: ERR_STREAM_DESTROYED');
    expect(log.filter((line) => line.startsWith('error'))).toEqual([]);
  });

  test('inside a callback', async () => {
    const { log } = await compare(async (s) => {
      s.write(
        'a',
        s.on('a', () => s.stream.destroy(new Error('why'))),
      );
      s.write('b', s.on('b'));
    }, false);
    expect(log).toEqual(['→ true', '→ true', 'a: ok', 'b: ok', 'error why', 'close']);
  });

  test('inside a callback, while a write waits: it is told once', async () => {
    const { log } = await run(new Gathering(), async (s) => {
      s.write(
        'a',
        s.on('a', () => s.stream.destroy(new Error('why'))),
      );
      await turn();
      s.write('b', s.on('b'));
    });
    expect(log).toEqual(['→ true', '→ true', 'a: ok', 'b: why', 'error why', 'close']);
  });

  test('a sink that calls back late is no harm', async () => {
    const { log } = await compare(async (s) => {
      s.write('a', s.on('a'));
      await turn();
      s.stream.destroy();
      await turn();
      s.sink.complete(new Error('late'));
    });
    expect(log).toEqual(['→ true', 'close', 'a: late']);
  });
});
