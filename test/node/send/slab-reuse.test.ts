/**
 * Strategy: many streams at once over sinks that keep the views they were given until they call back, as a socket does
 * with what the kernel has not taken. What they hold must not change meanwhile, and no memory may be with two of them.
 * Then the same with respond() over real connections whose clients do not read.
 */
import { createHash } from 'node:crypto';
import http from 'node:http';
import { connect, type Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Encoder } from '../../../src/core/encoder.ts';
import { readRequest } from '../../../src/node/head/read-request.ts';
import { receive } from '../../../src/node/receive/receive.ts';
import { GatheringWritable, type WriteCallback } from '../../../src/node/send/gathering-writable.ts';
import {
  giveBackSlab,
  MAX_COPIED_BYTES,
  MAX_WAITING_BYTES,
  type OutgoingContent,
  SMALL_SLAB_ROOM,
  takeSlab,
} from '../../../src/node/send/outgoing-content.ts';
import { respond, type StreamResponse } from '../../../src/node/send/respond.ts';
import { pattern } from '../../support/octets.ts';
import { listen } from '../../support/servers.ts';
import { connection, until } from '../../support/sockets.ts';
import { AWARE } from './answering.ts';

const OCTETS = pattern(50_000);
const someOctets = (size: number, seed: number) => OCTETS.subarray(seed, seed + size);

const turn = () => new Promise(setImmediate);

describe('the pool', () => {
  test.each(['small', 'large'] as const)(
    'a %s slab that was given back is used again, and by one at a time',
    (size) => {
      const slab = takeSlab(size);
      giveBackSlab(slab);
      const taken = Array.from({ length: 50 }, () => takeSlab(size));
      expect(taken).toContain(slab);
      expect(new Set(taken.map(({ buffer }) => buffer)).size).toBe(50);
      for (const { length } of taken) expect(length).toBe(slab.length);
      for (const each of taken) giveBackSlab(each);
    },
  );

  test('a slab has its memory to itself, so that one in use holds no other', () => {
    for (const size of ['small', 'large'] as const) {
      const slab = takeSlab(size);
      expect(slab.buffer.byteLength).toBe(slab.length);
      giveBackSlab(slab);
    }
  });

  test('the large one holds all that may wait and the write that exceeded it', () => {
    expect(takeSlab('large').length).toBeGreaterThanOrEqual(MAX_WAITING_BYTES - 1 + MAX_COPIED_BYTES);
    expect(takeSlab('small').length).toBeGreaterThan(SMALL_SLAB_ROOM);
  });

  test('keeps a few MiB at most, however much was given back', () => {
    for (const size of ['small', 'large'] as const) {
      const many = Array.from({ length: 200 }, () => takeSlab(size));
      for (const slab of many) giveBackSlab(slab);
      const again = Array.from({ length: 200 }, () => takeSlab(size)).filter((slab) => many.includes(slab));
      expect(again.length).toBeGreaterThan(0);
      expect(again.length * again[0]!.length).toBeLessThan(4 * 1024 * 1024);
    }
  });
});

/** Every send that has not been called back for, of all streams. */
const underWay = new Set<Send>();
/** All memory that a send has ever had, to know that some is used again. */
const seen = new WeakSet<ArrayBufferLike>();
let usedAgain = 0;

/** Whether there is an octet that both show. Node's pool of small buffers has many in one ArrayBuffer. */
function overlap(a: Uint8Array, b: Uint8Array): boolean {
  return a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.length && b.byteOffset < a.byteOffset + a.length;
}

/** One send: the views, what they showed when they came, and how to call back. */
class Send {
  readonly pieces: Uint8Array[];
  readonly #before: Buffer;
  readonly #onSent: WriteCallback;

  constructor(pieces: Uint8Array[], onSent: WriteCallback) {
    this.pieces = pieces;
    this.#before = Buffer.concat(pieces);
    this.#onSent = onSent;
    for (const piece of pieces) {
      for (const other of underWay) expect(other.pieces.some((theirs) => overlap(theirs, piece))).toBe(false);
      if (seen.has(piece.buffer)) usedAgain++;
      seen.add(piece.buffer);
    }
    underWay.add(this);
  }

  get isUntouched(): boolean {
    return this.#before.equals(Buffer.concat(this.pieces));
  }

  done(): void {
    expect(this.isUntouched).toBe(true);
    underWay.delete(this);
    this.#onSent();
  }
}

/** Keeps what it is to send until the test lets go. It frames every other send, which writes into the slab. */
class Keeping extends GatheringWritable {
  readonly sends: Send[] = [];
  readonly content: Buffer[] = [];
  readonly #encoder = new Encoder();
  #count = 0;

