/**
 * Strategy: HTTP/1.0 without a length. FIN says that the body is whole, so it leaves only after a good end, whoever ends or
 * destroys the connection at whatever moment; and a client that leaves lets the source go at once.
 */
import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { respond } from '../../src/node/send/respond.ts';
import { dial, messageFrom, OLD } from '../support/dial.ts';
import { type Answer, begin, closed, connectionsOf, KINDS, serve, stuck, until } from '../support/servers.ts';

const MUCH = 'a line of the export\n'.repeat(500_000); // more than the kernel's buffers hold

const CLOSERS: [title: string, close: (socket: Socket, server: HttpServer) => void][] = [
  ['socket.destroy()', (socket) => socket.destroy()],
  ['socket.destroy(error)', (socket) => socket.destroy(new Error('enough'))],
  ['socket.destroySoon()', (socket) => socket.destroySoon()],
  ['socket.end()', (socket) => void socket.end()],
  ['server.closeAllConnections()', (socket, server) => server.closeAllConnections?.() ?? socket.destroy()],
];

describe.each(KINDS)('HTTP/1.0 on %s', (_kind, answering) => {
  test('a client that leaves: the source is let go before the reset', async () => {
    const source = stuck();
    const server = await answering({ source });
    const wire = dial(server.port, OLD);
    await wire.until('data');
    wire.socket.end();
    await closed(source);
    expect(await connectionsOf(server.server)).toBe(1);
    expect(await wire.closed()).toEqual({ octets: '', end: 'ECONNRESET' });
    const { response, outcome } = await server.answered(0);
    expect(await outcome).toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' });
    expect(response.ending).toBe('reset');
  });

  /** An exchange in the middle of its body. */
  async function begunBody() {
    const source = stuck();
    const server = await answering({ source });
    const accepted = once(server.server, 'connection') as Promise<[Socket]>;
    const wire = dial(server.port, OLD);
    await wire.until('data');
    const [socket] = await accepted;
    return { source, server, wire, socket };
  }

  test.each(CLOSERS)('%s while the body is open: RST', async (_, close) => {
    const { server, wire, socket } = await begunBody();
    close(socket, server.server as HttpServer);
    expect(await wire.closed()).toEqual({ octets: '', end: 'ECONNRESET' });
    expect((await server.answered(0)).response.ending).toBe('reset');
  });

  test.each(CLOSERS)('%s before the reset of a body that failed: RST', async (_, close) => {
    const { source, server, wire, socket } = await begunBody();
    source.destroy(new Error('the disk is gone'));
    await until(() => server.answers[0]!.response.destroyed);
    close(socket, server.server as HttpServer);
    expect(await wire.closed()).toEqual({ octets: '', end: 'ECONNRESET' });
  });

  test.each(CLOSERS)('%s while a good body waits for its client: never a part of it and FIN', async (_, close) => {
    const { source, server, wire, socket } = await begunBody();
    wire.socket.pause();
    source.push(MUCH);
    source.push(null);
    await until(() => socket.writableLength > 0);
    close(socket, server.server as HttpServer);
    wire.socket.resume();
    expect((await wire.closed()).end).toMatch(/^(ECONNRESET|EPIPE)$/);
  });
});

// It takes all at once, so that the end of the response comes while most of it is still on its way.
test.each(CLOSERS)('%s while what a middleware took is on its way: all of it, or RST', async (_, close) => {
  const answers: Answer[] = [];
  const { server, port } = await serve((_req, res) => {
    const { write } = res;
    res.write = ((data: Buffer) => {
      write.call(res, data, undefined as never);
      return true;
    }) as typeof write;
    answers.push(begin(Readable.from([MUCH]), respond(res)));
  });
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const wire = dial(port);
  wire.socket.pause();
  wire.send(OLD);
  const [socket] = await accepted;
  await until(() => answers[0]?.response.ending === 'plain');
  expect(socket.writableLength).toBeGreaterThan(0);
  close(socket, server as HttpServer);
  wire.socket.resume();
  const { octets, end } = await wire.closed();
  if (end === 'FIN') expect(messageFrom(octets).body === MUCH).toBe(true);
  else expect(end).toMatch(/^(ECONNRESET|EPIPE)$/);
});
