/**
 * What the cases found beside silent successes: a body without an octet that fails the moment it is received must tell
 * whoever listens right behind `await receive(...)`, as docs/receive.md says ("`pipeline`, `finished`, `for await` and `'error'`
 * all see it").
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { receive } from '../../src/node/receive/receive.ts';
import { withPlayer } from './player.ts';

test.each([
  ['Content-Length: 0', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ['an empty chunked body', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
])("x-stream-status 5.2: %s, require always: 'error' is told", async (_, text) => {
  await withPlayer(async (server) => {
    const { path } = server.add({ octets: Buffer.from(text), sign: 'FIN' });
    const socket = connect({ port: server.port, host: '127.0.0.1' });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    const { body } = await receive(socket, { require: 'always' });
    const [outcome] = await Promise.race([once(body.resume(), 'close').then(() => ['closed']), failure(body)]);
    expect(outcome).toMatchObject({ code: 'ERR_BODY_UNVERIFIED' });
  });
});

function failure(body: NodeJS.EventEmitter): Promise<unknown[]> {
  return new Promise((resolve) => body.once('error', (error) => resolve([error])));
}
