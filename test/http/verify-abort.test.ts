/**
 * Strategy: Node's parser says only that a message was cut; the reason of an abort is read beside it. So: the abort in
 * every place among the reads of the client, content that looks like one, and readers that are slow. A read is known to
 * have happened when the client's socket has counted its octets.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../src/core/verdict.ts';
import { type VerifyOptions, verify } from '../../src/node/receive/verify.ts';
import { ABORT_CHUNK, abortChunk } from '../support/dial.ts';
import { HELLO_WORLD } from '../support/hashing.ts';
import { ask, drain, origin, until } from '../support/servers.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Stream-Status\r\n\r\n';
const CHUNK = `13\r\n${HELLO_WORLD}\r\n`; // 19 octets

interface Received {
  data: string;
  code: string | undefined;
  verdict: Verdict;
}

/** The origin writes each part when the client has read the one before it, then ends with FIN. */
async function receivedIn(parts: string[], options: VerifyOptions = {}): Promise<Received> {
  let client: Socket | undefined;
  const port = await origin(async (socket) => {
    let sent = 0;
    for (const part of parts) {
      socket.write(part, 'latin1');
      sent += part.length;
      await until(() => client !== undefined && client.bytesRead >= sent);
    }
    socket.end();
  });
  const body = await ask({ port }, (message) => {
    client = message.socket;
    return verify(message, options);
  });
  return { ...(await drain(body)), verdict: await body.verdict };
}

/** The origin writes everything at once, and FIN. */
async function receivedAtOnce(octets: string): Promise<Received> {
  const port = await origin((socket) => socket.end(octets, 'latin1'));
  const body = await ask({ port }, (message) => verify(message));
  return { ...(await drain(body)), verdict: await body.verdict };
}

const FAILED = {
  data: HELLO_WORLD,
  code: 'ERR_BODY_FAILED',
  verdict: { kind: 'failed', bytes: 19, status: { kind: 'error', type: 'source_error' } },
};
const CUT = { code: 'ERR_BODY_TRUNCATED', verdict: { kind: 'truncated', status: undefined } };

describe('the reason is read', () => {
  test('when it comes in the same read as the head', async () => {
    expect(await receivedAtOnce(HEAD + CHUNK + ABORT_CHUNK)).toMatchObject(FAILED);
  });

  test('when it comes in the same read as the head, without content', async () => {
    expect(await receivedAtOnce(HEAD + ABORT_CHUNK)).toMatchObject({
      ...FAILED,
      data: '',
      verdict: { kind: 'failed' },
    });
  });

  test('when it comes in a read of its own', async () => {
    expect(await receivedIn([HEAD + CHUNK, ABORT_CHUNK])).toMatchObject(FAILED);
    expect(await receivedIn([HEAD, CHUNK, ABORT_CHUNK])).toMatchObject(FAILED);
  });

  test('when it is cut into two reads, at every octet', async () => {
    for (let at = 1; at < ABORT_CHUNK.length; at++) {
      const parts = [HEAD + CHUNK + ABORT_CHUNK.slice(0, at), ABORT_CHUNK.slice(at)];
      expect({ at, ...(await receivedIn(parts)) }).toMatchObject({ at, ...FAILED });
    }
  });

  test('when the CRLF before it comes with it', async () => {
    expect(await receivedIn([HEAD + CHUNK.slice(0, -2), `\r\n${ABORT_CHUNK}`])).toMatchObject(FAILED);
    expect(await receivedIn([HEAD + CHUNK.slice(0, -1), `\n${ABORT_CHUNK}`])).toMatchObject(FAILED);
  });

  test('with details of the greatest length', async () => {
    const details = '\\\\\\"'.repeat(128); // 256 octets, each escaped twice
    const abort = `1;x-stream-status="error;type=timeout;details=\\"${details.replaceAll(/[\\"]/g, '\\$&')}\\""\r\n`;
    const { verdict } = await receivedAtOnce(HEAD + CHUNK + abort);
    expect(verdict).toMatchObject({ kind: 'failed', status: { type: 'timeout', details: '\\"'.repeat(128) } });
  });

  test('behind much content', async () => {
    const content = `10000\r\n${'x'.repeat(65536)}\r\n`.repeat(16);
    const { data, ...outcome } = await receivedAtOnce(HEAD + content + abortChunk('timeout'));
    expect(data.length).toBe(16 * 65536);
    expect(outcome).toMatchObject({ code: 'ERR_BODY_FAILED', verdict: { status: { type: 'timeout' } } });
  });
});

