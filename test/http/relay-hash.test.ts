/**
 * Strategy: a relay that verifies and seals hashes the same bytes for both, so that it hashes them once. What is hashed in
 * the process is counted while a body passes whose wire is written here and read here; the digests are checked afterwards.
 */
import { createHash, Hash } from 'node:crypto';
import { createServer } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { decodeChunked } from '../../src/node/index.ts';
import { AWARE, dial, get, PLAIN } from '../support/dial.ts';
import { pattern } from '../support/octets.ts';
import { listen, until } from '../support/servers.ts';
import { relaying } from './relaying.ts';

/** Bytes that may wait in a response, and the piece that filled it. */
const AHEAD = 2 * 131_072;
const BODY = pattern(4 * 1024 * 1024);
const SHA_256 = `sha-256=:${createHash('sha256').update(BODY).digest('base64')}:`;
const GOOD = `X-Stream-Status: ok;bytes=${BODY.length}\r\nContent-Digest: ${SHA_256}\r\n`;

afterEach(() => {
  vi.restoreAllMocks();
});

/** An upstream whose trailer section is this one. */
async function upstreamWith(trailers: string): Promise<number> {
  const wire = Buffer.concat([
    Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Stream-Status, Content-Digest\r\n\r\n'),
    Buffer.from(`${BODY.length.toString(16)}\r\n`),
    BODY,
    Buffer.from(`\r\n0\r\n${trailers}\r\n`),
  ]);
  return listen(createServer((socket) => socket.on('error', () => {}).once('data', () => socket.end(wire))));
}

/** What came of this request, what was concluded, and how many bytes were hashed for it. */
async function relayed(trailers: string, request: string) {
  const server = await relaying(await upstreamWith(trailers));
  const update = vi.spyOn(Hash.prototype, 'update');
  const { socket } = dial(server.port, request);
  const pieces: Buffer[] = [];
  socket.on('data', (data) => pieces.push(data));
  const verdict = await server.verdict(0);
  const end = () => Buffer.concat(pieces.slice(-3)).subarray(-400).toString('latin1');
  await until(() => /\r\n0\r\n(?:[\w-]+: .*\r\n)*\r\n$/.test(end()));
  const hashed = update.mock.calls.reduce((sum, [data]) => sum + data.length, 0);
  vi.restoreAllMocks();
  const message = Buffer.concat(pieces);
  const { body: data, trailers: fields } = decodeChunked(message.subarray(message.indexOf('\r\n\r\n') + 4));
  return { data, fields, verdict, hashed };
}

test('an algorithm that is named twice is one', async () => {
  const server = await relaying(await upstreamWith(GOOD), { digest: ['sha-256', 'sha-256'] });
  const { socket } = dial(server.port, PLAIN);
  socket.resume();
  expect((await server.verdict(0)).kind).toBe('complete');
});

test('for a client that asks: what it gets is proven, and hashed once', async () => {
  const { data, fields, verdict, hashed } = await relayed(GOOD, AWARE);
  expect(verdict.kind).toBe('complete');
  expect(Buffer.compare(data, BODY)).toBe(0);
  expect(fields).toContainEqual(['Content-Digest', SHA_256]);
  expect(hashed).toBeGreaterThanOrEqual(BODY.length);
  expect(hashed).toBeLessThan(BODY.length + AHEAD);
});

test('for a client that does not ask: by the verifier alone', async () => {
  const { data, fields, verdict, hashed } = await relayed(GOOD, PLAIN);
  expect(verdict.kind).toBe('complete');
  expect(Buffer.compare(data, BODY)).toBe(0);
  expect(fields).toEqual([]);
  expect(hashed).toBe(BODY.length);
});

test('for a client that asks for another digest: each its own', async () => {
  const { fields, verdict, hashed } = await relayed(
    GOOD,
    get('TE: trailers\r\nConnection: TE\r\nX-Want-Stream-Status: ?1\r\nWant-Content-Digest: sha-512=10\r\n'),
  );
  expect(verdict.kind).toBe('complete');
  const digest = createHash('sha512').update(BODY).digest('base64');
  expect(fields).toContainEqual(['Content-Digest', `sha-512=:${digest}:`]);
  expect(hashed).toBe(2 * BODY.length);
});

test.each([
  ['a digest of other bytes', GOOD.replace(SHA_256, `sha-256=:${Buffer.alloc(32).toString('base64')}:`), 'mismatch'],
  ['an upstream that failed', GOOD.replace('ok;', 'error;type=source_error;'), 'failed'],
])('%s: a failure with the digest of what was sent', async (_, trailers, kind) => {
  const { data, fields, verdict } = await relayed(trailers, AWARE);
  expect(verdict.kind).toBe(kind);
  expect(Object.fromEntries(fields)['X-Stream-Status']).toMatch(/^error;/);
  const digest = createHash('sha256').update(data).digest('base64');
  expect(fields).toContainEqual(['Content-Digest', `sha-256=:${digest}:`]);
});
