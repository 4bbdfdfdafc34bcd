/**
 * Strategy: the table of `get --help`, row by row: responses written by hand, each with the exit code that it is
 * promised, words of the reason, and nothing left where the file would have been.
 */
import { readdir } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { EXIT, exitCodeOf } from '../../src/cli/exit-codes.ts';
import { run, start, temporaryDirectory } from '../support/cli.ts';
import { HELLO_WORLD, HELLO_WORLD_SHA_256 } from '../support/hashing.ts';
import { type Answer, freePort, rawServer } from '../support/peers.ts';

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const ANNOUNCED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Stream-Status, Content-Digest\r\n\r\n';
const HI = '2\r\nhi\r\n';
const HI_DIGEST = 'sha-256=:j0NDRmSPa5bfid2pAcUXaxCm2Dlh3TwayItZstwyeqQ=:';

test('the codes are these, whatever else changes', () => {
  expect(EXIT).toEqual({
    ok: 0,
    local: 1,
    usage: 2,
    noResponse: 3,
    status: 4,
    failed: 20,
    truncated: 21,
    malformed: 22,
    mismatch: 23,
    unverified: 24,
    interrupted: 130,
  });
});

test.each([
  ['complete', 0],
  ['failed', 20],
  ['truncated', 21],
  ['malformed', 22],
  ['mismatch', 23],
  ['unverified', 24],
  ['abandoned', 130],
] as const)('%s is %i', (kind, code) => {
  expect(exitCodeOf(kind)).toBe(code);
});

/** Runs `get -o file` against the answer: its code and stderr, after it has been seen that nothing is left. */
async function outcomeOf(answer: Answer, ...options: string[]): Promise<{ code: number | null; stderr: string }> {
  const { url } = await rawServer(answer);
  const cwd = await temporaryDirectory();
  const { code, stdout, stderr } = await run(['get', url, '-o', 'file', ...options], { cwd });
  expect(stdout).toBe('');
  expect(await readdir(cwd)).toEqual(code === 0 ? ['file'] : []);
  return { code, stderr };
}

const thenReset = (octets: string) => (socket: Socket) => {
  socket.write(octets, 'latin1', () => socket.resetAndDestroy());
};