describe('what is no reason', () => {
  test.each([
    ['content that ends like one, cut behind it', `100\r\nline\r\n${ABORT_CHUNK}`],
    ['content that is one, cut behind it', `100\r\n${ABORT_CHUNK}`],
    ['content that is one, whole but for its CRLF', `2d\r\n${ABORT_CHUNK}`],
  ])('%s', async (_, content) => {
    expect(ABORT_CHUNK).toHaveLength(0x2d);
    const outcome = await receivedAtOnce(HEAD + content);
    expect(outcome).toMatchObject(CUT);
    expect(outcome.data).toBe(content.slice(content.indexOf('\r\n') + 2));
    expect(await receivedIn([HEAD, content])).toMatchObject(CUT);
    expect(await receivedIn([HEAD + content.slice(0, -9), content.slice(-9)])).toMatchObject(CUT);
  });

  test('an extension of a chunk that got its data', async () => {
    expect(await receivedAtOnce(`${HEAD}${CHUNK}${ABORT_CHUNK}x`)).toMatchObject({ ...CUT, data: `${HELLO_WORLD}x` });
    expect(await receivedAtOnce(`${HEAD}${CHUNK}${ABORT_CHUNK}x\r\n`)).toMatchObject(CUT);
  });

  test.each([
    ['an abort line that is cut', ABORT_CHUNK.slice(0, -1)],
    ['an abort line with a bare LF', ABORT_CHUNK.replace('\r\n', '\n')],
    ['two reasons', '1;x-stream-status="error";x-stream-status="error"\r\n'],
    ['a status of ok', '1;x-stream-status="ok"\r\n'],
    ['a status that cannot be read', '1;x-stream-status="error;type="\r\n'],
    ['the last-chunk', '0;x-stream-status="error"\r\n'],
  ])('%s', async (_, ending) => {
    const { code, verdict } = await receivedAtOnce(HEAD + CHUNK + ending);
    expect(code).toMatch(/^ERR_BODY_(TRUNCATED|MALFORMED)$/);
    expect(verdict.status).toBeUndefined();
  });

  test('RST behind it is no input that ended, yet the reason has been said', async () => {
    let client: Socket | undefined;
    const octets = HEAD + CHUNK + ABORT_CHUNK;
    const port = await origin(async (socket) => {
      socket.write(octets, 'latin1');
      await until(() => client?.bytesRead === octets.length);
      socket.resetAndDestroy();
    });
    const body = await ask({ port }, (message) => {
      client = message.socket;
      return verify(message);
    });
    expect({ ...(await drain(body)), verdict: await body.verdict }).toMatchObject(FAILED);
  });
});

// Node 20 buffers 16 KiB in a message and in a body, Node 22 and later 64 KiB: the counts are for both.
describe('a reader that is slow', () => {
  /** Everything arrives before the first octet is read. */
  async function readLate(octets: string): Promise<Received> {
    let message: IncomingMessage | undefined;
    const port = await origin((socket) => socket.end(octets, 'latin1'));
    const body = await ask({ port }, (one) => {
      message = one;
      return verify(one);
    });
    body.on('error', () => {}); // it is to wait until the content has been read
    const { socket } = message!;
    await until(() => socket.bytesRead === octets.length || message!.readableLength >= message!.readableHighWaterMark);
    await new Promise((resolve) => setTimeout(resolve, 50)); // and what FIN does has been done, if it has been read
    return { ...(await drain(body)), verdict: await body.verdict };
  }

  const PIECE = `800\r\n${'x'.repeat(2048)}\r\n`;

  test.each([1, 4, 8, 16, 24, 31, 40, 60, 200])('gets %i chunks of 2 KiB before the failure', async (count) => {
    const { data, ...outcome } = await readLate(HEAD + PIECE.repeat(count) + ABORT_CHUNK);
    expect(data.length).toBe(count * 2048);
    expect(outcome).toMatchObject({ code: 'ERR_BODY_FAILED', verdict: { bytes: count * 2048 } });
  });

  test.each([1, 8, 16, 31, 40, 60])(
    'gets %i chunks before a cut, and content that looks like a reason is none',
    async (count) => {
      const { data, ...outcome } = await readLate(`${HEAD}${PIECE.repeat(count)}100\r\nline\r\n${ABORT_CHUNK}`);
      expect(outcome).toMatchObject(CUT);
      expect(data.length).toBe(count * 2048 + 'line\r\n'.length + ABORT_CHUNK.length);
    },
  );
});
