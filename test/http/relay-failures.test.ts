/**
 * Strategy: every way in which an upstream body can end badly, and what the two kinds of client downstream see of it: one
 * that reads the status, and one that must see a cut. A clean end upstream that proves bad in the end is a failure, too.
 */
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../src/core/verdict.ts';
import { relay } from '../../src/node/relay.ts';
import { respond } from '../../src/node/send/respond.ts';
import { timedOut } from '../support/clock.ts';
import { ABORT_CHUNK, AWARE, abortChunk, dial, messageFrom, OLD, PLAIN, TRAILERS } from '../support/dial.ts';
import { HELLO_WORLD, HELLO_WORLD_SHA_256 } from '../support/hashing.ts';
import { ask, begin, originOf, serve } from '../support/servers.ts';
import { relaying } from './relaying.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Stream-Status, Content-Digest\r\n\r\n';
const CHUNK = `13\r\n${HELLO_WORLD}\r\n`; // 19 octets
const DIGEST = `Content-Digest: ${HELLO_WORLD_SHA_256}\r\n\r\n`;
const WRONG = 'Content-Digest: sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:\r\n\r\n';
const COUNTED = 'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n';

type How = 'FIN' | 'RST' | 'open';

const BODIES: [title: string, octets: string, how: How, kind: string, reason: string][] = [
  [
    'failed, in trailers',
    `${HEAD}${CHUNK}0\r\nX-Stream-Status: error;type=timeout\r\n\r\n`,
    'open',
    'failed',
    'type=timeout',
  ],
  [
    'failed, with details',
    `${HEAD}${CHUNK}0\r\nX-Stream-Status: error;type=timeout;details="row 7"\r\n\r\n`,
    'open',
    'failed',
    'type=timeout;details="row 7"',
  ],
  [
    'failed, without a type',
    `${HEAD}${CHUNK}0\r\nX-Stream-Status: error\r\n\r\n`,
    'open',
    'failed',
    'type=source_error',
  ],
  ['failed, by an abort', `${HEAD}${CHUNK}${abortChunk('cancelled')}`, 'FIN', 'failed', 'type=cancelled'],
  ['truncated by FIN', HEAD + CHUNK, 'FIN', 'truncated', 'type=http_response_incomplete'],
  ['truncated by RST', HEAD + CHUNK, 'RST', 'truncated', 'type=http_response_incomplete'],
  ['truncated before its Content-Length', COUNTED + HELLO_WORLD, 'FIN', 'truncated', 'type=http_response_incomplete'],
  ['malformed', `${HEAD}${CHUNK}X\r\n`, 'open', 'malformed', 'type=http_protocol_error'],
  [
    'a wrong digest behind a clean end',
    `${HEAD}${CHUNK}0\r\nX-Stream-Status: ok;bytes=19\r\n${WRONG}`,
    'open',
    'mismatch',
    'type=source_error',
  ],
  [
    'a wrong count behind a clean end',
    `${HEAD}${CHUNK}0\r\nX-Stream-Status: ok;bytes=20\r\n${DIGEST}`,
    'open',
    'mismatch',
    'type=source_error',
  ],
  ['a status that was announced and stripped', `${HEAD}${CHUNK}0\r\n\r\n`, 'open', 'unverified', 'type=source_error'],
  ['silent', HEAD + CHUNK, 'open', 'truncated', 'type=http_response_timeout'],
];

const WISHING = PLAIN.replace('\r\n\r\n', '\r\nX-Want-Stream-Status: ?1\r\n\r\n');

describe.each(BODIES)('an upstream body that is %s', (_title, octets, how, kind, reason) => {
  const options = reason.includes('timeout') ? { idleTimeout: 100 } : {};

  // Nobody had promised a seal of it: it goes on unsealed, with its length.
  const isSealed = !octets.includes('Content-Length');

  test('a client that reads the status learns it after a clean end, if upstream had promised a seal', async () => {
    const server = await relaying(await originOf(octets, how), options);
    if (!isSealed) {
      const answer = await dial(server.port, AWARE).closed();
      expect(messageFrom(answer.octets).body).toBe(CHUNK + abortChunk('http_response_incomplete'));
      expect(messageFrom(answer.octets).fields).not.toHaveProperty('trailer');
      return;
    }
    const { body } = messageFrom(await dial(server.port, AWARE).until('=:\r\n\r\n'));
    expect(body).toBe(`${CHUNK}0\r\nX-Stream-Status: error;bytes=19;${reason}\r\n${DIGEST}`);
    expect((await server.verdict(0)).kind).toBe(kind);
  });

  test.each([
    ['asks for trailers', TRAILERS],
    ['asks for nothing', PLAIN],
  ])('a client that %s sees a cut', async (_, request) => {
    const server = await relaying(await originOf(octets, how), options);
    const answer = await dial(server.port, request).closed();
    expect(messageFrom(answer.octets).body).toBe(isSealed ? CHUNK : HELLO_WORLD);
    expect(answer.end).toBe('FIN');
    expect((await server.verdict(0)).kind).toBe(kind);
  });

  test('a client that reads the status, and no trailers, gets the reason with the cut', async () => {
    const server = await relaying(await originOf(octets, how), options);
    const answer = await dial(server.port, WISHING).closed();
    expect(messageFrom(answer.octets).body).toBe(
      `${CHUNK}1;x-stream-status="error;${reason.replaceAll('"', '\\"')}"\r\n`,
    );
    expect((await server.verdict(0)).kind).toBe(kind);
  });

  test('an HTTP/1.0 client gets RST, or less than the length', async () => {
    const server = await relaying(await originOf(octets, how), options);
    const answer = await dial(server.port, OLD).closed();
    expect(messageFrom(answer.octets).body).toBe(HELLO_WORLD);
    expect(answer.end).toBe(isSealed ? 'ECONNRESET' : 'FIN');
  });
});