describe('0 and 24: whole, with or without a status', () => {
  test.each<[what: string, response: string, options: string[], code: number, stderr: string]>([
    [
      'complete',
      `${ANNOUNCED}${HI}0\r\nX-Stream-Status: ok;bytes=2\r\nContent-Digest: ${HI_DIGEST}\r\n\r\n`,
      [],
      0,
      '',
    ],
    ['complete, never announced', `${CHUNKED}${HI}0\r\nX-Stream-Status: ok\r\n\r\n`, ['--require', 'always'], 0, ''],
    ['unverified, never announced', `${CHUNKED}${HI}0\r\n\r\n`, [], 0, 'warning: No X-Stream-Status came'],
    ['the same, required', `${CHUNKED}${HI}0\r\n\r\n`, ['--require', 'always'], 24, 'unverified after 2 bytes'],
    ['of an empty body', 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n', ['--require', 'always'], 24, 'after 0 bytes'],
    ['no body to vouch for', 'HTTP/1.1 204 \r\n\r\n', ['--require', 'always'], 4, 'error: HTTP 204 '],
    ['announced, but absent', `${ANNOUNCED}${HI}0\r\n\r\n`, [], 24, 'No X-Stream-Status came  [ERR_BODY_UNVERIFIED]'],
    ['the same, not required', `${ANNOUNCED}${HI}0\r\n\r\n`, ['--require', 'never'], 0, 'warning: No X-Stream-Status'],
    ['unreadable', `${CHUNKED}${HI}0\r\nX-Stream-Status: ???\r\n\r\n`, [], 24, 'cannot be read'],
  ])('%s', async (_, response, options, code, words) => {
    const outcome = await outcomeOf(response, ...options);
    expect(outcome).toEqual({ code, stderr: words === '' ? '' : expect.stringContaining(words) });
  });
});

describe('20 to 23: broken', () => {
  test.each<[what: string, answer: Answer, code: number, words: string]>([
    [
      'failed, in trailers',
      `${ANNOUNCED}${HI}0\r\nX-Stream-Status: error;type=timeout\r\n\r\n`,
      20,
      'reported timeout',
    ],
    ['failed, in an abort chunk', `${CHUNKED}${HI}1;x-stream-status="error;type=a"\r\n`, 20, 'ERR_BODY_FAILED'],
    ['truncated in a chunk', `${CHUNKED}5\r\nhel`, 21, 'truncated after 3 bytes'],
    ['truncated between chunks', `${CHUNKED}${HI}`, 21, 'truncated after 2 bytes'],
    ['truncated in its trailers', `${ANNOUNCED}${HI}0\r\nX-Stream-Status: ok;bytes=2\r\n`, 21, 'ERR_BODY_TRUNCATED'],
    ['truncated by Content-Length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel', 21, 'truncated after 3 bytes'],
    ['cut by a reset', thenReset(`${CHUNKED}5\r\nhel`), 21, 'ERR_BODY_TRUNCATED'],
    ['a chunk-size that is none', `${CHUNKED}${HI}ZZ\r\n`, 22, 'malformed after 2 bytes'],
    ['a chunk line over its limit', `${CHUNKED}2;${'a'.repeat(50_000)}\r\nhi\r\n0\r\n\r\n`, 22, 'ERR_BODY_'],
    ['another count', `${ANNOUNCED}${HI}0\r\nX-Stream-Status: ok;bytes=3\r\n\r\n`, 23, 'counted 3 bytes, 2 came'],
    [
      'another digest',
      `${ANNOUNCED}${HI}0\r\nX-Stream-Status: ok;bytes=2\r\nContent-Digest: ${HELLO_WORLD_SHA_256}\r\n\r\n`,
      23,
      'Content-Digest disagrees',
    ],
  ])('%s', async (_, answer, code, words) => {
    // None of these is for --require to forgive.
    const outcomes = await Promise.all([outcomeOf(answer), outcomeOf(answer, '--require', 'never')]);
    const expected = { code, stderr: expect.stringContaining(words) };
    expect(outcomes).toEqual([expected, expected]);
  });

  test('RFC 9112 §8: a body without a length, cut by a reset that comes behind what was read', async () => {
    const sockets: Socket[] = [];
    const { url } = await rawServer((socket) => {
      sockets.push(socket);
      socket.write('HTTP/1.1 200 OK\r\n\r\nhel');
    });
    const { ended } = start(['get', url], { onStdout: () => sockets[0]?.resetAndDestroy() });
    const { code, stderr } = await ended;
    expect(stderr).toMatch(/^error: truncated after 3 bytes: [^\n]*ECONNRESET {2}\[ERR_BODY_TRUNCATED\]\n$/);
    expect(code).toBe(21);
  });

  test('silent for too long in the body is truncated', async () => {
    const answer = (socket: Socket) => void socket.write(`${CHUNKED}5\r\nhel`);
    expect(await outcomeOf(answer, '--idle-timeout', '1')).toEqual({
      code: 21,
      stderr: 'error: truncated after 3 bytes: No byte came for 1000 ms  [ERR_BODY_TIMEOUT]\n',
    });
  });
});

describe('3: no response', () => {
  test.each<[what: string, answer: Answer, words: string]>([
    ['closed before a head', '', 'ERR_NO_RESPONSE'],
    ['reset before a head', (socket) => socket.resetAndDestroy(), 'ECONNRESET'],
    ['closed within a head', 'HTTP/1.1 200 OK\r\nContent-Len', 'ERR_NO_RESPONSE'],
    ['a head that is none', 'SSH-2.0-OpenSSH_9.6\r\n\r\n', 'ERR_HEAD_MALFORMED'],
    ['a bare LF', `HTTP/1.1 200 OK\nContent-Length: 19\n\n${HELLO_WORLD}`, 'ERR_HEAD_MALFORMED'],
    [
      'Content-Length with Transfer-Encoding',
      `${CHUNKED.slice(0, -2)}Content-Length: 2\r\n\r\n${HI}0\r\n\r\n`,
      'ERR_HEAD_MALFORMED',
    ],
    ['a head over its limit', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`, 'ERR_HEAD_LIMIT'],
    ['a protocol that was not asked for', 'HTTP/1.1 101 Switching Protocols\r\n\r\n', 'ERR_HEAD_MALFORMED'],
  ])('%s', async (_, answer, words) => {
    expect(await outcomeOf(answer)).toEqual({ code: 3, stderr: expect.stringContaining(words) });
  });

  test('silent for too long before a head', async () => {
    const outcome = await outcomeOf(() => {}, '--idle-timeout', '1');
    expect(outcome).toEqual({ code: 3, stderr: expect.stringContaining('ERR_HEAD_TIMEOUT') });
  });

  test.each(['127.0.0.1', 'localhost'])('a connection to %s that is refused', async (host) => {
    const cwd = await temporaryDirectory();
    const port = await freePort();
    const { code, stderr } = await run(['get', `http://${host}:${port}/`, '-o', 'file'], { cwd });
    expect({ code, left: await readdir(cwd) }).toEqual({ code: 3, left: [] });
    expect(stderr).toMatch(new RegExp(`^error: ${host}:${port} cannot be reached: [^\\n]*ECONNREFUSED[^\\n]*\\n$`));
  });

  test('RFC 6761 §6.4: a host that does not exist', async () => {
    const { code, stderr } = await run(['get', 'http://nothing.invalid/']);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^error: [^\n]*nothing\.invalid[^\n]*\n$/);
  });
});

describe('4: no success', () => {
  test.each([
    ['404 Not Found', 'error: HTTP 404 Not Found for '],
    ['500 Internal Server Error', 'error: HTTP 500 Internal Server Error for '],
    ['304 Not Modified', 'error: HTTP 304 Not Modified for '],
    ['300 Multiple Choices', 'error: HTTP 300 Multiple Choices for '],
  ])('%s', async (status, words) => {
    const outcome = await outcomeOf(`HTTP/1.1 ${status}\r\nContent-Length: 5\r\n\r\nsorry`);
    expect(outcome).toEqual({ code: 4, stderr: expect.stringContaining(words) });
  });

  test('what is said does not hold the password of the URL', async () => {
    const { port } = await rawServer('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
    const { code, stderr } = await run(['get', `http://me:hunter2@127.0.0.1:${port}/a`]);
    expect(code).toBe(4);
    expect(stderr).not.toContain('hunter2');
  });
});
