/**
 * Strategy: what becomes of the socket behind a response: the caller's again, with the octets that came behind it, where
 * the framing was whole and the connection may go on; destroyed in every other case.
 */
import { describe, expect, test } from 'vitest';
import { type ReceiveOptions, receive } from '../../../src/node/receive/receive.ts';
import { HELLO_WORLD, HELLO_WORLD_SHA_256 } from '../../support/hashing.ts';
import { closed, connection, listenerCounts, until } from '../../support/sockets.ts';
import { Wire } from '../../support/wire.ts';
import { CHUNKED, consume, received, SEALED } from './receiving.ts';

const SEAL = `Content-Digest: ${HELLO_WORLD_SHA_256}\r\n\r\n`;
const CHUNK = `13\r\n${HELLO_WORLD}\r\n`;
const COMPLETE = `${SEALED}${CHUNK}0\r\nX-Stream-Status: ok;bytes=19\r\n${SEAL}`;
const FAILED = `${SEALED}${CHUNK}0\r\nX-Stream-Status: error;bytes=19;type=timeout\r\n${SEAL}`;

/** Messages behind which the connection goes on, and what their stream ends with. */
const KEPT: [string, string, string | undefined, ReceiveOptions?][] = [
  ['complete', COMPLETE, undefined],
  ['a clean failure', FAILED, 'ERR_BODY_FAILED'],
  ['unverified, and that is an error', `${SEALED}${CHUNK}0\r\n\r\n`, 'ERR_BODY_UNVERIFIED'],
  ['unverified, and that is none', `${CHUNKED}${CHUNK}0\r\n\r\n`, undefined],
  ['Content-Length', `HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n${HELLO_WORLD}`, undefined],
  ['no content, by its length', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', undefined],
  ['an answer to HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n', undefined, { method: 'HEAD' }],
  ['an answer to HEAD: nothing to vouch for', SEALED, undefined, { method: 'HEAD', require: 'always' }],
  ['204', 'HTTP/1.1 204 No Content\r\n\r\n', undefined],
  ['304', 'HTTP/1.1 304 Not Modified\r\nTrailer: X-Stream-Status\r\n\r\n', undefined],
  ['HTTP/1.0, kept alive', `HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n`, undefined],
];

describe('RFC 9112 §9.3: kept', () => {
  test.each(KEPT)(
    '%s: the octets behind it are put back, and a second response is received',
    async (_, octets, code, options) => {
      const { client, body } = await received(octets + COMPLETE, options);
      expect((await consume(body)).error?.code).toBe(code);
      expect(client.destroyed).toBe(false);
      const second = await receive(client);
      expect(await consume(second.body)).toEqual({ data: HELLO_WORLD, error: undefined });
      expect(await second.body.verdict).toMatchObject({ kind: 'complete' });
    },
  );

  test.each(KEPT)(
    '%s: the socket is paused, and has one listener more, for late errors',
    async (_, octets, __, options) => {
      const { client, server } = await connection();
      const before = listenerCounts(client);
      server.write(octets, 'latin1');
      const { body } = await receive(client, options);
      await consume(body);
      await body.verdict;
      expect(listenerCounts(client)).toEqual({ ...before, error: 1 });
      expect(client.isPaused()).toBe(true);
    },
  );

  test('what comes behind it later is the caller’s', async () => {
    const { client, server, body } = await received(COMPLETE);
    await consume(body);
    const wire = new Wire(client);
    client.resume();
    server.write('something else\n');
    expect(await wire.until('\n')).toBe('something else\n');
  });

  test('a hundred responses in one segment', async () => {
    const { client, server } = await connection();
    server.end(COMPLETE.repeat(100), 'latin1');
    for (let at = 0; at < 99; at++) {
      const { body } = await receive(client);
      expect((await consume(body)).data).toBe(HELLO_WORLD);
    }
    const { body } = await receive(client);
    expect(await consume(body)).toEqual({ data: HELLO_WORLD, error: undefined });
  });
});

describe('leftoverBytes: what came behind a response for which nothing more was asked', () => {
  test.each(KEPT)('%s: is counted, and not parsed', async (_, octets, __, options) => {
    const { client, body } = await received(`${octets}HTTP/1.1 200 OK\r\n`, options);
    await consume(body);
    await body.verdict;
    expect(body.leftoverBytes).toBe(17);
    expect(String(client.read())).toBe('HTTP/1.1 200 OK\r\n');
  });

  test.each(KEPT)('%s: and 0 where there is nothing', async (_, octets, __, options) => {
    const { body } = await received(octets, options);
    await consume(body);
    await body.verdict;
    expect(body.leftoverBytes).toBe(0);
  });

  test('is told where the connection does not go on, too', async () => {
    const { client, body } = await received(`${COMPLETE.replace('\r\n', '\r\nConnection: close\r\n')}more`);
    await consume(body);
    expect(body.leftoverBytes).toBe(4);
    await closed(client);
  });

  test('0 while the body goes on, and where its framing failed: nobody knows where it would have ended', async () => {
    const { client, server, body } = await received(`${CHUNKED}5\r\nhello\r\n`);
    await new Promise((resolve) => body.once('readable', resolve));
    expect(body.leftoverBytes).toBe(0);
    server.write('Xmore');
    expect((await consume(body)).error?.code).toBe('ERR_BODY_MALFORMED');
    expect(body.leftoverBytes).toBe(0);
    await closed(client);
  });

  test('what comes later: a kept socket with a listener for it is destroyed before it is used again', async () => {
    const { client, server, body } = await received(COMPLETE);
    await consume(body);
    expect(body.leftoverBytes).toBe(0);
    client.once('data', () => client.destroy()).resume();
    server.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
    await closed(client);
    await expect(receive(client)).rejects.toMatchObject({ code: 'ERR_NO_RESPONSE', bytes: 0 });
  });
});

test('one at a time: a second receive is an Error, and does the first no harm', async () => {
  const { client, server, body } = await received(`${CHUNKED}13\r\n`);
  await expect(receive(client)).rejects.toThrow(/still being read/);
  server.write(`${HELLO_WORLD}\r\n0\r\n\r\n${COMPLETE}`);
  expect(await consume(body)).toEqual({ data: HELLO_WORLD, error: undefined });
  expect((await consume((await receive(client)).body)).data).toBe(HELLO_WORLD);
});

describe('destroyed', () => {
  test.each<[string, string, string | undefined, ReceiveOptions?]>([
    ['malformed', `${CHUNKED}X`, 'ERR_BODY_MALFORMED'],
    ['over a limit', `${CHUNKED}${CHUNK}`, 'ERR_BODY_LIMIT', { limits: { maxBodyBytes: 5 } }],
    ['RFC 9112 §9.6: Connection: close', COMPLETE.replace('\r\n', '\r\nConnection: close\r\n'), undefined],
    ['HTTP/1.0 by default', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', undefined],
    ['a count that disagrees', COMPLETE.replace('bytes=19', 'bytes=18'), 'ERR_BODY_MISMATCH'],
    ['a digest that disagrees', COMPLETE.replace('hello', 'HELLO'), 'ERR_BODY_MISMATCH'],
  ])('%s', async (_, octets, code, options) => {
    const { client, body } = await received(octets, options);
    expect((await consume(body)).error?.code).toBe(code);
    await closed(client);
    expect(client.destroyed).toBe(true);
    await expect(receive(client)).rejects.toMatchObject({ code: 'ERR_NO_RESPONSE', bytes: 0 });
  });

  test.each([
    ['truncated', CHUNKED + CHUNK, 'ERR_BODY_TRUNCATED'],
    ['an abort chunk', `${CHUNKED}1;x-stream-status="error"\r\n`, 'ERR_BODY_FAILED'],
    ['until close', 'HTTP/1.1 200 OK\r\n\r\na', undefined],
  ])('%s, by FIN', async (_, octets, code) => {
    const { client, server, body } = await received(octets);
    server.end();
    expect((await consume(body)).error?.code).toBe(code);
    await closed(client);
  });

  test.each([
    ['behind a chunk', CHUNKED + CHUNK, HELLO_WORLD, 25],
    ['in a chunk-size line', `${CHUNKED}${CHUNK}5`, HELLO_WORLD, 26],
    ['in chunk-data', `${CHUNKED}${CHUNK}5\r\nhel`, `${HELLO_WORLD}hel`, 31],
    ['behind the last-chunk', `${CHUNKED}${CHUNK}0\r\n`, HELLO_WORLD, 28],
    ['in the trailer section', COMPLETE.slice(0, -5), HELLO_WORLD, COMPLETE.length - SEALED.length - 5],
    ['in an announced length', `HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n${HELLO_WORLD}`, HELLO_WORLD, 19],
    ['RFC 9112 §6.3 rule 8: in a body until close', `HTTP/1.1 200 OK\r\n\r\n${HELLO_WORLD}`, HELLO_WORLD, undefined],
  ])('truncated, by RST %s: and at which octet', async (_, octets, content, offset) => {
    const { client, server, body } = await received(octets);
    const outcome = consume(body);
    await until(() => client.bytesRead === octets.length);
    server.resetAndDestroy();
    const { data, error } = await outcome;
    expect(data).toBe(content);
    expect(error).toMatchObject({ code: 'ERR_BODY_TRUNCATED', bytes: content.length, offset });
    expect(await body.verdict).toMatchObject({ kind: 'truncated', bytes: content.length, error: { offset } });
    await closed(client);
  });

  test('an abort chunk whose FIN comes as RST is a failure with its reason still', async () => {
    const octets = `${CHUNKED}${CHUNK}1;x-stream-status="error;type=timeout"\r\n`;
    const { client, server, body } = await received(octets);
    const outcome = consume(body);
    await until(() => client.bytesRead === octets.length);
    server.resetAndDestroy();
    expect((await outcome).error).toMatchObject({
      code: 'ERR_BODY_FAILED',
      verdict: { status: { type: 'timeout' } },
    });
  });

  test('by the caller: truncated too', async () => {
    const { client, body } = await received(CHUNKED + CHUNK);
    client.destroy();
    expect((await consume(body)).error).toMatchObject({ code: 'ERR_BODY_TRUNCATED' });
  });
});
