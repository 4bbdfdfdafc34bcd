/**
 * Strategy: readContent with readers that take their time, keep what they have, or let go of it; of files that are whole,
 * and of one that is cut meanwhile.
 */
import { randomBytes } from 'node:crypto';
import { open, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readContent } from '../../../src/files/file-content.ts';
import { pattern } from '../../support/octets.ts';
import { ask } from '../../support/peers.ts';
import { directory, overHttp } from './serving.ts';

async function opened(content: Uint8Array) {
  const file = path.join(await directory(), 'file');
  await writeFile(file, content);
  const handle = await open(file);
  onTestFinished(() => handle.close());
  return { file, handle, stats: await handle.stat({ bigint: true }) };
}

test.each([0, 1, 262_143, 262_144, 262_145, 1_000_000])('a file of %i bytes, and parts of it', async (length) => {
  const content = pattern(length);
  const { handle, stats } = await opened(content);
  for (const [first, end] of [
    [0, length] as const,
    [Math.min(5, length), length] as const,
    [0, length >> 1] as const,
  ]) {
    const pieces: Buffer[] = [];
    for await (const piece of readContent(handle, stats, first, end, () => false)) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(content.subarray(first, end))).toBe(true);
  }
});

test('with a reader that has let go of a piece when it wants the next, all of a file comes in three buffers', async () => {
  const content = randomBytes(5_000_000);
  const { handle, stats } = await opened(content);
  const buffers = new Set<ArrayBufferLike>();
  const pieces: Buffer[] = [];
  for await (const piece of readContent(handle, stats, 0, content.length, () => true)) {
    buffers.add(piece.buffer);
    pieces.push(Buffer.from(piece));
  }
  expect(Buffer.concat(pieces).equals(content)).toBe(true);
  expect(buffers.size).toBeLessThanOrEqual(3);
});

test('what a middleware keeps of a response stays as it was, though the client has had it', async () => {
  const content = randomBytes(3_000_000);
  const { file } = await opened(content);
  const kept: Uint8Array[] = [];
  const { port, sent } = await overHttp(file, {}, (res) => {
    const { write } = res;
    res.write = ((...args: Parameters<typeof write>) => {
      kept.push(args[0]);
      return write.apply(res, args);
    }) as typeof write;
  });
  const { body } = await ask(port, '/');
  await sent[0];
  expect(body.equals(content)).toBe(true);
  expect(Buffer.concat(kept).equals(content)).toBe(true);
});

test('what is read ahead and fails waits for the reader: it is no unhandled rejection', async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', onUnhandled);
  onTestFinished(() => void process.off('unhandledRejection', onUnhandled));
  const { file, handle, stats } = await opened(pattern(1_000_000));
  const reader = readContent(handle, stats, 0, 1_000_000, () => true);
  await reader.next();
  await truncate(file, 0);
  // The one that was read before: the next one, which is read meanwhile, fails.
  await reader.next();
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  await expect(
    (async () => {
      for await (const _ of reader);
    })(),
  ).rejects.toThrow(/The file has (?:become shorter|changed)/);
  expect(unhandled).toEqual([]);
});
