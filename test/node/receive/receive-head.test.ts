/**
 * Strategy: everything that can happen before there is a body: heads good, interim, bad and absent. After a head that
 * cannot be read nobody knows where the next message starts, so the socket must be destroyed.
 */
import { describe, expect, test } from 'vitest';
import { HeadError } from '../../../src/core/errors.ts';
import { type ReceiveOptions, receive } from '../../../src/node/receive/receive.ts';
import { closed, connection } from '../../support/sockets.ts';
import { consume, received, refusal } from './receiving.ts';

/** What `receive` rejects with for these octets, with FIN behind them. */
async function refused(octets: string, options: ReceiveOptions = {}, isLast = true): Promise<HeadError> {
  const { client, server } = await connection();
  server.on('error', () => {});
  if (isLast) server.end(octets, 'latin1');
  else server.write(octets, 'latin1');
  const error = await refusal(client, options);
  expect(error).toBeInstanceOf(HeadError);
  expect(client.destroyed).toBe(true);
  return error;
}

const EMPTY = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

test('RFC 9112 §4: the head, as it came', async () => {
  const { response } = await received('HTTP/1.1 404 Nope\r\nX-A: b\r\nx-a: c\r\nContent-Length: 0\r\n\r\n');
  const { body, ...head } = response;
  expect(head).toEqual({
    statusCode: 404,
    statusMessage: 'Nope',
    httpVersion: '1.1',
    headers: { 'x-a': 'b, c', 'content-length': '0' },
    rawHeaders: [
      ['X-A', 'b'],
      ['x-a', 'c'],
      ['Content-Length', '0'],
    ],
  });
  expect(await consume(body)).toEqual({ data: '', error: undefined });
});

describe('RFC 9110 §15.2: interim responses', () => {
  test('are passed over, however many', async () => {
    const interim = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
    const { response } = await received(`${interim.repeat(3)}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi`);
    expect(response.statusCode).toBe(200);
    expect(response.headers).toEqual({ 'content-length': '2' });
    expect((await consume(response.body)).data).toBe('hi');
  });

  test('have no content, whatever they say', async () => {
    const { response } = await received(`HTTP/1.1 102 X\r\nContent-Length: 5\r\n\r\n${EMPTY}`);
    expect(response.statusCode).toBe(200);
  });

  test('are under the limit together with the head: they must end too', async () => {
    const interim = 'HTTP/1.1 100 Continue\r\n\r\n'; // 25 octets
    const limits = { maxHeadBytes: 25 * 3 + EMPTY.length };
    expect((await received(interim.repeat(3) + EMPTY, { limits })).response.statusCode).toBe(200);
    expect(await refused(interim.repeat(4) + EMPTY, { limits })).toMatchObject({ code: 'ERR_HEAD_LIMIT' });
    expect(await refused(interim.repeat(5), { limits }, false)).toMatchObject({ code: 'ERR_HEAD_LIMIT' });
  });

  test('without a final one: no response', async () => {
    expect(await refused('HTTP/1.1 100 Continue\r\n\r\n')).toMatchObject({ code: 'ERR_NO_RESPONSE' });
  });

  test('RFC 9110 §15.2.2: 101 was not asked for', async () => {
    expect(await refused(`HTTP/1.1 101 X\r\nUpgrade: a\r\n\r\n${EMPTY}`)).toMatchObject({ code: 'ERR_HEAD_MALFORMED' });
  });
});

