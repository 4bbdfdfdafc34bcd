/**
 * Strategy: what becomes of the connection behind a response: kept, handed back with what the client sent meanwhile, or
 * closed. A raw client sends several requests and reads the octets of all answers.
 */
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { readRequest } from '../../../src/node/head/read-request.ts';
import { respond } from '../../../src/node/send/respond.ts';
import { closed, connection, listenerCounts } from '../../support/sockets.ts';
import { Wire } from '../../support/wire.ts';
import { ABORT_CHUNK, answer, answerNext, failing, LAST_CHUNK, messageFrom, TRAILERS } from './answering.ts';

const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;

describe('RFC 9112 §9.3: a kept connection', () => {
  test('answers request after request, with no listener left but one for late errors', async () => {
    const { client, server } = await connection();
    const wire = new Wire(client);
    const before = listenerCounts(server);
    for (const word of ['one', 'two', 'three']) {
      wire.send(TRAILERS);
      const { outcome } = await answerNext(server, Readable.from([word]));
      expect(await outcome).toBeUndefined();
      expect(messageFrom(await wire.until('=:\r\n\r\n')).body.startsWith(`${word.length}\r\n${word}\r\n0\r\n`)).toBe(
        true,
      );
      expect(listenerCounts(server)).toEqual({ ...before, error: 1 });
    }
  });

  test('after each body without content', async () => {
    const { client, server } = await connection();
    const wire = new Wire(client);
    for (const [method, status] of [
      ['HEAD', 200],
      ['GET', 204],
      ['GET', 304],
    ] as const) {
      wire.send(`${method} / HTTP/1.1\r\n\r\n`);
      await (await answerNext(server, Readable.from(['not sent']), { status })).outcome;
      const { statusLine, fields, body } = messageFrom(await wire.until('\r\n\r\n'));
      expect(statusLine).toContain(` ${status} `);
      expect(Object.keys(fields)).toEqual(['date']);
      expect(body).toBe('');
    }
    server.end();
    expect((await wire.closed()).octets).toBe('');
  });
});

describe('RFC 9112 §9.3.2: pipelined requests', () => {
  test('sent in one segment are answered in order', async () => {
    const { client, server } = await connection();
    const wire = new Wire(client);
    wire.send(get('/1') + get('/2') + get('/3'));
    for (const target of ['/1', '/2', '/3']) {
      const request = await readRequest(server);
      expect(request.target).toBe(target);
      const response = respond(server, { request });
      response.end(target);
      await closed(response);
    }
    expect((await wire.until(`/3\r\n${LAST_CHUNK}`)).match(/\/[123]\r\n0\r\n\r\n/g)).toEqual(
      ['/1', '/2', '/3'].map((target) => `${target}\r\n${LAST_CHUNK}`),
    );
  });

  test('that come while a response is being sent are held, in order, until it has ended', async () => {
    const { client, server } = await connection();
    const source = new PassThrough();
    const { wire, outcome } = await answer(get('/1'), source, {}, { client, server });
    source.write('a');
    await wire.until('1\r\na\r\n');
    const second = get('/2');
    for (const part of [second.slice(0, 9), second.slice(9), get('/3'), 'GET /4 HT']) wire.send(part);
    source.end('b');
    expect(await outcome).toBeUndefined();
    for (const target of ['/2', '/3']) expect((await readRequest(server)).target).toBe(target);
    client.end();
    await expect(readRequest(server)).rejects.toMatchObject({ code: 'ERR_NO_REQUEST', bytes: 9 });
  });

  test('the client may send FIN behind them where the server allows half-open connections', async () => {
    const { client, server } = await connection({ clientAllowsHalfOpen: true, serverAllowsHalfOpen: true });
    const wire = new Wire(client);
    client.end(get('/1') + get('/2'), 'latin1');
    const source = new PassThrough();
    const first = respond(server, { request: await readRequest(server) });
    source.pipe(first);
    source.write('a');
    await wire.until('1\r\na\r\n');
    source.write('b'); // its way there and back is time enough for the FIN
    await wire.until('1\r\nb\r\n');
    source.end();
    await closed(first);
    expect(first.ending).toBe('plain');
    expect((await readRequest(server)).target).toBe('/2');
  });
});

