/**
 * Strategy: the ways in which a connection is closed, each on a raw socket: what the peer still gets, that it is FIN and
 * not RST that ends it, and that the lingering ends in time though the peer does nothing.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { canReset, lingeringClose, lingeringReset, sendAll, writeTogether } from '../../../src/node/send/closing.ts';
import { stopClock } from '../../support/clock.ts';
import { octets } from '../../support/octets.ts';
import {
  type Connection,
  type ConnectionOptions,
  closed,
  connection,
  localConnection,
  until,
} from '../../support/sockets.ts';
import { Wire } from '../../support/wire.ts';
import { ASKING, answer, failing, OLD } from './answering.ts';

const MEGABYTE = 1 << 20;
/** More than two loopback sockets hold. */
const TOO_MUCH = Buffer.alloc(64 * MEGABYTE);

const isSent = (socket: Socket, pieces: Uint8Array[]) =>
  new Promise<boolean>((resolve) => sendAll(socket, pieces, resolve));

/** A connection whose server is guarded against late errors, as whoever calls these functions has done. */
async function guarded(options: ConnectionOptions = {}): Promise<Connection> {
  const ends = await connection(options);
  ends.server.on('error', () => {});
  return ends;
}

describe('sendAll', () => {
  test('calls back with true when the kernel has all pieces, in order', async () => {
    const { client, server } = await guarded();
    const wire = new Wire(client);
    expect(await isSent(server, ['a', 'b', 'c'].map(octets))).toBe(true);
    expect(server.writableLength).toBe(0);
    expect(await wire.until('c')).toBe('abc');
  });

  test('of nothing waits for what was written before', async () => {
    const { client, server } = await guarded();
    const wire = new Wire(client);
    let isWritten = false;
    server.write('a', () => {
      isWritten = true;
    });
    expect(await isSent(server, [])).toBe(true);
    expect(isWritten).toBe(true);
    expect(await wire.until('a')).toBe('a');
  });

  test('calls back once with false if the peer is gone, before or meanwhile', async () => {
    const { server } = await guarded();
    const calls: boolean[] = [];
    server.write(TOO_MUCH);
    sendAll(server, [octets('a')], (sent) => calls.push(sent));
    await closed(server.destroy());
    sendAll(server, [octets('b')], (sent) => calls.push(sent));
    expect(calls).toEqual([false, false]);
  });

  test.each([
    ['destroy', (server: Socket) => server.destroy()],
    ['RST from the peer', (_: Socket, client: Socket) => client.resetAndDestroy()],
  ])('calls back with false if the socket is lost while the pieces are under way: %s', async (_, lose) => {
    const { client, server } = await guarded();
    server.resume();
    const sent = isSent(server, [TOO_MUCH]);
    lose(server, client);
    expect(await sent).toBe(false);
  });

  test('leaves no listener', async () => {
    const { server } = await guarded();
    const before = server.listenerCount('close');
    await isSent(server, [octets('a')]);
    expect(server.listenerCount('close')).toBe(before);
  });
});

test('writeTogether: the pieces leave as one segment', async () => {
  const { client, server } = await guarded();
  const segments: string[] = [];
  client.on('data', (data) => segments.push(String(data)));
  await new Promise<void>((resolve) => writeTogether(server, ['a', 'b', 'c'].map(octets), () => resolve()));
  await until(() => segments.length > 0);
  expect(segments).toEqual(['abc']);
});

describe('RFC 9112 §9.6: lingeringClose', () => {
  test('FIN behind all octets, and the peer’s own FIN closes the socket', async () => {
    const { client, server } = await guarded();
    const wire = new Wire(client);
    server.write('a'.repeat(MEGABYTE));
    lingeringClose(server, 60_000);
    const { octets: got, end } = await wire.closed();
    expect(got.length).toBe(MEGABYTE);
    expect(end).toBe('FIN');
    await closed(server);
  });

  test('a peer that goes on sending still gets everything: its octets are read, not answered with RST', async () => {
    const { client, server } = await guarded({ clientAllowsHalfOpen: true });
    const wire = new Wire(client);
    client.write(Buffer.alloc(4 * MEGABYTE));
    server.write('a'.repeat(MEGABYTE));
    lingeringClose(server, 60_000);
    await once(client, 'end');
    await new Promise<void>((resolve) => client.end('late', () => resolve()));
    const { octets: got, end } = await wire.closed();
    expect(got.length).toBe(MEGABYTE);
    expect(end).toBe('FIN');
  });

  test('a peer that neither sends FIN nor closes is left in the end', async () => {
    const { client, server } = await guarded({ clientAllowsHalfOpen: true });
    const wire = new Wire(client);
    server.write('a');
    const pass = stopClock();
    lingeringClose(server, 1000);
    await once(client, 'end');
    pass(999);
    expect(server.destroyed).toBe(false);
    pass(1);
    await closed(server);
    expect(await wire.until('a')).toBe('a');
    client.end();
    expect((await wire.closed()).end).toBe('FIN');
  });

  test('FIN from the peer before ours', async () => {
    const { client, server } = await guarded({ clientAllowsHalfOpen: true, serverAllowsHalfOpen: true });
    const wire = new Wire(client);
    client.end();
    server.resume();
    await once(server, 'end');
    server.write('a');
    lingeringClose(server, 60_000);
    expect(await wire.closed()).toEqual({ octets: 'a', end: 'FIN' });
    await closed(server);
  });

  test('of a socket that is gone does nothing', async () => {
    const { server } = await guarded();
    await closed(server.destroy());
    lingeringClose(server, 60_000);
  });
});

describe('RFC 9112 §6.3 rule 8: lingeringReset', () => {
  test('the peer gets the octets, then RST, and no FIN; then it calls back', async () => {
    const { client, server } = await guarded();
    const wire = new Wire(client);
    await isSent(server, [octets('a'.repeat(MEGABYTE))]);
    await new Promise<void>((resolve) => lingeringReset(server, resolve));
    expect(server.destroyed).toBe(true);
    const { octets: got, end } = await wire.closed();
    expect(got.length).toBe(MEGABYTE);
    expect(end).toBe('ECONNRESET');
  });

  test('waits at most a second, however long the lingering may be', async () => {
    const { wire, server } = await answer(OLD, failing(['a']), { lingerTimeout: 60_000 });
    expect((await wire.closed()).end).toBe('ECONNRESET');
    expect(server.destroyed).toBe(true);
  });

  test('of a socket that is gone calls back at once', async () => {
    const { server } = await guarded();
    await closed(server.destroy());
    let calls = 0;
    lingeringReset(server, () => calls++);
    expect(calls).toBe(1);
  });

  test('TCP can say RST, a local socket cannot', async () => {
    const { server } = await guarded();
    expect(canReset(server)).toBe(true);
    const { server: local } = await localConnection();
    expect(canReset(local)).toBe(false);
  });
});

test('through respond: the linger of an abort is bounded, and `pipeline` does not wait for it', async () => {
  const ends = await guarded({ clientAllowsHalfOpen: true });
  const { server, wire, outcome } = await answer(ASKING, failing(['a']), { lingerTimeout: 100 }, ends);
  await outcome;
  expect(server.destroyed).toBe(false);
  await closed(server);
  expect(await wire.until('source_error"\r\n')).toContain('1\r\na\r\n1;x-stream-status=');
});
