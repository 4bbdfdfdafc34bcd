/**
 * Strategy: a GatheringWritable alone, over a sink that the test completes: when what was written leaves, with what,
 * and from when on the writer may use its memory again.
 */
import { describe, expect, test } from 'vitest';
import { MAX_COPIED_BYTES } from '../../../../src/node/send/outgoing-content.ts';
import { Gathering, HIGH, turn } from './streams.ts';
import { run } from './subjects.ts';

describe('what is written in one tick', () => {
  test('leaves together, at the end of the tick', async () => {
    const gathering = new Gathering();
    const { sink } = gathering;
    for (const token of ['to', 'ken', 's']) gathering.write(token);
    expect(sink.isBusy).toBe(false);
    await new Promise<void>((resolve) => process.nextTick(resolve));
    expect(sink.isBusy).toBe(true);
    sink.complete();
    expect(sink.content.map(String)).toEqual(['tokens']);
    expect(sink.isBusy).toBe(false);
  });

  test('and meanwhile leaves with the next send, as soon as that is free', async () => {
    const gathering = new Gathering();
    const { sink } = gathering;
    gathering.write('a');
    await turn();
    gathering.write('b');
    await turn();
    gathering.write('c');
    sink.complete();
    expect(sink.isBusy).toBe(true);
    sink.complete();
    expect(sink.content.map(String)).toEqual(['a', 'bc']);
  });

  test('does not wait for the end of the tick when the stream is full', () => {
    for (const sizes of [[HIGH], Array(Math.ceil(HIGH / 1000)).fill(1000) as number[]]) {
      const gathering = new Gathering();
      for (const size of sizes) gathering.write(Buffer.alloc(size));
      expect(gathering.sink.isBusy).toBe(true);
    }
  });
});

test('small data may be overwritten at once', async () => {
  for (const size of [1, 32, 33, 2048, MAX_COPIED_BYTES]) {
    const { content } = await run(new Gathering(), (s) => {
      const buffer = Buffer.alloc(size);
      for (let at = 0; at < 40; at++) {
        buffer.fill(97 + (at % 26));
        s.stream.write(buffer);
      }
      buffer.fill('!');
      s.stream.end();
    });
    const expected = Array.from({ length: 40 }, (_, at) => String.fromCharCode(97 + (at % 26)).repeat(size));
    expect(content === expected.join('')).toBe(true);
  }
});
