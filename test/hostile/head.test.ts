/** Strategy: a message head without end, in each of the ways, at both ends: refused at a bound, and never parsed whole. */
import { describe, expect, test } from 'vitest';
import { readRequest } from '../../src/node/head/read-request.ts';
import { closed, connection } from '../support/sockets.ts';
import { flood, flooding, GIB, MemoryPeak, MIB, viaReceive } from './peers.ts';

const FIELDS = 'A: b\r\n';

describe('receive', () => {
  test.each([
    ['a status line without end', 'HTTP/1.1 200 ', 'O'],
    ['a field without end', 'HTTP/1.1 200 OK\r\nA: ', 'b'],
    ['RFC 9112 §5: a million header fields', 'HTTP/1.1 200 OK\r\n', FIELDS],
    ['RFC 9112 §5.2: a field folded without end', 'HTTP/1.1 200 OK\r\nA: b', '\r\n c'],
    ['RFC 9110 §15.2: interim responses without end', '', 'HTTP/1.1 100 Continue\r\n\r\n'],
    ['RFC 9110 §15.2: interim responses with fields, without end', '', `HTTP/1.1 103 E\r\n${FIELDS.repeat(99)}\r\n`],
  ])('%s: ERR_HEAD_LIMIT', async (_, beginning, piece) => {
    const peer = await flooding(beginning, piece, GIB);
    const outcome = await viaReceive(peer.port);
    expect(outcome).toMatchObject({ code: 'ERR_HEAD_LIMIT', kind: undefined });
    expect(peer.sent).toBeLessThan(32 * MIB);
    expect(outcome.peakBytes).toBeLessThan(64 * MIB);
  });

  test('RFC 9112 §5: more fields than one would look through, in a head that is small enough: ERR_HEAD_LIMIT', async () => {
    const peer = await flooding(`HTTP/1.1 200 OK\r\n${FIELDS.repeat(257)}\r\n`, 'x', 1000);
    expect(await viaReceive(peer.port)).toMatchObject({ code: 'ERR_HEAD_LIMIT', kind: undefined });
  });

  test('a million header fields that the reader allows: bounded by what he allows', async () => {
    const limits = { maxHeadBytes: 16 * MIB, maxHeadFields: 2_000_000 };
    const peer = await flooding('HTTP/1.1 200 OK\r\n', FIELDS, 6 * 1_000_000, '\r\n');
    const outcome = await viaReceive(peer.port, { limits, idleTimeout: 1000 });
    expect(outcome).toMatchObject({ code: 'ERR_BODY_TIMEOUT', kind: 'truncated', bytes: 0 });
  });
});

describe('readRequest', () => {
  test.each([
    ['a request line without end', 'GET /', 'a'],
    ['a field without end', 'GET / HTTP/1.1\r\nA: ', 'b'],
    ['RFC 9112 §5: a million header fields', 'GET / HTTP/1.1\r\n', FIELDS],
  ])('%s: ERR_HEAD_LIMIT', async (_, beginning, piece) => {
    const { peakBytes, sent, error } = await request(beginning, piece);
    expect(error).toMatchObject({ code: 'ERR_HEAD_LIMIT' });
    expect(sent).toBeLessThan(32 * MIB);
    expect(peakBytes).toBeLessThan(64 * MIB);
  });

  test('RFC 9112 §2.2: empty lines without end: ERR_HEAD_MALFORMED', async () => {
    expect((await request('', '\r\n')).error).toMatchObject({ code: 'ERR_HEAD_MALFORMED' });
  });
});

async function request(beginning: string, piece: string) {
  const { client, server } = await connection();
  client.on('error', () => {});
  const memory = new MemoryPeak();
  let sent = 0;
  client.write(beginning, 'latin1');
  const octets = Buffer.from(piece.repeat(Math.floor(65536 / piece.length)), 'latin1');
  void flood(client, octets, GIB / octets.length, (bytes) => {
    sent += bytes;
  });
  const error = await readRequest(server).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  server.destroy();
  await closed(client);
  return { error, sent, peakBytes: memory.stop() };
}