describe('RFC 9112 §9.6: the connection is closed behind the response', () => {
  test.each([
    ['the client said close', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', {}],
    ['the application said close', get('/'), { headers: { Connection: 'close' } }],
    ['the request had content', 'POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello', {}],
    ['the request had chunked content', 'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', {}],
    ['the request had content that is still to come', 'POST / HTTP/1.1\r\nContent-Length: 999\r\n\r\n', {}],
  ])('%s: which its head does not say, since it may fail yet', async (_, request, options) => {
    const { wire, server, outcome } = await answer(request, Readable.from(['a']), options);
    expect(await outcome).toBeUndefined();
    const { octets, end } = await wire.closed();
    const { fields, body } = messageFrom(octets);
    expect(fields).not.toHaveProperty('connection');
    expect(body).toBe(`1\r\na\r\n${LAST_CHUNK}`);
    expect(end).toBe('FIN');
    await closed(server);
  });

  test('a large content that nobody reads does not become an RST that destroys the response', async () => {
    const { client, server } = await connection();
    const words = 'x'.repeat(100_000);
    const { wire, outcome } = await answer(
      `POST / HTTP/1.1\r\nX-Want-Stream-Status: ?1\r\nContent-Length: 5000000\r\n\r\n${'y'.repeat(5_000_000)}`,
      failing([words]),
      {},
      { client, server },
    );
    expect(await outcome).toBeInstanceOf(Error);
    const { octets, end } = await wire.closed();
    expect(messageFrom(octets).body).toBe(`186a0\r\n${words}\r\n${ABORT_CHUNK}`);
    expect(end).toBe('FIN');
  });

  test('a client that sends all its content before it reads is no deadlock', async () => {
    const { client, server } = await connection();
    const source = new PassThrough();
    client.write('POST / HTTP/1.1\r\nContent-Length: 67108864\r\n\r\n');
    const { outcome } = await answerNext(server, source);
    source.write('a');
    await new Promise<void>((resolve) => client.write(Buffer.alloc(64 << 20), () => resolve()));
    source.end('b');
    const wire = new Wire(client);
    expect(await outcome).toBeUndefined();
    expect((await wire.closed()).octets.replaceAll(/1\r\n([ab])\r\n/g, '$1')).toMatch(/\r\n\r\nab0\r\n\r\n$/);
  });

  test('another request is not read from it, before or after: that is known at once', async () => {
    const ends = await connection({ clientAllowsHalfOpen: true });
    const closing = `GET /1 HTTP/1.1\r\nConnection: close\r\n\r\n${get('/2')}`;
    const { wire, server, outcome } = await answer(closing, Readable.from(['a']), { lingerTimeout: 60_000 }, ends);
    await outcome;
    wire.send(get('/3'));
    await expect(readRequest(server)).rejects.toMatchObject({ code: 'ERR_NO_REQUEST' });
    expect(server.destroyed).toBe(false);
  });
});

describe('one response at a time', () => {
  test('a second one on a busy socket is an Error, and does the first no harm', async () => {
    const { client, server } = await connection();
    const wire = new Wire(client);
    wire.send(get('/'));
    const request = await readRequest(server);
    const response = respond(server, { request });
    response.write('a');
    expect(() => respond(server, { request })).toThrow(/still open/);
    response.end('b');
    expect((await wire.until(LAST_CHUNK)).replaceAll(/[12]\r\n([ab]+)\r\n/g, '$1')).toMatch(/\r\n\r\nab0\r\n\r\n$/);
    await closed(response);
    respond(server, { request }).end();
    await wire.until(LAST_CHUNK);
  });
});