describe('before the first octet', () => {
  test.each<[string, string, How, number]>([
    ['failed', `${HEAD}0\r\nX-Stream-Status: error\r\n\r\n`, 'open', 502],
    ['truncated', HEAD, 'FIN', 502],
    ['malformed', `${HEAD}X\r\n`, 'open', 502],
    ['a mismatch', `${HEAD}0\r\nX-Stream-Status: ok;bytes=1\r\n\r\n`, 'open', 502],
    ['silent', HEAD, 'open', 504],
  ])('%s: an error response of the gateway', async (_, octets, how, status) => {
    const port = await originOf(octets.replace('\r\n', '\r\nContent-Type: text/csv\r\nETag: "1"\r\n'), how);
    const server = await relaying(port, status === 504 ? { idleTimeout: 100 } : {});
    for (const request of [AWARE, PLAIN]) {
      const { statusLine, fields, body } = messageFrom(await dial(server.port, request).until('}\n'));
      expect(statusLine).toBe(`HTTP/1.1 ${status} ${status === 502 ? 'Bad Gateway' : 'Gateway Timeout'}`);
      expect(fields['content-type']).toEqual(['application/problem+json']);
      expect(fields).not.toHaveProperty('etag');
      expect(JSON.parse(body)).toMatchObject({ status });
    }
  });

  test('errorResponse and describeError of the application are used', async () => {
    const errorResponse = () => ({ status: 503, body: 'later\n', headers: { 'Retry-After': 9 } });
    const describeError = () => ({ type: 'destination_unavailable' });
    const early = await relaying(await originOf(HEAD), { errorResponse, describeError });
    const { statusLine, fields } = messageFrom(await dial(early.port, PLAIN).until('later\n'));
    expect(statusLine).toBe('HTTP/1.1 503 Service Unavailable');
    expect(fields['retry-after']).toEqual(['9']);
    const late = await relaying(await originOf(HEAD + CHUNK), { errorResponse, describeError });
    const { octets } = await dial(late.port, WISHING).closed();
    expect(messageFrom(octets).body).toBe(CHUNK + abortChunk('destination_unavailable'));
  });
});

test('an upstream that is this library: the failure goes through two relays with its type', async () => {
  async function* source() {
    yield HELLO_WORLD;
    throw new Error('the disk is gone');
  }
  const { port } = await serve((_, res) => begin(source(), respond(res)));
  const first = await relaying(port);
  const wish = { 'X-Want-Stream-Status': '?1' };
  const second = await relaying(first.port, {}, wish); // which sees an abort line
  const { octets } = await dial(second.port, WISHING).closed();
  expect(messageFrom(octets).body).toBe(CHUNK + ABORT_CHUNK);
  expect((await first.verdict(0)).kind).toBe('failed');
  expect((await second.verdict(0)).kind).toBe('failed');
});

test('a signal ends both sides', async () => {
  const source = new Readable({ read() {} });
  source.push(HELLO_WORLD);
  const { port } = await serve((_, res) => begin(source, respond(res)));
  const controller = new AbortController();
  const server = await relaying(port, { signal: controller.signal });
  const wire = dial(server.port, WISHING);
  const begun = await wire.until(CHUNK);
  controller.abort(timedOut());
  const { octets } = await wire.closed();
  expect(messageFrom(begun + octets).body).toBe(CHUNK + abortChunk('timeout'));
  expect((await server.verdict(0)).kind).toBe('abandoned');
  expect(source.destroyed).toBe(true);
});

test('an upstream that was lost before relay was called: what it held goes on, and is cut', async () => {
  const upstream = await originOf(HEAD + CHUNK, 'FIN');
  const verdicts: Promise<Verdict>[] = [];
  const server = await serve((_, res) => {
    ask({ port: upstream }, (message) => {
      message.once('close', () => verdicts.push(relay(message, res)));
    });
  });
  const { octets, end } = await dial(server.port, PLAIN).closed();
  expect(messageFrom(octets)).toMatchObject({ statusLine: 'HTTP/1.1 200 OK', body: CHUNK });
  expect(end).toBe('FIN');
  expect(await verdicts[0]).toMatchObject({ kind: 'truncated' });
});
