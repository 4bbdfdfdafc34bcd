/**
 * Strategy: readRequest over a real socket: pipelined requests, content that is left alone, the empty line that some
 * clients send first, and an error code for each way in which no request comes.
 */
import { describe, expect, test } from 'vitest';
import { HeadError } from '../../../src/core/errors.ts';
import { readRequest } from '../../../src/node/head/read-request.ts';
import { respond } from '../../../src/node/send/respond.ts';
import { connection } from '../../support/sockets.ts';
import { Wire } from '../../support/wire.ts';

describe('RFC 9112 §9.3.2: pipelined requests', () => {
  test('are read one at a time', async () => {
    const { client, server } = await connection();
    client.write('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: b\r\n\r\nGET /3 HT');
    expect(await readRequest(server)).toMatchObject({ target: '/1', headers: { host: 'a' } });
    expect(await readRequest(server)).toMatchObject({ target: '/2', headers: { host: 'b' } });
    client.end();
    await expect(readRequest(server)).rejects.toMatchObject({ code: 'ERR_NO_REQUEST', bytes: 9 });
  });

  test('content behind a head is left in the socket', async () => {
    const { client, server } = await connection();
    client.write('POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello');
    expect(await readRequest(server)).toMatchObject({ method: 'POST', rawHeaders: [['Content-Length', '5']] });
    const wire = new Wire(server);
    server.resume();
    expect(await wire.until('hello')).toBe('hello');
  });
});

test('RFC 9112 §2.2: an empty line before the request line is passed over', async () => {
  const { client, server } = await connection();
  client.write('\r\nGET / HTTP/1.1\r\n\r\n');
  expect(await readRequest(server)).toMatchObject({ method: 'GET', target: '/', httpVersion: '1.1', rawHeaders: [] });
});

describe('one at a time', () => {
  test('a second reader is an Error, and does the first no harm', async () => {
    const { client, server } = await connection();
    const first = readRequest(server);
    await expect(readRequest(server)).rejects.toThrow(/still being read/);
    client.write('GET / HTTP/1.1\r\n\r\n');
    expect(await first).toMatchObject({ target: '/' });
  });

  test('RFC 9112 §9.3.2: the next request waits for the response that is open', async () => {
    const { client, server } = await connection();
    const wire = new Wire(client);
    wire.send('GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n');
    const response = respond(server, { request: await readRequest(server) });
    let hasEnded = false;
    const next = readRequest(server).then((request) => ({ ...request, hasEnded }));
    response.write('a');
    await wire.until('1\r\na\r\n');
    hasEnded = true;
    response.end();
    expect(await next).toMatchObject({ target: '/2', hasEnded: true });
  });
});

describe('no request', () => {
  test('an orderly end between two requests', async () => {
    const { client, server } = await connection();
    client.end();
    const error = await readRequest(server).catch((reason) => reason);
    expect(error).toBeInstanceOf(HeadError);
    expect(error).toMatchObject({ code: 'ERR_NO_REQUEST', bytes: 0 });
  });

  test.each([
    ['malformed', 'GET /\r\n\r\n', 'ERR_HEAD_MALFORMED'],
    ['a bare LF, at once', 'GET / HTTP/1.1\n', 'ERR_HEAD_MALFORMED'],
    ['too long', `GET /${'a'.repeat(100)} HTTP/1.1\r\n\r\n`, 'ERR_HEAD_LIMIT'],
    ['too many fields', 'GET / HTTP/1.1\r\nA:\r\nB:\r\nC:\r\n\r\n', 'ERR_HEAD_LIMIT'],
  ])('%s: %j', async (_, text, code) => {
    const { client, server } = await connection();
    client.write(text);
    await expect(readRequest(server, { limits: { maxHeadBytes: 100, maxHeadFields: 2 } })).rejects.toMatchObject({
      code,
    });
  });

  test('the default limit is 65536 octets', async () => {
    const { client, server } = await connection();
    const [start, end] = ['GET / HTTP/1.1\r\nA: ', '\r\n\r\n'];
    client.write(start + 'b'.repeat(65536 - start.length - end.length) + end);
    expect((await readRequest(server)).headers).toHaveProperty('a');
    client.write(start + 'b'.repeat(65537 - start.length - end.length) + end);
    await expect(readRequest(server)).rejects.toMatchObject({ code: 'ERR_HEAD_LIMIT' });
  });

  test('too late', async () => {
    const { client, server } = await connection();
    client.write('GET / HT');
    await expect(readRequest(server, { headTimeout: 40 })).rejects.toMatchObject({ code: 'ERR_HEAD_TIMEOUT' });
    expect(server.destroyed).toBe(false); // it is the caller's, to answer 408
  });

  test('the signal', async () => {
    const { server } = await connection();
    const reason = new Error('shutting down');
    await expect(readRequest(server, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test('a limit that is none is a TypeError or RangeError', async () => {
    const { server } = await connection();
    await expect(readRequest(server, { limits: { maxHeadBytes: -1 } })).rejects.toThrow(RangeError);
    await expect(readRequest(server, { limits: { maxHead: 1 } as object })).rejects.toThrow(TypeError);
    await expect(readRequest(server, { headTimeout: -1 })).rejects.toThrow(RangeError);
  });
});

test.each([undefined, 'a socket', {}])('%s is no socket: a TypeError at once, and nothing later', async (value) => {
  await expect(readRequest(value as never)).rejects.toThrow(
    /^The socket to read from must be one of node:net or node:tls, not /,
  );
});
