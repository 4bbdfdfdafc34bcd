/**
 * Strategy: the timers that the application has on its server are as they are under a plain ServerResponse: each stage of a
 * connection with our response is compared with one that Node answered by itself. Where one fires, the body is a failure.
 */
import { once } from 'node:events';
import type { Server as HttpServer, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable, type Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { seal } from '../../src/node/seal/seal.ts';
import { respond } from '../../src/node/send/respond.ts';
import { ASKING, AWARE, dial, get, LAST_CHUNK, OLD, PLAIN } from '../support/dial.ts';
import { begin, serve, stuck, until } from '../support/servers.ts';

interface Stage {
  timeout: number | undefined;
  /** Of 'timeout'. */
  listeners: number;
}

/** What the timers of the socket are at each stage of two requests, one after the other. */
async function stages(answer: (res: ServerResponse, text: string) => void, request: string): Promise<Stage[]> {
  const seen: Stage[] = [];
  const look = (socket: Socket) => seen.push({ timeout: socket.timeout, listeners: socket.listenerCount('timeout') });
  const { server, port } = await serve((req, res) => {
    look(req.socket);
    answer(res, 'text');
    look(req.socket);
    res.once('finish', () => look(req.socket));
  });
  Object.assign(server, { timeout: 77_000, keepAliveTimeout: 55_000 });
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const wire = dial(port);
  for (const count of [4, 8]) {
    wire.send(request);
    await wire.until(LAST_CHUNK);
    await until(() => seen.length === count - 1);
    look((await accepted)[0]); // it waits for the next request
  }
  return seen;
}

test('server.timeout and server.keepAliveTimeout are as they were, through two responses', async () => {
  const plain = await stages((res, text) => {
    res.write(text);
    res.end();
  }, PLAIN);
  const ours = await stages(
    (res, text) => void begin(Readable.from([text]), respond(res, { idleTimeout: 20_000 })),
    PLAIN,
  );
  expect(ours).toEqual(plain);
});

describe('server.timeout fires while the body is open', () => {
  test.each([
    ['HTTP/1.1', PLAIN, 'FIN'],
    ['asked', AWARE, 'FIN'],
    ['HTTP/1.0', OLD, 'ECONNRESET'],
  ])('%s: a failure that the client sees', async (_, request, end) => {
    const { server, port } = await serve((_req, res) => void begin(stuck(), respond(res)));
    (server as HttpServer).timeout = 400;
    const wire = dial(port, request);
    await wire.until('data');
    const closed = await wire.closed();
    expect(closed.octets).not.toContain(LAST_CHUNK);
    expect(closed.end).toBe(end);
  });

  test.each<[string, (res: ServerResponse) => Writable]>([
    ['respond', (res) => respond(res)],
    ['seal', (res) => seal(res)],
  ])('a client that asked is told, by res.setTimeout too: %s', async (_, target) => {
    const { server, port } = await serve(({ url }, res) => {
      if (url === '/own') res.setTimeout(50);
      stuck().pipe(target(res));
    });
    const own = dial(port, AWARE.replace('/', '/own'));
    expect((await own.closed()).octets).toContain('X-Stream-Status: error;bytes=4;type=');
    const asking = dial(port, ASKING.replace('/', '/own'));
    expect((await asking.closed()).octets).toContain('\r\n1;x-stream-status="error;type=');
    (server as HttpServer).timeout = 400;
    const wire = dial(port, AWARE);
    expect((await wire.closed()).octets).toContain('X-Stream-Status: error;bytes=4;type=');
  });

  test('closeAllConnections is meant', async () => {
    const { server, port } = await serve((_req, res) => void begin(stuck(), respond(res)));
    const wire = dial(port, AWARE);
    await wire.until('data');
    (server as HttpServer).closeAllConnections();
    const { octets } = await wire.closed();
    expect(octets).not.toContain('X-Stream-Status: error');
  });

  test("a listener of the application's own decides, and the body goes on", async () => {
    const source = stuck();
    const { server, port } = await serve((_req, res) => void begin(source, respond(res)));
    (server as HttpServer).setTimeout(400, () => source.push(null));
    const wire = dial(port, get());
    expect(await wire.until(LAST_CHUNK)).toContain(`4\r\ndata\r\n${LAST_CHUNK}`);
  });
});
