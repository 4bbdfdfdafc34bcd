/** Strategy: streams that end and that fail, while whoever takes their pieces waits for one. */
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { takeAll } from '../../../src/files/download/take-all.ts';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const pieces = (count: number) => Array.from({ length: count }, (_, i) => Buffer.alloc(10, i));

test('each piece as it is, one after the other, and the last one is waited for', async () => {
  const all = pieces(5);
  const done: Buffer[] = [];
  let isBusy = false;
  await takeAll(Readable.from(all, { objectMode: false }), async (data) => {
    expect(isBusy).toBe(false);
    isBusy = true;
    await turn();
    isBusy = false;
    done.push(data);
  });
  expect(done).toEqual(all);
});

test('what has not to be waited for comes at once', async () => {
  const taken: Buffer[] = [];
  await takeAll(Readable.from(pieces(100), { objectMode: false }), (data) => void taken.push(data));
  expect(Buffer.concat(taken)).toEqual(Buffer.concat(pieces(100)));
});

test('the failure of the stream', async () => {
  const stream = new Readable({ read() {} });
  stream.push('a');
  const taking = takeAll(stream, () => void stream.destroy(new Error('broken')));
  await expect(taking).rejects.toThrow('broken');
});

test.each([
  [
    'thrown',
    () => {
      throw new Error('full');
    },
  ],
  ['of what is waited for', () => Promise.reject(new Error('full'))],
])('a failure to take, %s, destroys the stream', async (_, take) => {
  const stream = Readable.from(pieces(3), { objectMode: false });
  await expect(takeAll(stream, take)).rejects.toThrow('full');
  expect(stream.destroyed).toBe(true);
});

test('a failure to take the last piece', async () => {
  await expect(
    takeAll(Readable.from(pieces(1), { objectMode: false }), async () => {
      await turn();
      await turn();
      throw new Error('full');
    }),
  ).rejects.toThrow('full');
});
