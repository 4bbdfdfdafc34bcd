/**
 * Strategy: what node:stream has to put in front of a Writable: pipe(), pipeline(), finished(), Writable.toWeb,
 * `_construct`. The content is compared with what the source gave, the events with those of Node's own streams.
 */
import { finished, PassThrough, Readable, Writable } from 'node:stream';
import { finished as isFinished, pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { until } from '../../../support/sockets.ts';
import { COMPLETIONS, Gathering, HIGH, Plain, turn } from './streams.ts';
import { compare, run, type Script, type Subject } from './subjects.ts';

describe('with the rest of node:stream', () => {
  /** A fast source: 200 pieces of 3,000 octets, each of its own. */
  const pieces = () => Array.from({ length: 200 }, (_, at) => Buffer.alloc(3000, at));
  const expected = Buffer.concat(pieces()).toString('latin1');

  test.each(COMPLETIONS)(
    'pipe() from a fast Readable: pipe, unpipe, finish, close; a sink that completes %s',
    async (completion) => {
      const script: Script = async (s) => {
        s.sink.completion = completion;
        Readable.from(pieces(), { objectMode: false, highWaterMark: 16384 }).pipe(
          s.stream as unknown as NodeJS.WritableStream,
        );
        if (completion === 'held') while (!s.stream.closed) await s.sink.settle();
        else await isFinished(s.stream);
      };
      const [gathering, plain] = [await run(new Gathering(), script), await run(new Plain(), script)];
      expect(gathering.content === expected).toBe(true);
      const withoutDrain = ({ log }: Subject) => log.filter((line) => line !== 'drain');
      expect(withoutDrain(gathering)).toEqual(withoutDrain(plain));
      expect(withoutDrain(gathering)).toEqual(expect.arrayContaining(['pipe', 'unpipe', 'finish', 'close']));
    },
  );

  test('a pipe is held while the sink is, and never by more than one piece beyond the mark', async () => {
    const gathering = new Gathering();
    const source = Readable.from(
      Array.from({ length: 200 }, () => Buffer.alloc(3000)),
      { objectMode: false, highWaterMark: 3000 },
    );
    source.pipe(gathering);
    await until(() => gathering.writableNeedDrain);
    for (let at = 0; at < 20; at++) await turn();
    expect(source.isPaused()).toBe(true);
    expect(gathering.writableLength).toBeLessThan(HIGH + 3000);
    const ended = isFinished(gathering);
    while (!gathering.closed) await gathering.sink.settle();
    await ended;
    expect(Buffer.concat(gathering.sink.content)).toHaveLength(600_000);
  });

  test.each<[string, () => unknown]>([
    ['a Readable', () => Readable.from(pieces(), { objectMode: false })],
    [
      'an async iterable',
      () =>
        (async function* () {
          for (const piece of pieces()) yield piece;
        })(),
    ],
    ['an iterable', pieces],
    ['a PassThrough', () => Readable.from(pieces(), { objectMode: false }).pipe(new PassThrough())],
    ['a web stream', () => Readable.toWeb(Readable.from(pieces(), { objectMode: false }))],
  ])('pipeline() from %s', async (_, source) => {
    for (const completion of ['at once', 'in a tick', 'later'] as const) {
      const { log, content } = await run(new Gathering(), async (s) => {
        s.sink.completion = completion;
        await pipeline(source() as Readable, s.stream as Writable);
        s.note('done');
      });
      expect(content === expected).toBe(true);
      expect(log.filter((line) => /^(finish|close|error|done)/.test(line)).slice(0, 1)).toEqual(['finish']);
      expect(log).toContain('close');
    }
  });

  test('pipeline() from a source that fails', async () => {
    const { log } = await compare(async (s) => {
      const source = Readable.from(
        (async function* () {
          yield 'a';
          await turn();
          throw new Error('the disk is gone');
        })(),
      );
      await expect(pipeline(source, s.stream as Writable)).rejects.toThrow('the disk is gone');
      await turn();
      s.noteState();
    });
    expect(log.filter((line) => /^(error|close)/.test(line))).toEqual(['error the disk is gone', 'close']);
  });

  test('pipeline() into a sink that fails', async () => {
    await compare(async (s) => {
      s.sink.completion = 'later';
      let count = 0;
      const { take } = s.sink;
      s.sink.take = (taken, callback) => {
        if (count++ < 2) take.call(s.sink, taken, callback);
        else setImmediate(() => callback(new Error('broken')));
      };
      const source = async function* () {
        for (let at = 0; at < 50; at++) yield Buffer.alloc(HIGH / 2);
      };
      await expect(pipeline(source, s.stream as Writable)).rejects.toThrow('broken');
    }, false);
  });

  test('finished() tells of the end, of an error, and of a premature close', async () => {
    const { log } = await compare(async (s) => {
      finished(s.stream, s.on('finished'));
      s.write('a');
      s.end();
    });
    expect(log).toContain('finished: ok');
    for (const error of [undefined, new Error('why')]) {
      const { log } = await compare(async (s) => {
        finished(s.stream, s.on('finished'));
        s.write('a');
        await turn();
        s.stream.destroy(error);
      });
      expect(log).toContain(`finished: ${error ? 'why' : 'ERR_STREAM_PREMATURE_CLOSE'}`);
    }
  });

  test('Writable.toWeb', async () => {
    for (const completion of ['at once', 'in a tick', 'later'] as const) {
      const { content } = await run(new Gathering(), async (s) => {
        s.sink.completion = completion;
        const writer = Writable.toWeb(s.stream as Writable).getWriter();
        for (const piece of pieces()) {
          await writer.ready;
          await writer.write(piece);
        }
        await writer.close();
      });
      expect(content === expected).toBe(true);
    }
  });

  test('a subclass with _construct: what is written before leaves after it', async () => {
    let constructed: () => void = () => {};
    class Opening extends Gathering {
      override _construct(callback: () => void): void {
        constructed = callback;
      }
    }
    const stream = new Opening();
    const told: string[] = [];
    stream.write('a', () => told.push('a'));
    await turn();
    stream.write('b', () => told.push('b'));
    await turn();
    expect(stream.sink.isBusy).toBe(false);
    stream.end('c', () => told.push('end'));
    constructed();
    await stream.sink.settle();
    expect(told).toEqual(['a', 'b', 'end']);
    expect(Buffer.concat(stream.sink.content).toString()).toBe('abc');
  });
});
