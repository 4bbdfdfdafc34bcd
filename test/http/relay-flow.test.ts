/**
 * Strategy: what moves through a relay, and when it stops. An upstream that could give without end counts what is taken
 * from it; clients read late, slowly, or leave.
 */
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { requestHeaders } from '../../src/node/head/request-headers.ts';
import { verify } from '../../src/node/receive/verify.ts';
import { respond } from '../../src/node/send/respond.ts';
import { AWARE, dial, OLD, PLAIN } from '../support/dial.ts';
import { ask, begin, closed, connectionsOf, serve, settled, until } from '../support/servers.ts';
import { relaying } from './relaying.ts';

const MEBIBYTE = 1024 * 1024;

/** An upstream that gives this much, and what has been taken of it. */
async function upstreamOf(total: number) {
  const state = { given: 0, source: new Readable() };
  const serving = await serve((_, res) => {
    state.source = new Readable({
      read() {
        this.push(state.given >= total ? null : Buffer.alloc(65536, 'x'));
        state.given += 65536;
      },
    });
    begin(state.source, respond(res));
  });
  return { ...serving, state };
}

describe('the client leaves', () => {
  test.each([
    ['a client that asks for nothing', PLAIN],
    ['a client that asks for everything', AWARE],
    ['an HTTP/1.0 client', OLD],
  ])('%s: the upstream request is destroyed at once', async (_, request) => {
    const upstream = await upstreamOf(Number.POSITIVE_INFINITY);
    const server = await relaying(upstream.port);
    const wire = dial(server.port, request);
    await once(wire.socket, 'data');
    wire.socket.resetAndDestroy();
    await closed(upstream.state.source); // at the other end of it
    expect(server.upstreams[0]!.socket!.destroyed).toBe(true);
    expect(await server.verdict(0)).toMatchObject({ kind: 'abandoned' });
    await until(async () => (await connectionsOf(server.server)) === 0);
    await until(async () => (await connectionsOf(upstream.server)) === 0);
  });

  test('while upstream is silent', async () => {
    const source = new Readable({ read() {} });
    source.push('data');
    const upstream = await serve((_, res) => begin(source, respond(res)));
    const server = await relaying(upstream.port);
    const wire = dial(server.port, PLAIN);
    await wire.until('data');
    wire.socket.destroy();
    await closed(source);
    await until(async () => (await connectionsOf(upstream.server)) === 0);
  });

  test('before the first octet of content', async () => {
    const source = new Readable({ read() {} });
    const upstream = await serve((_, res) => {
      res.setHeader('X', '1');
      res.flushHeaders();
      source.pipe(res);
      res.once('close', () => source.destroy());
    });
    const server = await relaying(upstream.port);
    const wire = dial(server.port, PLAIN);
    await until(() => server.begun() === 1);
    wire.socket.destroy();
    await closed(source);
    expect((await server.verdict(0)).kind).toBe('abandoned');
  });
});

describe('a client that is slow', () => {
  test('stops the upstream: what lies between is bounded, whatever the length of the body', async () => {
    const upstream = await upstreamOf(Number.POSITIVE_INFINITY);
    const server = await relaying(upstream.port);
    const wire = dial(server.port);
    wire.socket.pause();
    wire.send(PLAIN);
    await until(() => upstream.state.given > 0);
    // The buffers of two loopback connections are the kernel's: some 2.5 to 10 MiB each.
    expect(await settled(() => upstream.state.given)).toBeLessThan(32 * MEBIBYTE);
    wire.socket.destroy();
    await closed(upstream.state.source);
  });

  test('gets everything in the end', async () => {
    const upstream = await upstreamOf(24 * MEBIBYTE);
    const server = await relaying(upstream.port);
    const body = await ask({ port: server.port, headers: requestHeaders() }, (message) => verify(message));
    let bytes = 0;
    for await (const piece of body) {
      bytes += piece.length;
      if (bytes % (4 * MEBIBYTE) < piece.length) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(bytes).toBe(24 * MEBIBYTE);
    expect(await body.verdict).toMatchObject({ kind: 'complete', digest: 'match' });
    expect(await server.verdict(0)).toMatchObject({ kind: 'complete', digest: 'match' });
  });
});

test('many, a third of them failing and a third left by the client: no connection is left', async () => {
  function endlessly(this: Readable) {
    this.push(Buffer.alloc(16384, 'x'));
  }
  async function* failing() {
    yield 'x'.repeat(20_000);
    throw new Error('the disk is gone');
  }
  const upstream = await serve((req, res) => {
    if (req.url === '/fails') begin(failing(), respond(res));
    else if (req.url === '/whole') begin(Readable.from(['x'.repeat(20_000)]), respond(res));
    else begin(new Readable({ read: endlessly }), respond(res));
  });
  const server = await relaying(upstream.port);
  const kinds: Promise<string>[] = [];
  for (let i = 0; i < 90; i++) {
    const path = ['/whole', '/fails', '/endless'][i % 3]!;
    const headers = i % 2 === 0 ? requestHeaders() : {};
    const body = await ask({ port: server.port, path, headers }, (message) => verify(message));
    if (i % 3 === 2) body.once('data', () => body.destroy());
    else body.resume();
    body.on('error', () => {});
    kinds.push(body.verdict.then(({ kind }) => kind));
  }
  const expected = Array.from({ length: 90 }, (_, i) => {
    if (i % 3 === 0) return i % 2 === 0 ? 'complete' : 'unverified';
    if (i % 3 === 2) return 'abandoned';
    return i % 2 === 0 ? 'failed' : 'truncated'; // the reason is for those that read it
  });
  expect(await Promise.all(kinds)).toEqual(expected);
  await until(async () => (await connectionsOf(server.server)) === 0);
  await until(async () => (await connectionsOf(upstream.server)) === 0);
});
