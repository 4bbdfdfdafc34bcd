/**
 * Strategy: the sink fails with callbacks of the send, of what waits and of end() outstanding. Each is told once, in
 * order, and then 'error' and 'close' come, as with Node's own streams.
 */
import { describe, expect, test } from 'vitest';
import { HIGH, turn } from './streams.ts';
import { compare } from './subjects.ts';

describe('an error of the sink', () => {
  test('goes to the callbacks of the send, to those that wait, to error, and it closes', async () => {
    const { log } = await compare(async (s) => {
      s.write('a', s.on('a'));
      await turn();
      for (const name of ['b', 'c']) s.write(name, s.on(name));
      await turn();
      s.sink.complete(new Error('broken'));
      s.noteState();
    }, false);
    expect(log.filter((line) => !/^[→{]/.test(line))).toEqual([
      ...['a: broken', 'b: broken', 'c: broken', 'error broken', 'close'],
    ]);
  });

  test('at once, from within write()', async () => {
    const { log } = await compare((s) => {
      s.sink.take = (_pieces, callback) => callback(new Error('broken'));
      s.stream.write(Buffer.alloc(HIGH), s.on('a'));
      s.stream.end('b', s.on('end'));
    });
    expect(log).toEqual(['a: broken', 'end: broken', 'error broken', 'close']);
  });

  test('with end() waiting: no finish', async () => {
    const { log } = await compare(async (s) => {
      s.write('a', s.on('a'));
      s.end('b', s.on('end'));
      await turn();
      s.sink.complete(new Error('broken'));
    });
    expect(log.filter((line) => !/^[→{]/.test(line))).toEqual(['a: broken', 'end: broken', 'error broken', 'close']);
  });
});
