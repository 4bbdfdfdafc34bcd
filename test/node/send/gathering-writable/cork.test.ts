/**
 * Strategy: cork() and uncork() nested, without each other, in the middle of a send, and with end() and destroy()
 * between them; the log must be that of Node's own streams.
 */
import { describe, expect, test } from 'vitest';
import { Gathering, HIGH, Plain, turn } from './streams.ts';
import { compare, run, type Script, type Subject } from './subjects.ts';

describe('cork', () => {
  const noteCorks = (s: Subject) => s.note(`corks ${s.stream.writableCorked}`);

  test('writableCorked counts as Writable does', async () => {
    const script: Script = (s) => {
      noteCorks(s);
      for (let at = 0; at < 3; at++) s.stream.cork();
      noteCorks(s);
      s.stream.uncork();
      noteCorks(s);
      s.stream.end();
      noteCorks(s);
      s.stream.uncork();
      noteCorks(s);
    };
    const [gathering, plain] = [await run(new Gathering(), script), await run(new Plain(), script)];
    expect(gathering.log).toEqual(plain.log);
    const counts = gathering.log.filter((line) => line.startsWith('corks'));
    expect(counts).toEqual(['corks 0', 'corks 3', 'corks 2', 'corks 0', 'corks 0']);
  });

  test('holds everything until the last uncork, which sends at once', async () => {
    const { log } = await compare(async (s) => {
      s.stream.cork();
      s.stream.cork();
      s.write('a', s.on('a'));
      await s.sink.settle();
      s.note(`busy ${s.sink.isBusy}`);
      s.stream.uncork();
      await s.sink.settle();
      s.write(Buffer.alloc(HIGH), s.on('b'));
      await s.sink.settle();
      s.stream.uncork();
      s.note(`busy ${s.sink.isBusy}`);
      await s.sink.settle();
    });
    expect(log).toEqual(['→ true', 'busy false', '→ false', 'busy true', 'drain', 'a: ok', 'b: ok']);
  });

  test('uncork without cork changes nothing', async () => {
    const { log } = await compare(async (s) => {
      s.stream.uncork();
      s.write('a', s.on('a'));
      await s.sink.settle();
      s.stream.uncork();
      s.stream.cork();
      s.write('b', s.on('b'));
      await s.sink.settle();
      s.note('uncork');
      s.stream.uncork();
    });
    expect(log).toEqual(['→ true', 'a: ok', '→ true', 'uncork', 'b: ok']);
  });

  test('in the middle of a send', async () => {
    const { log } = await compare(async (s) => {
      s.write('a', s.on('a'));
      await turn();
      s.stream.cork();
      s.write('b', s.on('b'));
      await s.sink.settle();
      s.note('uncork');
      s.stream.uncork();
    });
    expect(log).toEqual(['→ true', '→ true', 'a: ok', 'uncork', 'b: ok']);
  });

  test('end() uncorks, however often it was corked', async () => {
    const { log, content } = await compare((s) => {
      s.stream.cork();
      s.stream.cork();
      s.write('a', s.on('a'));
      s.end('b', s.on('end'));
    });
    expect(content).toBe('ab');
    expect(log.slice(-5)).toEqual(['a: ok', 'prefinish', 'end: ok', 'finish', 'close']);
  });

  test('destroy while corked tells the callbacks', async () => {
    const { log } = await compare((s) => {
      s.stream.cork();
      s.write('a', s.on('a'));
      s.stream.destroy();
    });
    expect(log).toEqual(['→ true', 'a: ERR_STREAM_DESTROYED', 'close']);
  });
});
