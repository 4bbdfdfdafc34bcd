/**
 * Strategy: a ReceivedBody without a socket. Its source records what it is told; every consumer of a Readable (pipeline,
 * for await, 'error') must see the same end, behind the same data.
 */
import { once } from 'node:events';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { FramingError } from '../../../src/core/errors.ts';
import { BodyError } from '../../../src/core/verdict.ts';
import { Verifier } from '../../../src/core/verifier.ts';
import { type BodySink, ReceivedBody } from '../../../src/node/receive/received-body.ts';
import { octets } from '../../support/octets.ts';
import { closed, until } from '../../support/sockets.ts';

const OK = { rawTrailers: [['X-Stream-Status', 'ok;bytes=5']] as [string, string][] };
const FAILED = { rawTrailers: [['X-Stream-Status', 'error;bytes=5;type=timeout']] as [string, string][] };

/** A body of a message that announced a status, and the way into it. */
function body() {
  const told: string[] = [];
  const source = {
    pause: () => told.push('pause'),
    resume: () => told.push('resume'),
    cancel: () => told.push('cancel'),
  };
  let sink!: BodySink;
  const verifier = new Verifier({ headers: { trailer: 'X-Stream-Status' } });
  const stream = new ReceivedBody(
    verifier,
    (way) => {
      sink = way;
      return source;
    },
    () => ({ receiver: 'receive' }),
  );
  return { body: stream, sink, told };
}

/** What each way of reading sees: the data, and the error behind it. */
const readers: [string, (stream: ReceivedBody) => Promise<{ data: string; error: unknown }>][] = [
  [
    'for await',
    async (stream) => {
      let data = '';
      try {
        for await (const piece of stream) data += piece;
      } catch (error) {
        return { data, error };
      }
      return { data, error: undefined };
    },
  ],
  [
    'pipeline',
    async (stream) => {
      let data = '';
      const sink = new Writable({
        write(piece, _, callback) {
          data += piece;
          callback();
        },
      });
      const error = await pipeline(stream, sink).then(
        () => undefined,
        (reason) => reason,
      );
      return { data, error };
    },
  ],
  [
    'events',
    async (stream) => {
      let data = '';
      let error: unknown;
      stream.on('data', (piece) => (data += piece)).on('error', (reason) => (error = reason));
      await closed(stream);
      return { data, error };
    },
  ],
];

describe.each(readers)('read with %s', (_, read) => {
  test('a good verdict: the data, and the end', async () => {
    const { body: stream, sink, told } = body();
    const outcome = read(stream);
    sink.deliver(octets('hel'));
    sink.deliver(octets('lo'));
    expect(sink.conclude(OK)).toMatchObject({ kind: 'complete', bytes: 5 });
    expect(await outcome).toEqual({ data: 'hello', error: undefined });
    expect(await stream.verdict).toMatchObject({ kind: 'complete', bytes: 5 });
    expect(told).not.toContain('cancel');
  });

  test.each([
    ['before anybody reads', true],
    ['while it is read', false],
  ])('a bad verdict %s: all the data first, then the error with the verdict', async (__, isEarly) => {
    const { body: stream, sink, told } = body();
    const early = isEarly ? undefined : read(stream);
    sink.deliver(octets('hel'));
    sink.deliver(octets('lo'));
    sink.conclude(FAILED);
    const verdict = await stream.verdict;
    const { data, error } = await (early ?? read(stream));
    expect(data).toBe('hello');
    expect(error).toBeInstanceOf(BodyError);
    expect(error).toMatchObject({ code: 'ERR_BODY_FAILED', bytes: 5 });
    expect((error as BodyError).verdict).toBe(verdict);
    expect(told).not.toContain('cancel'); // it is the source's own business what follows a conclusion
  });
});

test('a reader that asks for more than is left is woken for it before a failure', async () => {
  const { body: stream, sink } = body();
  let data = '';
  let calls = 0;
  stream
    .on('error', () => {})
    .on('readable', () => {
      calls++;
      data += stream.read(10) ?? '';
    });
  sink.deliver(octets('hello'));
  await until(() => calls > 0);
  expect(data).toBe('');
  sink.conclude(FAILED);
  await closed(stream);
  expect(data).toBe('hello');
});

test('a failure that nobody listens to ends no process: the verdict tells it', async () => {
  const { body: stream, sink } = body();
  stream.resume();
  sink.deliver(octets('hello'));
  sink.conclude(FAILED);
  await closed(stream);
  expect(await stream.verdict).toMatchObject({ kind: 'failed' });
  expect(stream.readableEnded).toBe(false);
});

test('nobody who holds the body can put anything into it, or conclude it', () => {
  const names = new Set(Object.getOwnPropertyNames(ReceivedBody.prototype));
  expect(names).toEqual(new Set(['constructor', 'verdict', 'leftoverBytes', 'read', '_read', '_destroy']));
  expect(Object.keys(body().body).filter((name) => /deliver|conclude|source|sink/i.test(name))).toEqual([]);
});

describe('backpressure', () => {
  test('the source is paused when the reader’s buffer is full, and resumed when it is read', async () => {
    const { body: stream, sink, told } = body();
    while (told.length === 0) sink.deliver(new Uint8Array(4096));
    expect(told).toEqual(['pause']);
    expect(stream.readableLength).toBeGreaterThanOrEqual(stream.readableHighWaterMark);
    stream.read();
    await until(() => told.length > 1);
    expect(told).toEqual(['pause', 'resume']);
  });

  test('a slow reader gets everything before the error', async () => {
    const { body: stream, sink } = body();
    for (let i = 0; i < 5; i++) sink.deliver(octets(String(i)));
    sink.conclude({ error: new FramingError('ERR_FRAMING_TRUNCATED', 'cut') });
    let data = '';
    const slow = new Writable({
      highWaterMark: 1,
      write(piece, _, callback) {
        data += piece;
        setImmediate(callback);
      },
    });
    await expect(pipeline(stream, slow)).rejects.toMatchObject({ code: 'ERR_BODY_TRUNCATED' });
    expect(data).toBe('01234');
  });
});

describe('the reader gives up', () => {
  test('destroy: the source is cancelled once, the verdict settles as abandoned', async () => {
    const { body: stream, sink, told } = body();
    sink.deliver(octets('hello'));
    stream.destroy();
    expect(await stream.verdict).toMatchObject({ kind: 'abandoned', bytes: 5 });
    sink.deliver(octets('late'));
    expect(sink.conclude(OK)).toMatchObject({ kind: 'abandoned', bytes: 5 });
    await closed(stream);
    expect(told.filter((word) => word === 'cancel')).toEqual(['cancel']);
  });

  test('leaving for await early cancels too', async () => {
    const { body: stream, sink, told } = body();
    sink.deliver(octets('hello'));
    for await (const _ of stream) break;
    expect(told).toContain('cancel');
  });

  test('an error listener that comes after destroy, in the same tick, hears the error as with any Readable', async () => {
    const { body: stream } = body();
    const error = new Error('no longer wanted');
    stream.destroy(error);
    expect(await once(stream, 'error')).toEqual([error]);
  });

  test('after the conclusion nothing is cancelled', async () => {
    const { body: stream, sink, told } = body();
    sink.deliver(octets('hello'));
    sink.conclude(FAILED);
    stream.destroy();
    await closed(stream);
    expect(await stream.verdict).toMatchObject({ kind: 'failed' });
    expect(told).not.toContain('cancel');
  });
});
