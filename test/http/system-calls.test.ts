/** What is written and ended in one tick leaves in one system call: Node's own response does, and so do ours. */
import http, { type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { seal } from '../../src/node/seal/seal.ts';
import { respond } from '../../src/node/send/respond.ts';
import { AWARE, dial, messageFrom, OLD, PLAIN } from '../support/dial.ts';
import { HELLO_WORLD } from '../support/hashing.ts';
import { serve } from '../support/servers.ts';

/** Counts what Node hands to the kernel from now on. */
function countingWrites(socket: Socket | null): () => number {
  const { _handle: handle } = socket as unknown as { _handle: Record<string, (...args: unknown[]) => unknown> };
  let count = 0;
  for (const name of ['writev', 'writeBuffer', 'writeLatin1String', 'writeUtf8String', 'writeAsciiString']) {
    const before = handle[name]!;
    handle[name] = (...args) => {
      count++;
      return before.apply(handle, args);
    };
  }
  return () => count;
}

type Wrap = (res: ServerResponse) => Writable;
const WRAPS: [string, Wrap][] = [
  ['res', (res) => res],
  ['seal(res)', seal],
  ['respond(res)', (res) => respond(res)],
];
const CLIENTS: [string, string][] = [
  ['asks for nothing', PLAIN],
  ['asks for everything', AWARE],
  ['is old', OLD],
];

test.each(WRAPS.flatMap(([name, wrap]) => CLIENTS.map(([client, request]) => [name, client, wrap, request] as const)))(
  '%s, for a client that %s',
  async (_name, _client, wrap, request) => {
    let writes = () => 0;
    const { port } = await serve((_req, res) => {
      writes = countingWrites(res.socket);
      const body = wrap(res);
      body.write(HELLO_WORLD);
      body.end();
    });
    const octets = await dial(port, request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')).closed();
    expect(messageFrom(octets.octets).statusLine).toContain(' 200 ');
    expect(writes()).toBe(1);
  },
);

test('a sealed upload', async () => {
  let writes = () => 0;
  const { port } = await serve((req, res) => req.resume().on('end', () => res.end()));
  await new Promise((resolve, reject) => {
    const request = http.request({ port, method: 'POST', agent: false }, (message) =>
      message.resume().on('end', resolve),
    );
    request.on('error', reject).on('socket', (socket) =>
      socket.on('connect', () => {
        writes = countingWrites(socket);
        seal(request);
        request.write(HELLO_WORLD);
        request.end();
      }),
    );
  });
  expect(writes()).toBe(1);
});
