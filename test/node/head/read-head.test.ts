/**
 * Strategy: heads written to a real socket whole, in two parts at every place, and octet by octet; then each way in which
 * no head comes. What lies behind the head must still be in the socket, in order.
 */
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type ReadHeadOptions, readHead } from '../../../src/node/head/read-head.ts';
import { latin1 } from '../../support/octets.ts';
import { closed, connection, listenerCounts } from '../../support/sockets.ts';
import { Wire } from '../../support/wire.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nA: b\r\n\r\n';
const OPTIONS: ReadHeadOptions = { closedCode: 'ERR_NO_RESPONSE', maxHeadBytes: 64, timeout: 0 };

const read = async (socket: Socket, options: Partial<ReadHeadOptions> = {}) =>
  latin1(await readHead(socket, { ...OPTIONS, ...options }));

/** What a failed `readHead` rejected with. */
const failure = (socket: Socket, options: Partial<ReadHeadOptions> = {}) =>
  readHead(socket, { ...OPTIONS, ...options }).then(
    (head) => expect.fail(`a head came: ${latin1(head)}`),
    (error: unknown) => error,
  );

/** Writes the pieces, each when the reader has had the one before: it is a segment of its own. */
async function sendApart(client: Socket, server: Socket, pieces: readonly string[]): Promise<void> {
  let sent = 0;
  for (const piece of pieces) {
    client.write(piece, 'latin1');
    sent += piece.length;
    while (server.bytesRead < sent) await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('RFC 9112 §2.2: the head ends with the first empty line', () => {
  test('in one piece', async () => {
    const { client, server } = await connection();
    client.write(HEAD);
    expect(await read(server)).toBe(HEAD);
  });

  test('octet by octet, and cut in two anywhere', async () => {
    const { client, server } = await connection();
    const cuts = [[...HEAD], ...Array.from(HEAD.slice(1), (_, at) => [HEAD.slice(0, at + 1), HEAD.slice(at + 1)])];
    for (const pieces of cuts) {
      const sent = sendApart(
        client,
        server,
        pieces.filter((piece) => piece !== ''),
      );
      expect(await read(server)).toBe(HEAD);
      await sent;
    }
  });

  test('what came behind it stays in the socket, which is paused; one listener is left, for late errors', async () => {
    const { client, server } = await connection();
    const before = listenerCounts(server);
    client.write(`${HEAD}body\n${HEAD}`);
    expect(await read(server)).toBe(HEAD);
    expect(server.isPaused()).toBe(true);
    expect(listenerCounts(server)).toEqual({ ...before, error: 1 });
    const wire = new Wire(server);
    server.resume();
    expect(await wire.until(HEAD)).toBe(`body\n${HEAD}`);
  });

  test('two heads in one segment are read one after the other, and the orderly end after them', async () => {
    const { client, server } = await connection();
    client.end(HEAD + HEAD);
    expect(await read(server)).toBe(HEAD);
    expect(await read(server)).toBe(HEAD);
    expect(await failure(server)).toMatchObject({ code: 'ERR_NO_RESPONSE', bytes: 0 });
  });

  test('empty lines before it are passed over for a request, and not for a response', async () => {
    const { client, server } = await connection();
    client.write(`\r\n\r\n${HEAD}\r\n${HEAD}`);
    expect(await read(server, { closedCode: 'ERR_NO_REQUEST' })).toBe(HEAD);
    expect(await read(server)).toBe('\r\n');
    expect(await read(server)).toBe(HEAD);
  });

  test('empty lines before it, octet by octet', async () => {
    const { client, server } = await connection();
    const sent = sendApart(client, server, [...`\r\n\r\n${HEAD}`]);
    expect(await read(server, { closedCode: 'ERR_NO_REQUEST' })).toBe(HEAD);
    await sent;
  });
});

describe('RFC 9112 §2.2: a bare LF is refused at once, without waiting for more', () => {
  test.each([
    ['at the start', '\n', 0],
    ['in the start line', 'GET / HTTP/1.1\n', 14],
    ['in a field line', 'GET / HTTP/1.1\r\nA: b\n', 20],
    ['for the empty line', 'GET / HTTP/1.1\r\n\n', 16],
    ['behind CR CR', 'GET / HTTP/1.1\r\nA: b\r\r\n\n', 23],
  ])('%s', async (_, text, offset) => {
    const { client, server } = await connection();
    client.write(text);
    expect(await failure(server)).toMatchObject({ code: 'ERR_HEAD_MALFORMED', offset });
  });
});

describe('the limit on its length', () => {
  const head = (length: number) => `A: ${'b'.repeat(length - 7)}\r\n\r\n`;

  test('as long as the limit, with more behind it', async () => {
    const { client, server } = await connection();
    client.write(head(64) + 'x'.repeat(200));
    expect(await read(server)).toBe(head(64));
  });

  test.each([
    ['one octet longer', head(65)],
    ['no end in sight', 'A'.repeat(65)],
    ['many short lines', 'A:\r\n'.repeat(17)],
    ['far longer, in one segment', head(50_000)],
  ])('%s', async (_, text) => {
    const { client, server } = await connection();
    client.write(text);
    expect(await failure(server)).toMatchObject({ code: 'ERR_HEAD_LIMIT' });
  });
});

describe('no head', () => {
  test.each([
    ['FIN before any octet', '', 0],
    ['FIN in the start line', 'HTTP', 4],
    ['FIN before the last LF', HEAD.slice(0, -1), 24],
  ])('%s', async (_, text, bytes) => {
    const { client, server } = await connection();
    client.end(text);
    expect(await failure(server)).toMatchObject({ code: 'ERR_NO_RESPONSE', bytes });
  });

  test('RST, with its cause', async () => {
    const { client, server } = await connection();
    const error = failure(server, { closedCode: 'ERR_NO_REQUEST' });
    await sendApart(client, server, ['GET ']);
    client.resetAndDestroy();
    expect(await error).toMatchObject({ code: 'ERR_NO_REQUEST', bytes: 4, cause: { code: 'ECONNRESET' } });
  });

  test.each(['destroyed before', 'destroyed meanwhile'])('a socket that is %s', async (when) => {
    const { server } = await connection();
    if (when === 'destroyed before') await closed(server.destroy());
    const error = failure(server);
    server.destroy();
    expect(await error).toMatchObject({ code: 'ERR_NO_RESPONSE', bytes: 0 });
  });

  test('too late: octets that trickle in do not extend the time', async () => {
    const { client, server } = await connection();
    const trickle = setInterval(() => client.write('A'), 10);
    const error = await failure(server, { timeout: 80 });
    clearInterval(trickle);
    expect(error).toMatchObject({ code: 'ERR_HEAD_TIMEOUT' });
  });

  test('a signal, before and meanwhile: its reason; one listener is left, for late errors', async () => {
    const { server } = await connection();
    const before = listenerCounts(server);
    const reason = new Error('enough');
    expect(await failure(server, { signal: AbortSignal.abort(reason) })).toBe(reason);
    const controller = new AbortController();
    const error = failure(server, { signal: controller.signal });
    controller.abort(reason);
    expect(await error).toBe(reason);
    expect(listenerCounts(server)).toEqual({ ...before, error: 1 });
  });
});
