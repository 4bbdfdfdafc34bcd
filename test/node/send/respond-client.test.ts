/**
 * Strategy: clients that leave, in every phase of a response. The source must be destroyed at once, `pipeline` must call
 * back, and neither a listener nor an error may be left behind; vitest fails the run for any that nobody handles.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { readRequest } from '../../../src/node/head/read-request.ts';
import { respond } from '../../../src/node/send/respond.ts';
import { stopClock } from '../../support/clock.ts';
import { closed, connection, listenerCounts, until } from '../../support/sockets.ts';
import { AWARE, answer, answerNext, OLD, PLAIN, TRAILERS } from './answering.ts';

/** A source that gives what it is told and has no end of its own. */
const endless = () => new Readable({ read() {} });

const WAYS = [
  ['FIN', 'destroy'],
  ['RST', 'resetAndDestroy'],
] as const;

describe.each(WAYS)('the client leaves by %s', (_, leave) => {
  test.each([
    ['trailers', TRAILERS],
    ['clean failure', AWARE],
    ['plain', PLAIN],
    ['HTTP/1.0', OLD],
    ['HEAD', PLAIN.replace('GET', 'HEAD')],
  ])(
    'in the middle of a body (%s): the source is destroyed at once; one listener is left, for late errors',
    async (__, request) => {
      const { client, server } = await connection();
      const before = listenerCounts(server);
      const source = endless();
      const { wire, response, outcome } = await answer(request, source, {}, { client, server });
      source.push('hello');
      if (!request.startsWith('HEAD')) await wire.until('hello');
      client[leave]();
      await closed(source);
      expect(await outcome).toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
      expect(response.destroyed).toBe(true);
      await closed(server);
      expect(listenerCounts(server)).toEqual({ ...before, error: 1 });
    },
  );

  test('before the first octet', async () => {
    const { client, server } = await connection();
    const before = listenerCounts(server);
    const source = endless();
    const { outcome } = await answer(PLAIN, source, {}, { client, server });
    client[leave]();
    await closed(source);
    expect(await outcome).toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
    await closed(server);
    expect(listenerCounts(server)).toEqual({ ...before, error: 1 });
  });

  test('while the response waits for it to read', async () => {
    const { client, server } = await connection();
    client.pause();
    client.write(PLAIN);
    const source = new Readable({
      read() {
        this.push(Buffer.alloc(65536));
      },
    });
    const response = respond(server, { request: await readRequest(server) });
    source.pipe(response);
    await until(() => server.writableLength > 0 && response.writableNeedDrain);
    client[leave]();
    await closed(response);
    await closed(server);
    source.destroy();
    expect(server.destroyed).toBe(true);
  });

  test('between its request and the response', async () => {
    const { client, server } = await connection();
    client.write(PLAIN);
    const request = await readRequest(server);
    client.on('error', () => {});
    client[leave]();
    await closed(client);
    const source = endless();
    const response = respond(server, { request });
    source.pipe(response);
    await closed(response);
    source.destroy();
    await closed(server);
  });
});

describe('the client leaves while the end of the body is under way to it', () => {
  // An end that no kernel holds: it is in flight until the client reads.
  const extraTrailers = { names: ['A'], fields: () => [['A', 'x'.repeat(24 << 20)]] as [string, string][] };

  test.each([
    ['by RST', (client: Socket) => client.resetAndDestroy()],
    ['by taking nothing for too long', (_: Socket, pass: (milliseconds: number) => void) => pass(3000)],
  ])('%s: that is no success', async (_, leave) => {
    const pass = stopClock();
    const { client, server } = await connection();
    client.write(TRAILERS);
    const { outcome } = await answerNext(server, Readable.from(['a']), { idleTimeout: 1000, extraTrailers });
    await until(() => server.writableLength > 0);
    leave(client, pass);
    expect(await outcome).toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
    await closed(server);
  });
});

test('a failure whose end is under way when the client leaves has told nobody: the ending is none', async () => {
  const { client, server } = await connection();
  client.write(PLAIN);
  const response = respond(server, { request: await readRequest(server) }).on('error', () => {});
  response.write(Buffer.alloc(64 << 20));
  response.destroy(new Error('the disk is gone'));
  client.resetAndDestroy();
  await closed(response);
  expect(response.ending).toBe('none');
});

test('RST leaves nobody to tell: the ending is none', async () => {
  const source = endless();
  const { client, wire, response, outcome } = await answer(PLAIN, source);
  source.push('hello');
  await wire.until('hello');
  client.resetAndDestroy();
  await outcome;
  expect(response.ending).toBe('none');
});

test('a socket that is gone already: the source is destroyed, the ending is none', async () => {
  const { client, server } = await connection();
  client.write(PLAIN);
  const request = await readRequest(server);
  await closed(server.destroy());
  const response = respond(server, { request });
  const source = endless();
  source.pipe(response);
  await closed(response);
  expect(response.ending).toBe('none');
  source.destroy();
});

test('after the end of a body whose octets it has, nothing is a failure', async () => {
  const { client, wire, response, outcome } = await answer(PLAIN, Readable.from(['a']));
  await wire.until('0\r\n\r\n');
  client.resetAndDestroy();
  expect(await outcome).toBeUndefined();
  expect(response.ending).toBe('plain');
});

describe('RFC 9112 §9.6: a client that sends FIN and reads on', () => {
  test('is answered to the end by a server that allows half-open connections', async () => {
    const ends = await connection({ clientAllowsHalfOpen: true, serverAllowsHalfOpen: true });
    const source = endless();
    const { wire, outcome } = await answer(PLAIN, source, {}, ends);
    ends.client.end();
    await once(ends.server, 'end');
    source.push('a');
    source.push(null);
    expect(await outcome).toBeUndefined();
    expect(await wire.until('0\r\n\r\n')).toMatch(/\r\n\r\n1\r\na\r\n0\r\n\r\n$/);
  });

  test('has left for one that does not: the body is cut, and never looks whole', async () => {
    const ends = await connection({ clientAllowsHalfOpen: true });
    const source = endless();
    const { wire, response, outcome } = await answer(PLAIN, source, {}, ends);
    source.push('a');
    await wire.until('1\r\na\r\n');
    ends.client.end();
    expect(await outcome).toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
    expect(await wire.closed()).toEqual({ octets: '', end: 'FIN' });
    expect(response.ending).toBe('none');
  });
});
