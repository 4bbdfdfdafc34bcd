/**
 * Strategy: the channel by itself on a raw socket: who may open it, what it notices, what it gives back. What it does for
 * a response as a whole is in response-*.test.ts.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { ChannelOptions, MessageFacts } from '../../../src/node/send/channel.ts';
import { SocketChannel } from '../../../src/node/send/socket-channel.ts';
import { octets } from '../../support/octets.ts';
import { closed, connection, listenerCounts, until } from '../../support/sockets.ts';
import { Wire } from '../../support/wire.ts';

/** More than two loopback sockets hold. */
const TOO_MUCH = Buffer.alloc(64 << 20);

/** A channel, and what it has told the response. */
function open(socket: Socket, options: Partial<ChannelOptions & MessageFacts> = {}) {
  const told: string[] = [];
  const channel = new SocketChannel(socket, {
    idleTimeout: 0,
    lingerTimeout: 1000,
    onGone: () => told.push('gone'),
    onIdle: () => told.push('idle'),
    onForeign: (what) => told.push(what),
    hasContent: () => false,
    onShutdown: () => told.push('shutdown'),
    ...options,
  });
  const { isPersistent = true, isDelimitedByClose = false } = options;
  channel.begin(200, [], { isPersistent, closes: false, isDelimitedByClose, tellsFailure: false });
  const finish = (...pieces: string[]) =>
    new Promise<boolean>((resolve) => channel.finish(pieces.map(octets), resolve));
  return { channel, told, finish };
}

test('one at a time: a second is an Error until the first has let go', async () => {
  const { server } = await connection();
  const { finish } = open(server);
  expect(() => open(server)).toThrow(/still open/);
  await finish();
  open(server);
});

describe('RFC 9112 §9.3: finish, and the connection goes on', () => {
  test('sends the end, calls back, and leaves the socket as it was, but for a listener for late errors', async () => {
    const { client, server } = await connection();
    server.setTimeout(77_000);
    const wire = new Wire(client);
    const before = listenerCounts(server);
    const { told, finish } = open(server, { idleTimeout: 5_000 });
    expect(await finish('a', 'b')).toBe(true);
    expect(await wire.until('b')).toBe('ab');
    expect(listenerCounts(server)).toEqual({ ...before, error: 1 });
    expect(server.isPaused()).toBe(true);
    expect(server.destroyed).toBe(false);
    expect(server.allowHalfOpen).toBe(false);
    expect(server.timeout).toBe(77_000);
    expect(told).toEqual([]);
  });

  test('what came meanwhile is still there, in order', async () => {
    const { client, server } = await connection();
    const { finish } = open(server);
    let sent = 0;
    for (const word of ['one ', 'two ', 'three']) {
      client.write(word);
      sent += word.length;
      await until(() => server.bytesRead === sent);
    }
    await finish();
    const wire = new Wire(server);
    server.resume();
    expect(await wire.until('three')).toBe('one two three');
  });

  test('says false when the client is gone', async () => {
    const { client, server } = await connection();
    const { channel, told, finish } = open(server);
    client.resetAndDestroy();
    await closed(server);
    expect(told).toEqual(['gone']);
    expect(channel.isGone).toBe(true);
    expect(await finish('a')).toBe(false);
  });
});

test('RFC 9112 §9.6: FIN that came while the end was under way is answered with ours, as Node would', async () => {
  const { client, server } = await connection({ clientAllowsHalfOpen: true });
  const { channel, told } = open(server);
  const isSent = new Promise((resolve) => channel.finish([TOO_MUCH], resolve));
  client.end();
  await once(server, 'end');
  let bytes = 0;
  for await (const data of client) bytes += data.length;
  expect(bytes).toBe(TOO_MUCH.length);
  expect(await isSent).toBe(true);
  expect(told).toEqual([]);
});

