/**
 * Strategy: `relay` of what the fetch inside Node gives, from a scripted upstream, to a client that reads octets or verifies.
 * fetch hides trailers and has checked the framing, so nothing is ever sealed for it, and a failure is a failure.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../src/core/verdict.ts';
import { requestHeaders } from '../../src/node/head/request-headers.ts';
import { verify } from '../../src/node/receive/verify.ts';
import { type RelayOptions, relay } from '../../src/node/relay.ts';
import { respond } from '../../src/node/send/respond.ts';
import { AWARE, dial, LAST_CHUNK, messageFrom } from '../support/dial.ts';
import { HELLO_WORLD, HELLO_WORLD_SHA_256 } from '../support/hashing.ts';
import { ask, begin, drain, failing, originOf, serve, stuck } from '../support/servers.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n';
const CHUNK = `13\r\n${HELLO_WORLD}\r\n`; // 19 octets

interface Relaying {
  port: number;
  /** Of the first relay. */
  verdict: Promise<Verdict>;
}

async function relaying(
  respondUpstream: () => Promise<Response> | Response,
  options: RelayOptions = {},
): Promise<Relaying> {
  let settle!: (verdict: Promise<Verdict>) => void;
  const verdict = new Promise<Verdict>((resolve) => {
    settle = resolve;
  });
  const { port } = await serve(async (_, res) => {
    try {
      settle(relay(await respondUpstream(), res, options));
    } catch (error) {
      res.writeHead(502).end(String(error));
    }
  });
  return { port, verdict };
}

const fetching = async (octets: string, how?: 'FIN' | 'RST') => {
  const port = await originOf(octets, how);
  return (init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}/`, init);
};

const read = ({ port }: Relaying) =>
  ask({ port, headers: requestHeaders() }, (message) => verify(message)).then(async (body) => ({
    ...(await drain(body)),
    kind: (await body.verdict).kind,
  }));

test('a whole body goes on unsealed, with its fields, whoever asks', async () => {
  const fields =
    'Content-Type: text/csv\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nKeep-Alive: timeout=99\r\nVia: 1.0 up\r\n';
  const front = await relaying(await fetching(`${HEAD}${fields}\r\n${CHUNK}${LAST_CHUNK}`));
  const { fields: received, body } = messageFrom(await dial(front.port, AWARE).until(LAST_CHUNK));
  expect(body).toBe(`${CHUNK}${LAST_CHUNK}`);
  expect(received).toMatchObject({
    'content-type': ['text/csv'],
    'set-cookie': ['a=1', 'b=2'],
    via: ['1.0 up, 1.1 chunked-trailers'],
  });
  expect(Object.keys(received)).not.toContain('trailer');
  expect((await front.verdict).kind).toBe('unverified');
});

test('a seal that fetch has hidden is not made up for; `vouch` is the application’s own word', async () => {
  const { port } = await serve((_, res) => void begin([HELLO_WORLD], respond(res)));
  const upstream = () =>
    fetch(`http://127.0.0.1:${port}/`, { headers: { TE: 'trailers', 'X-Want-Stream-Status': '?1' } });
  expect(await read(await relaying(upstream))).toEqual({ data: HELLO_WORLD, code: undefined, kind: 'unverified' });
  expect((await read(await relaying(upstream, { vouch: true }))).kind).toBe('complete');
});

test.each([
  ['between chunks', `${HEAD}\r\n${CHUNK}`],
  ['below Content-Length', `HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n${HELLO_WORLD}`],
])('an upstream that is cut %s: truncated, and so is the client’s', async (_, octets) => {
  const front = await relaying(await fetching(octets), { vouch: true });
  const { kind } = await read(front);
  expect(['failed', 'truncated']).toContain(kind);
  expect((await front.verdict).kind).toBe('truncated');
});

test('a failure that a proxy has moved to the head is a failure, though a digest vouches for what came', async () => {
  const moved = `X-Stream-Status: error;type=source_error\r\nContent-Digest: ${HELLO_WORLD_SHA_256}\r\n`;
  const front = await relaying(await fetching(`HTTP/1.1 200 OK\r\nContent-Length: 19\r\n${moved}\r\n${HELLO_WORLD}`));
  const { kind } = await read(front);
  expect(['failed', 'truncated']).toContain(kind);
  expect(await front.verdict).toMatchObject({ kind: 'failed', status: { type: 'source_error' } });
});

