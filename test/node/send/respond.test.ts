/**
 * Strategy: the good ending of every row of x-stream-status 3, octet for octet as a client without any HTTP sees it. The
 * content is that of RFC 9530's examples, so that its digests are printed there.
 */
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { type RespondOptions, respond } from '../../../src/node/send/respond.ts';
import { HELLO_WORLD, HELLO_WORLD_SHA_256, HELLO_WORLD_SHA_512 } from '../../support/hashing.ts';
import { closed, connection } from '../../support/sockets.ts';
import { AWARE, answer, LAST_CHUNK, messageFrom, OLD, PLAIN, TRAILERS } from './answering.ts';

const DATE = 'Thu, 01 Jan 1970 00:00:00 GMT';
const CHUNK = `13\r\n${HELLO_WORLD}\r\n`; // 19 octets
const hello = () => Readable.from([HELLO_WORLD]);

/** Runs one good response whose connection is kept, and returns it with its ending. */
async function good(request: string, options: RespondOptions = {}, source = hello()) {
  const { wire, server, response, outcome } = await answer(request, source, {
    ...options,
    headers: { Date: DATE, ...(options.headers as Record<string, string>) },
  });
  expect(await outcome).toBeUndefined();
  expect(server.writable).toBe(true);
  server.end();
  const { octets, end } = await wire.closed();
  expect(end).toBe('FIN');
  return { ...messageFrom(octets), ending: response.ending };
}

describe('the good ending of each request', () => {
  // RFC 9110 §12.5.5: a failure that ends cleanly must not come to others out of a cache.
  test.each([
    ['TE and the wish for the status', AWARE, { vary: 'X-Want-Stream-Status' }],
    ['TE alone', TRAILERS, {}],
  ])('RFC 9112 §7.1.2: trailers: %s', async (_, request, further) => {
    expect(await good(request)).toEqual({
      statusLine: 'HTTP/1.1 200 OK',
      fields: { date: DATE, 'transfer-encoding': 'chunked', trailer: 'X-Stream-Status, Content-Digest', ...further },
      body: `${CHUNK}0\r\nX-Stream-Status: ok;bytes=19\r\nContent-Digest: ${HELLO_WORLD_SHA_256}\r\n\r\n`,
      ending: 'trailers',
    });
  });

  test('RFC 9112 §7.1: neither: a last-chunk and no trailers', async () => {
    expect(await good(PLAIN)).toEqual({
      statusLine: 'HTTP/1.1 200 OK',
      fields: { date: DATE, 'transfer-encoding': 'chunked' },
      body: CHUNK + LAST_CHUNK,
      ending: 'plain',
    });
  });

  test('RFC 9112 §6.3 rule 8: HTTP/1.0: the body ends with the connection, by FIN', async () => {
    const { wire, server, response, outcome } = await answer(OLD, hello(), { headers: { Date: DATE } });
    expect(await outcome).toBeUndefined();
    const { octets, end } = await wire.closed();
    expect(messageFrom(octets)).toEqual({
      statusLine: 'HTTP/1.1 200 OK',
      fields: { date: DATE },
      body: HELLO_WORLD,
    });
    expect(end).toBe('FIN');
    expect(response.ending).toBe('plain');
    await closed(server);
  });

  test.each([
    ['RFC 9110 §9.3.2: HEAD', AWARE.replace('GET', 'HEAD'), 200, 'HTTP/1.1 200 OK'],
    ['RFC 9110 §15.3.5: 204', AWARE, 204, 'HTTP/1.1 204 No Content'],
    ['RFC 9110 §15.4.5: 304', AWARE, 304, 'HTTP/1.1 304 Not Modified'],
  ])('%s: a head alone, though content was written', async (_, request, status, statusLine) => {
    expect(await good(request, { status })).toEqual({ statusLine, fields: { date: DATE }, body: '', ending: 'none' });
  });

  test('an empty body is sealed too', async () => {
    expect(await good(TRAILERS, {}, Readable.from([]))).toMatchObject({
      body:
        '0\r\nX-Stream-Status: ok;bytes=0\r\n' +
        'Content-Digest: sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:\r\n\r\n', // RFC 9530 B.2
      ending: 'trailers',
    });
  });

  test('RFC 9112 §7.1: empty writes make no chunk, which would end the body', async () => {
    const source = Readable.from([Buffer.alloc(0), Buffer.from('a'), Buffer.alloc(0)]);
    expect((await good(PLAIN, {}, source)).body).toBe(`1\r\na\r\n${LAST_CHUNK}`);
  });
});