  protected override sendContent(content: OutgoingContent, onSent: WriteCallback): void {
    this.content.push(Buffer.concat(content.pieces()));
    // The encoder's own memory is shared on purpose; only pieces that are content count.
    const framed = content.framed(this.#encoder);
    const isOnePiece = framed.length === 1;
    const pieces = this.#count++ % 2 === 0 && isOnePiece ? framed : content.pieces();
    this.sends.push(
      new Send(pieces, (error) => {
        content.release();
        onSent(error);
      }),
    );
  }
}

/** Writes of all sizes that matter. */
const SIZES = [1, 3, 16, 40, 500, SMALL_SLAB_ROOM, SMALL_SLAB_ROOM + 1, MAX_COPIED_BYTES, MAX_COPIED_BYTES + 1, 40_000];

describe('many streams at once', () => {
  test('each has its own memory until its sink calls back, and memory is used again after', async () => {
    underWay.clear();
    usedAgain = 0;
    const streams = Array.from({ length: 30 }, () => new Keeping());
    const expected = streams.map(() => [] as Uint8Array[]);
    for (let round = 0; round < 40; round++) {
      for (const [at, stream] of streams.entries()) {
        for (let writes = (round + at) % 4; writes > 0; writes--) {
          const data = someOctets(SIZES[(round * 7 + at * 3 + writes) % SIZES.length]!, (round * 41 + at) % 256);
          expected[at]!.push(data);
          stream.write(data.slice());
        }
      }
      await turn();
      expect([...underWay].every((send) => send.isUntouched)).toBe(true);
      for (const [at, stream] of streams.entries()) if ((round + at) % 3 === 0) stream.sends.shift()?.done();
    }
    for (const stream of streams) stream.end();
    while (underWay.size > 0) {
      for (const stream of streams) stream.sends.shift()?.done();
      await turn();
    }
    for (const [at, stream] of streams.entries()) {
      expect(stream.writableFinished).toBe(true);
      expect(Buffer.concat(stream.content).equals(Buffer.concat(expected[at]!))).toBe(true);
    }
    expect(usedAgain).toBeGreaterThan(0);
  });

  test('property: any order of writes and of sinks that call back, some streams destroyed on the way', async () => {
    const step = fc.record({
      stream: fc.nat(4),
      action: fc.oneof(
        { weight: 8, arbitrary: fc.constantFrom('write', 'writeText', 'done', 'turn') },
        { weight: 1, arbitrary: fc.constant('destroy') },
      ),
      size: fc.constantFrom(...SIZES),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
        underWay.clear();
        const streams = Array.from({ length: 5 }, () => new Keeping());
        for (const [at, { stream: index, action, size }] of steps.entries()) {
          const stream = streams[index]!;
          const isOpen = !stream.destroyed;
          if (action === 'write' && isOpen) stream.write(Buffer.alloc(size, at + 1));
          if (action === 'writeText' && isOpen) stream.write(String.fromCharCode(97 + (at % 26)).repeat(size));
          if (action === 'done') stream.sends.shift()?.done();
          if (action === 'turn') await turn();
          if (action === 'destroy') stream.destroy();
          for (const send of underWay) expect(send.isUntouched).toBe(true);
        }
        for (const stream of streams) while (stream.sends.length > 0) stream.sends.shift()!.done();
      }),
    );
  });

  test('what a destroyed stream had sent stays until its sink calls back', async () => {
    const stream = new Keeping();
    stream.write('a'.repeat(100));
    await turn();
    stream.write('b'.repeat(100));
    stream.destroy();
    const others = Array.from({ length: 30 }, () => new Keeping());
    for (const other of others) other.write('c'.repeat(100));
    await turn();
    expect(stream.sends[0]!.isUntouched).toBe(true);
    for (const each of [stream, ...others]) each.sends.shift()!.done();
  });
});

/** Writes this and that until so much is written, without regard to what write() says, in many ticks. */
async function fill(response: StreamResponse, seed: number, length: number): Promise<string> {
  const hash = createHash('sha256');
  for (let written = 0, at = seed; written < length; at++) {
    const data = Buffer.from(someOctets(SIZES[at % SIZES.length]!, at % 256));
    hash.update(data);
    response.write(data);
    if (data.length <= MAX_COPIED_BYTES) data.fill(0); // it has been copied
    written += data.length;
    if (at % 5 === 0) await turn();
  }
  response.end();
  return hash.digest('hex');
}

describe('respond(), to clients that begin to read late', () => {
  const COUNT = 12;
  const LENGTH = 8_000_000; // more than a loopback socket holds

  test('on raw sockets: every client gets what was written to it', async () => {
    const ends = await Promise.all(Array.from({ length: COUNT }, () => connection()));
    const digests = ends.map(async ({ client, server }, at) => {
      client.write(AWARE);
      return fill(respond(server, { request: await readRequest(server) }), at, LENGTH);
    });
    await until(() => ends.every(({ server }) => server.writableLength > 0));
    for (const [at, { client }] of ends.entries()) {
      const { body } = await receive(client);
      const hash = createHash('sha256');
      for await (const data of body) hash.update(data);
      expect(await body.verdict).toMatchObject({ kind: 'complete' });
      expect(hash.digest('hex')).toBe(await digests[at]);
    }
  });

  test('on node:http: every client gets what was written to it', async () => {
    const responses: http.ServerResponse[] = [];
    const digests: Promise<string>[] = [];
    const server = http.createServer((_, res) => {
      digests[responses.push(res) - 1] = fill(respond(res), responses.length, LENGTH);
    });
    const port = await listen(server);
    const clients: Socket[] = [];
    for (let at = 0; at < COUNT; at++) {
      const client = connect(port, '127.0.0.1');
      onTestFinished(() => void client.destroy());
      client.write(AWARE);
      await until(() => responses.length === at + 1);
      clients.push(client);
    }
    await until(() => responses.every((res) => res.socket!.writableLength > 0));
    for (const [at, client] of clients.entries()) {
      const { body } = await receive(client);
      const hash = createHash('sha256');
      for await (const data of body) hash.update(data);
      expect(await body.verdict).toMatchObject({ kind: 'complete' });
      expect(hash.digest('hex')).toBe(await digests[at]);
    }
  });
});
