/**
 * Strategy: curl and sha256sum, which know nothing of this library, against a raw-socket server that answers by `respond`
 * alone. The octets that curl gets, its exit code for each ending, the trailers it sees, the digest of what it saved.
 */
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RequestHead } from '../../src/node/head/message-head.ts';
import { readRequest } from '../../src/node/head/read-request.ts';
import { respond } from '../../src/node/send/respond.ts';
import { failing, LAST_CHUNK } from '../node/send/answering.ts';
import { HELLO_WORLD, HELLO_WORLD_SHA_256 } from '../support/hashing.ts';
import { pattern } from '../support/octets.ts';
import { needs, run } from './programs.ts';

const CHUNK = `13\r\n${HELLO_WORLD}\r\n`;
const ABORT_CHUNK = '1;x-stream-status="error;type=source_error"\r\n';
const TE = ['-H', 'TE: trailers', '-H', 'Connection: TE'];
const AWARE = [...TE, '-H', 'X-Want-Stream-Status: ?1'];
const FILE = pattern(3_000_001);

let folder: string;
let url: string;
const sockets = new Set<Socket>();

/** What each target gives. */
function sourceFor({ target }: RequestHead): Readable {
  switch (target) {
    case '/hello':
      return Readable.from([HELLO_WORLD]);
    case '/failing':
      return Readable.from(failing([HELLO_WORLD]));
    case '/failing-large':
      return Readable.from(failing(Array.from({ length: 64 }, () => 'x'.repeat(65536))));
    case '/failing-at-once':
      return Readable.from(failing([]));
    default:
      return createReadStream(join(folder, 'served'));
  }
}

const server = createServer(async (socket) => {
  sockets.add(socket.on('close', () => sockets.delete(socket)));
  socket.on('error', () => {});
  try {
    for (;;) {
      const request = await readRequest(socket);
      const response = respond(socket, { request, lingerTimeout: 300 });
      await pipeline(sourceFor(request), response).catch(() => {});
    }
  } catch {
    socket.end(); // no further request
  }
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chunked-trailers-'));
  await writeFile(join(folder, 'served'), FILE);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.close();
  for (const socket of sockets) socket.destroy();
  await rm(folder, { recursive: true });
});

beforeEach((context) => needs(context, 'curl'));

const curl = (target: string, ...args: string[]) => run('curl', ['-sS', '--noproxy', '*', ...args, url + target]);

describe('RFC 9112 §7.1: the octets that curl --raw gets', () => {
  test.each([
    ['plain', '/hello', [], 0, CHUNK + LAST_CHUNK],
    ['a cut', '/failing', [], 18, CHUNK],
    ['a cut, though it asked for trailers', '/failing', TE, 18, CHUNK],
    ['an abort line, for the wish', '/failing', ['-H', 'X-Want-Stream-Status: ?1'], 18, CHUNK + ABORT_CHUNK],
    ['HTTP/1.0', '/hello', ['--http1.0'], 0, HELLO_WORLD],
  ])('%s', async (_, target, args, code, octets) => {
    expect(await curl(target, '--raw', ...args)).toMatchObject({ code, stdout: octets });
  });

  test('trailers', async () => {
    const { code, stdout } = await curl('/hello', '--raw', ...TE);
    expect(code).toBe(0);
    expect(stdout).toBe(`${CHUNK}0\r\nX-Stream-Status: ok;bytes=19\r\nContent-Digest: ${HELLO_WORLD_SHA_256}\r\n\r\n`);
  });
});