describe('RFC 9530: the digest', () => {
  const digestOf = async (request: string, digest?: RespondOptions['digest']) => {
    const { fields, body } = await good(request, digest === undefined ? {} : { digest });
    return { trailer: fields.trailer, digest: /Content-Digest: (.*)\r\n/.exec(body)?.[1] };
  };
  const wanting = (value: string) => `${TRAILERS.slice(0, -2)}Want-Content-Digest: ${value}\r\n\r\n`;
  const both = 'X-Stream-Status, Content-Digest';

  test('§4: the client’s preference is honoured, over that of the application', async () => {
    const sha512 = { trailer: both, digest: HELLO_WORLD_SHA_512 };
    expect(await digestOf(wanting('sha-512=10'))).toEqual(sha512);
    expect(await digestOf(wanting('sha-256=1, sha-512=2'), 'sha-256')).toEqual(sha512);
    expect(await digestOf(wanting('sha-256=10'), 'sha-512')).toEqual({ trailer: both, digest: HELLO_WORLD_SHA_256 });
  });

  test('§4: refused digests are not sent, nor announced', async () => {
    expect(await digestOf(wanting('sha-256=0, sha-512=0'))).toEqual({ trailer: 'X-Stream-Status', digest: undefined });
    expect(await digestOf(wanting('sha-256=0'))).toEqual({ trailer: both, digest: HELLO_WORLD_SHA_512 });
  });

  test('§4: a wish for what is not supported leaves the default', async () => {
    expect(await digestOf(wanting('md5=10'))).toEqual({ trailer: both, digest: HELLO_WORLD_SHA_256 });
  });

  test('the application may choose another, several, or none', async () => {
    expect(await digestOf(TRAILERS, 'sha-512')).toEqual({ trailer: both, digest: HELLO_WORLD_SHA_512 });
    expect(await digestOf(TRAILERS, ['sha-256', 'sha-512'])).toEqual({
      trailer: both,
      digest: `${HELLO_WORLD_SHA_256}, ${HELLO_WORLD_SHA_512}`,
    });
    const none = { trailer: 'X-Stream-Status', digest: undefined };
    expect(await digestOf(TRAILERS, false)).toEqual(none);
    expect(await digestOf(wanting('sha-256=10'), false)).toEqual(none);
  });
});

test('content whose end is not proven is not sealed: no trailers, whatever the client asks for', async () => {
  expect(await good(AWARE, { seal: false })).toEqual({
    statusLine: 'HTTP/1.1 200 OK',
    fields: { date: DATE, 'transfer-encoding': 'chunked' },
    body: CHUNK + LAST_CHUNK,
    ending: 'plain',
  });
});

describe('extraTrailers', () => {
  const extraTrailers = {
    names: ['Server-Timing'],
    fields: () => [['Server-Timing', 'db;dur=53']] as [string, string][],
  };

  test('RFC 9110 §6.6.2: are announced, and sent behind the seal', async () => {
    const { fields, body } = await good(TRAILERS, { extraTrailers });
    expect(fields.trailer).toBe('X-Stream-Status, Content-Digest, Server-Timing');
    expect(body.slice(CHUNK.length)).toBe(
      `0\r\nX-Stream-Status: ok;bytes=19\r\nContent-Digest: ${HELLO_WORLD_SHA_256}\r\nServer-Timing: db;dur=53\r\n\r\n`,
    );
  });

  test('RFC 9110 §6.5.1: are not for a client that has not asked for trailers', async () => {
    const fields = () => expect.fail('nobody will see them');
    expect(await good(PLAIN, { extraTrailers: { names: ['Server-Timing'], fields } })).toMatchObject({
      fields: { date: DATE, 'transfer-encoding': 'chunked' },
      body: CHUNK + LAST_CHUNK,
    });
  });
});

describe('what is wrong with the call is an error at once, and the socket stays usable', () => {
  const request = { method: 'GET', httpVersion: '1.1', headers: {} };

  test.each<[string, RespondOptions, typeof TypeError | typeof RangeError]>([
    ['no request', {}, TypeError],
    ['RFC 9112 §6.2: a Content-Length', { request, headers: { 'Content-Length': 19 } }, TypeError],
    ['a Transfer-Encoding', { request, headers: { 'Transfer-Encoding': 'chunked' } }, TypeError],
    ['a field with a line break', { request, headers: { A: 'b\r\nc' } }, TypeError],
    ['an interim status', { request, status: 103 }, RangeError],
    ['an unknown digest', { request, digest: 'md5' as 'sha-256' }, TypeError],
    ['a name that may not trail', { request, extraTrailers: { names: ['Host'], fields: () => [] } }, TypeError],
    ['a timeout that is no number', { request, idleTimeout: '5' as unknown as number }, TypeError],
    ['a negative timeout', { request, lingerTimeout: -1 }, RangeError],
    ['a signal that is none', { request, signal: {} as AbortSignal }, TypeError],
  ])('%s', async (_, options, type) => {
    const { server } = await connection();
    expect(() => respond(server, options)).toThrow(expect.objectContaining({ name: type.name }));
    respond(server, { request }).end();
  });
});

test.each([
  ['undefined', undefined],
  ['a string', 'text'],
  ['an object', {}],
  ['a Response of fetch', new Response('text')],
])('%s is a TypeError that says what respond takes', (_name, value) => {
  expect(() => respond(value as never)).toThrow(/^respond takes a response of node:http /);
});
