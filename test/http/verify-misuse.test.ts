/** Strategy: what `verify` is not for, and what it leaves alone. The origin writes the octets as they stand here. */
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../src/core/verdict.ts';
import { type VerifyOptions, verify } from '../../src/node/receive/verify.ts';
import { HELLO_WORLD, HELLO_WORLD_SHA_256 } from '../support/hashing.ts';
import { ask, drain, originOf } from '../support/servers.ts';

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n';
const HEAD = `${CHUNKED}Trailer: X-Stream-Status, Content-Digest\r\n\r\n`;
const CHUNK = `13\r\n${HELLO_WORLD}\r\n`; // 19 octets
const LENGTH = 'HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n';
const sealed = (...lines: string[]) => `${HEAD}${CHUNK}0\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
const SHA_256 = `Content-Digest: ${HELLO_WORLD_SHA_256}`;
const WRONG = 'Content-Digest: sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:';

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
