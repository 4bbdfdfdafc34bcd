/**
 * Strategy: a client that stops reading. The source must not be pulled while the kernel takes nothing, and go on when it
 * does; what the client then reads is what was written. Nothing is measured but octets.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, expect, test } from 'vitest';
import { readRequest } from '../../../src/node/head/read-request.ts';
import { receive } from '../../../src/node/receive/receive.ts';
import { respond } from '../../../src/node/send/respond.ts';
import { connection, settled, until } from '../../support/sockets.ts';
import { AWARE, OLD, PLAIN } from './answering.ts';

const BLOCK = 65536;
const BLOCKS = 512; // 32 MiB: more than two loopback sockets hold

/** Gives `BLOCKS` blocks, each of its own octet, and counts them. */
class Blocks extends Readable {
  pulled = 0;
  override _read(): void {
    this.push(this.pulled === BLOCKS ? null : Buffer.alloc(BLOCK, this.pulled++ & 0xff));
  }
}

function blocksDigest(): string {
  const hash = createHash('sha256');
  for (let at = 0; at < BLOCKS; at++) hash.update(Buffer.alloc(BLOCK, at & 0xff));
  return hash.digest('hex');
}

describe.each([
  ['trailers', AWARE],
  ['plain', PLAIN],
  ['HTTP/1.0', OLD],
])('RFC 9293 §3.8.6: a client that stops reading holds the source (%s)', (_, request) => {
  test('and the body goes on when it reads again', async () => {
    const { client, server } = await connection();
    client.write(request);
    const source = new Blocks();
    const response = respond(server, { request: await readRequest(server) });
    const sent = pipeline(source, response);

    await until(() => server.writableLength > 0 && response.writableNeedDrain);
    expect(await settled(() => source.pulled)).toBeLessThan(BLOCKS / 2);
    expect(response.writableLength).toBeLessThanOrEqual(response.writableHighWaterMark + BLOCK);

    const { body } = await receive(client);
    const hash = createHash('sha256');
    for await (const data of body) hash.update(data);
    await sent;
    expect(hash.digest('hex')).toBe(blocksDigest());
    expect(await body.verdict).toMatchObject({ bytes: BLOCK * BLOCKS });
  });
});

test('write() says false while nothing is taken, and drain comes when it is', async () => {
  const { client, server } = await connection();
  client.write(PLAIN);
  const response = respond(server, { request: await readRequest(server) });
  while (response.write(Buffer.alloc(BLOCK)) || server.writableLength === 0) await new Promise(setImmediate);
  expect(response.writableNeedDrain).toBe(true);
  const drained = new Promise((resolve) => response.once('drain', resolve));
  client.resume();
  await drained;
  response.end();
});

test('the callback of a write comes when the kernel has it', async () => {
  const { client, server } = await connection();
  client.write(PLAIN);
  const response = respond(server, { request: await readRequest(server) });
  await new Promise<void>((resolve, reject) => response.write('hello', (error) => (error ? reject(error) : resolve())));
  expect(server.writableLength).toBe(0);
  client.resume();
  await new Promise<void>((resolve) => response.end(resolve));
});
