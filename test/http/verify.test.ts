/**
 * Strategy: an origin writes the octets of a response as they stand here, a client of `node:http` receives them, and each
 * row says which verdict and which error `verify` makes of it. No request has an 'error' listener behind its response: one
 * that were emitted to nobody would fail the run.
 */
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../src/core/verdict.ts';
import { type VerifyOptions, verify } from '../../src/node/receive/verify.ts';
import { HELLO_WORLD, HELLO_WORLD_SHA_256, HELLO_WORLD_SHA_512 } from '../support/hashing.ts';
import { ask, drain, originOf } from '../support/servers.ts';

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n';
const HEAD = `${CHUNKED}Trailer: X-Stream-Status, Content-Digest\r\n\r\n`;
const CHUNK = `13\r\n${HELLO_WORLD}\r\n`; // 19 octets
const LENGTH = 'HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n';
const sealed = (...lines: string[]) => `${HEAD}${CHUNK}0\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
const SHA_256 = `Content-Digest: ${HELLO_WORLD_SHA_256}`;
const WRONG = 'Content-Digest: sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:';

test('a message that decodes to strings is a TypeError that says what to do', async () => {
  const refused = await ask({ port: await originOf(LENGTH + HELLO_WORLD) }, (message) => {
    message.setEncoding('utf8');
    try {
      return verify(message);
    } catch (error) {
      return error;
    }
  });
  expect(refused).toBeInstanceOf(TypeError);
  expect((refused as Error).message).toMatch(/setEncoding: leave it out, and decode what verify returns/);
});

interface Received {
  data: string;
  code: string | undefined;
  verdict: Verdict;
}

async function received(port: number, options: VerifyOptions = {}, request = {}): Promise<Received> {
  const body = await ask({ port, ...request }, (message) => verify(message, options));
  const outcome = await drain(body);
  return { ...outcome, verdict: await body.verdict };
}

test.each([
  ['undefined', undefined],
  ['null', null],
  ['a string', 'text'],
  ['an object', {}],
  ['a Response of fetch', new Response('text')],
])('%s is a TypeError that says what verify takes', (_name, value) => {
  expect(() => verify(value as never)).toThrow(/^verify takes a message of node:http .* verifyInterceptor/);
});

describe('x-stream-status 5.2: from what came to the verdict', () => {
  test.each<[string, string, 'FIN' | 'RST' | 'open', Partial<Verdict>, string | undefined]>([
    [
      'status and digest',
      sealed('X-Stream-Status: ok;bytes=19', SHA_256),
      'open',
      { kind: 'complete', digest: 'match' },
      undefined,
    ],
    [
      'a digest in sha-512, which was not asked for',
      sealed('X-Stream-Status: ok;bytes=19', `Content-Digest: ${HELLO_WORLD_SHA_512}`),
      'open',
      { kind: 'unverified', digest: 'unchecked' },
      'ERR_BODY_UNVERIFIED',
    ],
    [
      'a status alone',
      sealed('X-Stream-Status: ok').replace(', Content-Digest', ''),
      'open',
      { kind: 'complete', digest: 'absent' },
      undefined,
    ],
    [
      'a status alone where a digest was announced',
      sealed('X-Stream-Status: ok;bytes=19'),
      'open',
      { kind: 'unverified', digest: 'absent' },
      'ERR_BODY_UNVERIFIED',
    ],
    [
      'names in another case',
      sealed('x-STREAM-status: ok;bytes=19', SHA_256.toLowerCase().replace(/:.*/s, SHA_256.slice(14))),
      'open',
      { kind: 'complete', digest: 'match' },
      undefined,
    ],
    [
      'an error status',
      sealed('X-Stream-Status: error;bytes=19;type=timeout', SHA_256),
      'open',
      { kind: 'failed', status: { kind: 'error', bytes: 19, type: 'timeout' } },
      'ERR_BODY_FAILED',
    ],
    [
      'an error status with a wrong digest',
      sealed('X-Stream-Status: error', WRONG),
      'open',
      { kind: 'failed', digest: 'mismatch' },
      'ERR_BODY_FAILED',
    ],
    [
      'a wrong count',
      sealed('X-Stream-Status: ok;bytes=20', SHA_256),
      'open',
      { kind: 'mismatch' },
      'ERR_BODY_MISMATCH',
    ],
    [
      'a wrong digest',
      sealed('X-Stream-Status: ok;bytes=19', WRONG),
      'open',
      { kind: 'mismatch', digest: 'mismatch' },
      'ERR_BODY_MISMATCH',
    ],
    [
      'a wrong digest without a status',
      sealed(WRONG),
      'open',
      { kind: 'mismatch', digest: 'mismatch' },
      'ERR_BODY_MISMATCH',
    ],
    ['announced, but stripped on the way', sealed(), 'open', { kind: 'unverified' }, 'ERR_BODY_UNVERIFIED'],
    [
      'a status that cannot be read',
      sealed('X-Stream-Status: "ok'),
      'open',
      { kind: 'unverified', isStatusUnreadable: true },
      'ERR_BODY_UNVERIFIED',
    ],
    ['FIN behind a chunk', HEAD + CHUNK, 'FIN', { kind: 'truncated' }, 'ERR_BODY_TRUNCATED'],
    ['FIN in a chunk', `${HEAD}20\r\n${HELLO_WORLD}`, 'FIN', { kind: 'truncated' }, 'ERR_BODY_TRUNCATED'],
    [
      'FIN in the trailer section',
      `${HEAD}${CHUNK}0\r\nX-Stream-Status: ok;bytes=19\r\n`,
      'FIN',
      { kind: 'truncated' },
      'ERR_BODY_TRUNCATED',
    ],
    ['FIN behind the last-chunk', `${HEAD}${CHUNK}0\r\n`, 'FIN', { kind: 'truncated' }, 'ERR_BODY_TRUNCATED'],
    [
      'FIN before all of Content-Length',
      LENGTH.replace('19', '20') + HELLO_WORLD,
      'FIN',
      { kind: 'truncated' },
      'ERR_BODY_TRUNCATED',
    ],
    ['RST behind a chunk', HEAD + CHUNK, 'RST', { kind: 'truncated' }, 'ERR_BODY_TRUNCATED'],
    [
      'RST before all of Content-Length',
      LENGTH.replace('19', '20') + HELLO_WORLD,
      'RST',
      { kind: 'truncated' },
      'ERR_BODY_TRUNCATED',
    ],
    ['a bad chunk-size', `${HEAD}${CHUNK}X\r\n`, 'open', { kind: 'malformed' }, 'ERR_BODY_MALFORMED'],
    ['a bad chunk-size, then FIN', `${HEAD}${CHUNK}error\r\n`, 'FIN', { kind: 'malformed' }, 'ERR_BODY_MALFORMED'],
    [
      'a chunk that is longer than its size',
      `${HEAD}12\r\n${HELLO_WORLD}\r\n`,
      'open',
      { kind: 'malformed' },
      'ERR_BODY_MALFORMED',
    ],
    [
      'a trailer line without a colon',
      sealed('X-Stream-Status ok'),
      'open',
      { kind: 'malformed' },
      'ERR_BODY_MALFORMED',
    ],
    [
      'trailers over what Node takes',
      sealed(`X: ${'x'.repeat(20_000)}`),
      'open',
      { kind: 'malformed' },
      'ERR_BODY_LIMIT',
    ],
  ])('%s', async (title, octets, how, expected, code) => {
    const { data, verdict, ...outcome } = await received(await originOf(octets, how));
    expect({ title, ...verdict }).toMatchObject({ title, ...expected });
    expect(outcome.code).toBe(code);
    // Node passes on what a chunk holds before it finds it too long.
    const expectedData = title.includes('longer') ? HELLO_WORLD.slice(0, 18) : HELLO_WORLD;
    expect(data).toBe(expectedData);
    expect(verdict.bytes).toBe(expectedData.length);
  });

  test('RFC 9112 §6.1: 204 with Transfer-Encoding, which one bit makes of a 200', async () => {
    const octets = sealed('X-Stream-Status: ok;bytes=19', SHA_256).replace('200 OK', '204 OK');
    const { data, code, verdict } = await received(await originOf(octets, 'open'));
    expect({ data, code }).toEqual({ data: '', code: 'ERR_BODY_MALFORMED' });
    expect(verdict).toMatchObject({ kind: 'malformed', bytes: 0 });
  });

  test('a limit is still malformed in its kind', async () => {
    const { verdict } = await received(await originOf(sealed(`X: ${'x'.repeat(20_000)}`), 'open'));
    expect(verdict).toMatchObject({ kind: 'malformed', error: { code: 'ERR_FRAMING_LIMIT' } });
  });

  test('trailers that may not trail are not in the view', async () => {
    const octets = sealed('X-Stream-Status: ok;bytes=19', 'Set-Cookie: a=1', 'Server-Timing: a', 'Server-Timing: b');
    const { verdict } = await received(await originOf(octets, 'open'));
    expect(verdict.trailers).toEqual([
      ['X-Stream-Status', 'ok;bytes=19'],
      ['Server-Timing', 'a'],
      ['Server-Timing', 'b'],
    ]);
  });
});

describe('digest', () => {
  test('false leaves digests out of the verdict', async () => {
    const port = await originOf(sealed('X-Stream-Status: ok;bytes=19', WRONG), 'open');
    expect((await received(port, { digest: false })).verdict).toMatchObject({ kind: 'complete', digest: 'ignored' });
  });
});

describe('what verify is not for', () => {
  test('a message that is being read is a TypeError', async () => {
    const port = await originOf(LENGTH + HELLO_WORLD, 'open');
    for (const read of ['resume', 'data', 'pipe']) {
      const thrown = await ask({ port }, (message) => {
        if (read === 'resume') message.resume();
        if (read === 'data') message.on('data', () => {});
        if (read === 'pipe') message.pipe(new PassThrough());
        try {
          return verify(message);
        } catch (error) {
          return error;
        }
      });
      expect(thrown).toBeInstanceOf(TypeError);
    }
  });

  test('options that are none are TypeErrors', async () => {
    const port = await originOf(LENGTH + HELLO_WORLD, 'open');
    for (const options of [{ require: 'sometimes' }, { digest: 'md5' }]) {
      const thrown = await ask({ port }, (message) => {
        try {
          return verify(message, options as never);
        } catch (error) {
          return error;
        }
      });
      expect(thrown).toBeInstanceOf(TypeError);
    }
  });

  test('content codings are left as they are', async () => {
    const octets = sealed('X-Stream-Status: ok;bytes=19', SHA_256).replace('\r\n', '\r\nContent-Encoding: gzip\r\n');
    expect((await received(await originOf(octets, 'open'))).data).toBe(HELLO_WORLD);
  });

  test('a message that has been destroyed is truncated', async () => {
    const port = await originOf(HEAD, 'open');
    const [verdict, outcome] = await ask({ port }, (message) => {
      const body = verify(message.destroy());
      return [body.verdict, drain(body)] as const;
    });
    expect(await outcome).toEqual({ data: '', code: 'ERR_BODY_TRUNCATED' });
    expect((await verdict).kind).toBe('truncated');
  });
});
