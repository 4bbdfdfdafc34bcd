/** Hashers that are handed in and fail: the stream fails with what they failed with, and nothing is left unhandled. */
import { expect, onTestFinished, test } from 'vitest';
import type { CreateStreamHasher } from '../../src/web/async-hashers.ts';
import { ChunkedDecoderStream } from '../../src/web/chunked-decoder-stream.ts';
import { ChunkedEncoderStream } from '../../src/web/chunked-encoder-stream.ts';

const FAULT = new Error('the hasher is gone');
const HEADERS = { trailer: 'X-Stream-Status, Content-Digest' };
const SEALED = '4\r\ndata\r\n0\r\nX-Stream-Status: ok;bytes=4\r\nContent-Digest: sha-256=:AA==:\r\n\r\n';

const failing = (at: 'update' | 'digest' | 'promise'): CreateStreamHasher => {
  return () => ({
    update() {
      if (at === 'update') throw FAULT;
    },
    digest() {
      if (at === 'digest') throw FAULT;
      return Promise.reject(FAULT);
    },
  });
};

/** What reading it to the end fails with. */
async function failureOf(stream: ReadableStream<Uint8Array>): Promise<unknown> {
  try {
    for await (const _ of stream);
    return undefined;
  } catch (error) {
    return error;
  }
}

function unhandled(): unknown[] {
  const strays: unknown[] = [];
  const note = (error: unknown) => strays.push(error);
  process.on('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));
  return strays;
}

test.each(['update', 'digest', 'promise'] as const)('a decoder whose hasher fails in its %s', async (at) => {
  const strays = unhandled();
  const decoder = new ChunkedDecoderStream({ headers: HEADERS, createHasher: failing(at) });
  const input = new Blob([SEALED]).stream();
  expect(await failureOf(input.pipeThrough(decoder))).toBe(FAULT);
  await new Promise((resolve) => setImmediate(resolve));
  expect(strays).toEqual([]);
});

test.each(['update', 'digest', 'promise'] as const)(
  'an encoder whose hasher fails in its %s: its writer is told, and the body is a failed one',
  async (at) => {
    const strays = unhandled();
    const encoder = new ChunkedEncoderStream({ createHasher: failing(at) });
    const body = new Response(encoder.readable).text();
    const writing = new Blob(['data']).stream().pipeTo(encoder.writable);
    await expect(writing).rejects.toBe(FAULT);
    expect(await body).toContain('x-stream-status="error');
    await new Promise((resolve) => setImmediate(resolve));
    expect(strays).toEqual([]);
  },
);

test('a digest that is an ArrayBuffer, as crypto.subtle gives it', async () => {
  const pieces: Uint8Array[] = [];
  const createHasher: CreateStreamHasher = () => ({
    update: (data) => pieces.push(Uint8Array.from(data)),
    digest: async () =>
      crypto.subtle.digest('SHA-256', await new Blob(pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer()),
  });
  const encoder = new ChunkedEncoderStream({ createHasher });
  const decoder = new ChunkedDecoderStream({ headers: HEADERS, createHasher });
  const read = new Response(new Blob(['data']).stream().pipeThrough(encoder));
  const octets = await read.arrayBuffer();
  pieces.length = 0;
  expect(await new Response(new Blob([octets]).stream().pipeThrough(decoder)).text()).toBe('data');
  expect(await decoder.verdict).toMatchObject({ kind: 'complete', digest: 'match' });
});
