/** Strategy: a signal before, meanwhile and behind; each stream must be there to be listened to when it is destroyed. */
import { getEventListeners } from 'node:events';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { destroyOnAbort } from '../../src/node/abort-signal.ts';

const readable = () => new Readable({ read() {} });

test('aborted before: the stream is whole until it has been handed over', async () => {
  const stream = readable();
  const reason = new Error('enough');
  destroyOnAbort(AbortSignal.abort(reason), stream);
  expect(stream.destroyed).toBe(false);
  await expect(finished(stream)).rejects.toMatchObject({ name: 'AbortError', cause: reason });
});

test('aborted meanwhile: an AbortError with the reason as its cause', async () => {
  const stream = readable();
  const controller = new AbortController();
  destroyOnAbort(controller.signal, stream);
  const reason = new Error('enough');
  controller.abort(reason);
  expect(stream.destroyed).toBe(true);
  await expect(finished(stream)).rejects.toMatchObject({ name: 'AbortError', cause: reason });
});

test('aborted behind the end, or never there: nothing', async () => {
  const stream = readable();
  const controller = new AbortController();
  destroyOnAbort(controller.signal, stream);
  destroyOnAbort(undefined, stream);
  stream.push(null);
  stream.resume();
  await finished(stream);
  controller.abort();
  expect(stream.errored).toBeNull();
});

test('many streams of one signal: no warning, all destroyed, and nothing is left on the signal after them', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  const controller = new AbortController();
  const { signal } = controller;
  const streams = Array.from({ length: 30 }, readable);
  for (const stream of streams) destroyOnAbort(signal, stream);
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  const [left, ...others] = streams as [Readable, ...Readable[]];
  await Promise.all(others.map((stream) => finished(stream.destroy()).catch(() => {})));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  controller.abort();
  await expect(finished(left)).rejects.toMatchObject({ name: 'AbortError' });
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  process.off('warning', onWarning);
  expect(warnings).toEqual([]);
});