describe('ERR_NO_RESPONSE: the socket closes first; the error says how much came', () => {
  test.each([
    ['', 0],
    ['HTTP/1.1', 8],
    [EMPTY.slice(0, -1), 37],
  ])('FIN behind %j', async (octets, bytes) => {
    expect(await refused(octets)).toMatchObject({ code: 'ERR_NO_RESPONSE', bytes });
  });

  test('RST, with its cause', async () => {
    const { client, server } = await connection();
    const error = refusal(client);
    server.resetAndDestroy();
    expect(await error).toMatchObject({ code: 'ERR_NO_RESPONSE', bytes: 0, cause: { code: 'ECONNRESET' } });
  });

  test('after a head that could not be read there is no second try', async () => {
    const { client, server } = await connection();
    server.write('ICY 200 OK\r\n\r\n');
    expect(await refusal(client)).toMatchObject({ code: 'ERR_HEAD_MALFORMED' });
    expect(await refusal(client)).toMatchObject({ code: 'ERR_NO_RESPONSE' });
  });

  test('a socket that is destroyed already', async () => {
    const { client } = await connection();
    await closed(client.destroy());
    expect(await refusal(client)).toMatchObject({ code: 'ERR_NO_RESPONSE', bytes: 0 });
  });
});

describe('ERR_HEAD_MALFORMED', () => {
  test.each([
    ['RFC 9112 §4: no status line', 'ICY 200 OK\r\n\r\n'],
    ['RFC 9112 §4: an empty line first', `\r\n${EMPTY}`],
    ['RFC 9112 §5: a field line without a colon', 'HTTP/1.1 200 OK\r\nA\r\n\r\n'],
    ['RFC 9112 §2.2: a bare LF, before the head is whole', 'HTTP/1.1 200 OK\n'],
    ['RFC 9112 §6.2: both framings', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['RFC 9112 §6.1: chunked twice', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n'],
    ['RFC 9112 §6.3: two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n'],
  ])('%s', async (_, octets) => {
    expect(await refused(octets, {}, false)).toMatchObject({ code: 'ERR_HEAD_MALFORMED' });
  });
});

describe('ERR_HEAD_LIMIT', () => {
  test('octets, without waiting for the end', async () => {
    const error = await refused(`HTTP/1.1 200 OK\r\nA: ${'b'.repeat(100)}`, { limits: { maxHeadBytes: 100 } }, false);
    expect(error).toMatchObject({ code: 'ERR_HEAD_LIMIT' });
  });

  test('field lines', async () => {
    const error = await refused(`HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\n\r\n`, { limits: { maxHeadFields: 1 } }, false);
    expect(error).toMatchObject({ code: 'ERR_HEAD_LIMIT' });
  });
});

describe('ERR_HEAD_TIMEOUT: no whole head came in time', () => {
  test('nothing came', async () => {
    expect(await refused('', { headTimeout: 40 }, false)).toMatchObject({ code: 'ERR_HEAD_TIMEOUT' });
  });

  test('interim responses do not extend the time', async () => {
    const { client, server } = await connection();
    server.on('error', () => {});
    const trickle = setInterval(() => server.write('HTTP/1.1 100 Continue\r\n\r\n'), 15);
    const error = await refusal(client, { headTimeout: 80 });
    clearInterval(trickle);
    expect(error).toMatchObject({ code: 'ERR_HEAD_TIMEOUT' });
  });
});

describe('the signal', () => {
  test.each(['before', 'meanwhile'])('aborted %s: its reason, and the socket is destroyed', async (when) => {
    const { client } = await connection();
    const controller = new AbortController();
    const reason = new Error('enough');
    if (when === 'before') controller.abort(reason);
    const error = refusal(client, { signal: controller.signal });
    controller.abort(reason);
    expect(await error).toBe(reason);
    expect(client.destroyed).toBe(true);
  });
});

test.each([
  ['require', { require: 'sometimes' }, TypeError],
  ['a digest', { digest: 'md5' }, TypeError],
  ['a limit', { limits: { maxBody: 1 } }, TypeError],
  ['a negative limit', { limits: { maxBodyBytes: -1 } }, RangeError],
  ['a timeout', { headTimeout: '5' }, TypeError],
  ['a negative timeout', { idleTimeout: -1 }, RangeError],
] as const)('an option that is none is an error, and the socket stays as it is: %s', async (_, options, type) => {
  const { client } = await connection();
  await expect(receive(client, options as ReceiveOptions)).rejects.toThrow(type);
  expect(client.destroyed).toBe(false);
});