test('RFC 9112 §9.6: finish, and it does not: FIN behind the end, and what the client sends is dropped', async () => {
  const { client, server } = await connection({ clientAllowsHalfOpen: true });
  const wire = new Wire(client);
  const { finish } = open(server, { isPersistent: false });
  wire.send('content that nobody reads');
  expect(await finish('a')).toBe(true);
  await once(client, 'end');
  client.end();
  expect(await wire.closed()).toEqual({ octets: 'a', end: 'FIN' });
  await closed(server);
});

describe('a client that leaves is noticed', () => {
  test('by FIN, where the server does not allow half-open connections; our own FIN waits', async () => {
    const { client, server } = await connection({ clientAllowsHalfOpen: true });
    const wire = new Wire(client);
    const { channel, told } = open(server);
    client.end();
    await once(server, 'end');
    expect(told).toEqual(['gone']);
    expect(channel.isGone).toBe(true);
    await new Promise((resolve) => channel.reset(false, resolve));
    expect((await wire.closed()).end).toBe('ECONNRESET');
  });

  test('not by FIN where it does', async () => {
    const { client, server } = await connection({ serverAllowsHalfOpen: true, clientAllowsHalfOpen: true });
    const wire = new Wire(client);
    const { channel, told } = open(server);
    client.end();
    await once(server, 'end');
    expect(told).toEqual([]);
    expect(channel.isGone).toBe(false);
    channel.close([octets('a')], () => {});
    expect(await wire.closed()).toEqual({ octets: 'a', end: 'FIN' });
  });

  test('not after the end has been asked for', async () => {
    const { client, server } = await connection();
    const { channel, told } = open(server);
    const isSent = new Promise((resolve) => channel.close([octets('a')], resolve));
    client.resume();
    expect(await isSent).toBe(true);
    await closed(server);
    expect(told).toEqual([]);
  });

  test('before the channel opens', async () => {
    const { server } = await connection();
    await closed(server.destroy());
    const { channel } = open(server);
    expect(channel.isGone).toBe(true);
    expect(await new Promise((resolve) => channel.close([octets('a')], resolve))).toBe(false);
  });
});

describe('write', () => {
  test('calls back without an error when the kernel has it', async () => {
    const { client, server } = await connection();
    const wire = new Wire(client);
    const { channel } = open(server);
    const error = await new Promise((resolve) => channel.write([octets('a'), octets('b')], resolve));
    expect(error ?? undefined).toBeUndefined();
    expect(server.writableLength).toBe(0);
    expect(await wire.until('b')).toBe('ab');
  });

  test('calls back with an error for what nobody gets any more', async () => {
    const { client, server } = await connection();
    const { channel } = open(server);
    const underWay = new Promise((resolve) => channel.write([TOO_MUCH], resolve));
    client.resetAndDestroy();
    expect(await underWay).toBeInstanceOf(Error);
    await closed(server);
    expect(await new Promise((resolve) => channel.write([octets('a')], resolve))).toBeInstanceOf(Error);
  });
});

describe('idleTimeout', () => {
  test('silence is told while the channel is open', async () => {
    const { server } = await connection();
    const { told } = open(server, { idleTimeout: 30 });
    await until(() => told.length > 0);
    expect(told).toEqual(['idle']);
    expect(server.destroyed).toBe(false);
  });

  test('a client that takes nothing of the end is left behind it', async () => {
    const { server } = await connection();
    const { channel, told } = open(server, { idleTimeout: 40 });
    expect(await new Promise((resolve) => channel.finish([TOO_MUCH], resolve))).toBe(false);
    await closed(server);
    expect(told).toEqual([]);
  });

  test('RFC 9112 §6.3 rule 8: by RST, where FIN would be the end of the body', async () => {
    const { client, server } = await connection();
    const { channel } = open(server, { idleTimeout: 40, isPersistent: false, isDelimitedByClose: true });
    expect(await new Promise((resolve) => channel.finish([TOO_MUCH], resolve))).toBe(false);
    // A write tells RST from FIN where nothing is being read.
    const error = await new Promise((resolve) => client.on('error', resolve).write('a'));
    expect(error).toMatchObject({ code: 'ECONNRESET' });
  });
});