test('require: "always" is a failure of each body that was not proven', async () => {
  const front = await relaying(await fetching(`${HEAD}\r\n${CHUNK}${LAST_CHUNK}`), { require: 'always' });
  expect(['failed', 'truncated']).toContain((await read(front)).kind);
});

test('RFC 9530 §2: what fetch has decoded is not what the digests and the length are of', async () => {
  const coded = gzipSync('text '.repeat(1000));
  const digest = createHash('sha256').update(coded).digest('base64');
  const { port } = await serve((_, res) => {
    res.writeHead(200, {
      'Content-Encoding': 'gzip',
      'Content-Length': coded.length,
      'Content-Digest': `sha-256=:${digest}:`,
      'Repr-Digest': `sha-256=:${digest}:`,
    });
    res.end(coded);
  });
  const front = await relaying(() => fetch(`http://127.0.0.1:${port}/`));
  const { fields } = messageFrom(await dial(front.port, AWARE).until(LAST_CHUNK));
  expect(Object.keys(fields)).not.toEqual(expect.arrayContaining(['content-encoding', 'content-length']));
  expect(Object.keys(fields).filter((name) => name.endsWith('digest'))).toEqual([]);
  expect(await read(front)).toEqual({ data: 'text '.repeat(1000), code: undefined, kind: 'unverified' });
});

describe('without content', () => {
  test.each([
    ['a 204', new Response(null, { status: 204 }), 204],
    ['a 304', new Response(null, { status: 304 }), 304],
  ])('%s', async (_, upstream, status) => {
    const front = await relaying(() => upstream, { require: 'always' });
    expect(await ask({ port: front.port }, (message) => message.resume().statusCode)).toBe(status);
    expect((await front.verdict).kind).toBe('unverified');
  });

  test('RFC 9110 §9.3.2: a response to HEAD, even if everything is to be proven', async () => {
    const upstream = await fetching('HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n');
    const front = await relaying(() => upstream({ method: 'HEAD' }), { require: 'always' });
    const message = await ask({ port: front.port, method: 'HEAD' }, (received) => received.resume());
    expect({ status: message.statusCode, length: message.headers['content-length'] }).toEqual({
      status: 200,
      length: '19',
    });
  });
});

test('a Response that no fetch has brought', async () => {
  const front = await relaying(() => new Response(HELLO_WORLD, { status: 201, headers: { 'X-Own': 'own' } }));
  const { statusLine, fields } = messageFrom(await dial(front.port, AWARE).until(LAST_CHUNK));
  expect(statusLine).toMatch('HTTP/1.1 201 ');
  expect(fields['x-own']).toEqual(['own']);
});

test('a body that has been read is a TypeError', async () => {
  const upstream = new Response(HELLO_WORLD);
  await upstream.text();
  const front = await relaying(() => upstream);
  const { data } = await drain(await ask({ port: front.port }, (message) => message));
  expect(data).toBe('TypeError: The body of this response has been read already');
});

test('a client that leaves cancels upstream, and the verdict is abandoned', async () => {
  let isLeft!: Promise<unknown>;
  const { port } = await serve((_, res) => {
    isLeft = once(res, 'close');
    begin(stuck(), respond(res));
  });
  const front = await relaying(() => fetch(`http://127.0.0.1:${port}/`));
  const client = http.get({ port: front.port, agent: false }).on('error', () => {});
  const [message] = await once(client, 'response');
  await once(message, 'data');
  client.destroy();
  expect((await front.verdict).kind).toBe('abandoned');
  await isLeft;
});

test('an upstream whose source fails: truncated, since fetch hides why', async () => {
  const { port } = await serve((_, res) => void begin(failing([HELLO_WORLD]), respond(res)));
  const front = await relaying(() => fetch(`http://127.0.0.1:${port}/`));
  const { kind } = await read(front);
  expect(['failed', 'truncated']).toContain(kind);
  expect((await front.verdict).kind).toBe('truncated');
});

test('an aborted signal: the client is told, and the verdict is abandoned', async () => {
  const { port } = await serve((_, res) => void begin(stuck(), respond(res)));
  const aborter = new AbortController();
  const front = await relaying(() => fetch(`http://127.0.0.1:${port}/`), { signal: aborter.signal });
  const body = await ask({ port: front.port, headers: requestHeaders() }, (message) => verify(message));
  await once(body, 'data');
  aborter.abort();
  expect((await drain(body)).code).toMatch(/^ERR_BODY_/);
  expect((await front.verdict).kind).toBe('abandoned');
});