describe('the exit code', () => {
  test.each([
    ['a good body', '/hello', []],
    ['a good body with trailers', '/hello', TE],
    ['a good body over HTTP/1.0', '/hello', ['--http1.0']],
    ['a large good body', '/served', []],
    ['HEAD', '/hello', ['-I']],
  ])('0: %s', async (_, target, args) => {
    expect(await curl(target, '-o', join(folder, 'saved'), ...args)).toMatchObject({ code: 0, stderr: '' });
  });

  test.each([
    ['RFC 9112 §8: an abort', '/failing', []],
    ['RFC 9112 §8: an abort for a client that asked for trailers', '/failing', TE],
    ['RFC 9112 §8: an abort behind 4 MiB', '/failing-large', []],
  ])('18, a partial file: %s', async (_, target, args) => {
    expect((await curl(target, '-o', join(folder, 'saved'), ...args)).code).toBe(18);
  });

  test.each(['/failing', '/failing-large'])(
    'RFC 9112 §6.3: 56, a failure in receiving: RST over HTTP/1.0: %s',
    async (target) => {
      const { code, stdout } = await curl(target, '--http1.0');
      expect(code).toBe(56);
      expect(stdout).toBe(target === '/failing' ? HELLO_WORLD : 'x'.repeat(64 * 65536));
    },
  );

  test('nothing is lost before an abort', async () => {
    expect((await curl('/failing-large')).stdout).toBe('x'.repeat(64 * 65536));
  });

  test('RFC 9457: a failure before the first octet is a 500 that curl -f sees (22)', async () => {
    expect((await curl('/failing-at-once', '-f')).code).toBe(22);
    const { code, stdout } = await curl('/failing-at-once', '-w', '%{http_code} %{content_type}');
    expect(code).toBe(0);
    expect(stdout).toBe(
      '{"type":"about:blank","title":"Internal Server Error","status":500}\n500 application/problem+json',
    );
  });
});

describe('RFC 9110 §6.5: trailers', () => {
  const fields = (stdout: string) => stdout.split('\r\n').filter((line) => /^(X-Stream|Content-D|Trailer)/.test(line));

  test('curl -D shows them behind the body, if it asked', async () => {
    const { stdout } = await curl('/hello', '-D', '-', '-o', join(folder, 'saved'), ...TE);
    expect(fields(stdout)).toEqual([
      'Trailer: X-Stream-Status, Content-Digest',
      'X-Stream-Status: ok;bytes=19',
      `Content-Digest: ${HELLO_WORLD_SHA_256}`,
    ]);
  });

  test('and none if it did not', async () => {
    expect(fields((await curl('/hello', '-D', '-', '-o', join(folder, 'saved'))).stdout)).toEqual([]);
  });

  test('a clean failure says so, and curl takes it for success: it is for those who read the status', async () => {
    const { code, stdout } = await curl('/failing', '-D', '-', '-o', join(folder, 'saved'), ...AWARE);
    expect(code).toBe(0);
    expect(fields(stdout)).toContain('X-Stream-Status: error;bytes=19;type=source_error');
  });

  test('RFC 9112 §9.3: the next request goes over the same connection, after a clean failure and after an error', async () => {
    const each = ['-w', '%{http_code} %{num_connects}\n', '-o', '/dev/null'];
    const args = ['-sS', '--noproxy', '*', ...AWARE];
    for (const target of ['/failing', '/failing-at-once', '/hello']) args.push(...each, url + target);
    const { code, stdout } = await run('curl', args);
    expect(code).toBe(0);
    expect(stdout).toBe('200 1\n500 0\n200 0\n');
  });
});

test('RFC 9530 §2: the digest is what sha256sum prints for the file that curl saved', async (context) => {
  needs(context, 'sha256sum');
  const saved = join(folder, 'saved-whole');
  const { code, stdout } = await curl('/served', '-D', '-', '-o', saved, ...TE);
  expect(code).toBe(0);
  expect(Buffer.compare(await readFile(saved), FILE)).toBe(0);
  const [hex] = (await run('sha256sum', [saved])).stdout.split(' ');
  const digest = `sha-256=:${Buffer.from(hex!, 'hex').toString('base64')}:`;
  expect(stdout).toContain(`X-Stream-Status: ok;bytes=3000001\r\nContent-Digest: ${digest}\r\n`);
});
