/**
 * Strategy: each ending of spec-notes/x-stream-status.md 3 × clients that know nothing of it, as separate programs where
 * they are ones. Each must report a failed body as a failure. Then the clients that ask, and what they learn.
 */
import { execFile } from 'node:child_process';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { requestHeaders } from '../../src/node/head/request-headers.ts';
import { verify } from '../../src/node/receive/verify.ts';
import type { Ending } from '../../src/node/send/respond.ts';
import { HELLO_WORLD } from '../support/hashing.ts';
import { CLIENTS, versionOf } from '../support/programs.ts';
import { type Answering, ask, drain, failing, KINDS, serve } from '../support/servers.ts';

const run = promisify(execFile);
const versions = new Map<string, string | undefined>();

beforeAll(async () => {
  for (const program of ['curl', 'python3', 'wget', 'lwp-request']) {
    const version = await versionOf(program);
    versions.set(program, version);
    if (version === undefined) console.warn(`SKIPPED: the rows of ${program}, which is not installed`);
  }
});

/** Skips, and says why, where a program is missing. */
function needs(program: string | undefined, skip: (reason: string) => void): void {
  if (program !== undefined && versions.get(program) === undefined) skip(`${program} is not installed`);
}

const whole = () => Readable.from([HELLO_WORLD]);
const cut = () => failing([HELLO_WORLD]);
const NOTHING = {};
const TRAILERS = { TE: 'trailers', Connection: 'TE' };

describe.each(KINDS)('from %s', (_kind, answering) => {
  describe.each(CLIENTS)('$name', ({ program, cut: named, error, read }) => {
    async function reported(fields: Record<string, string>, source: () => AsyncIterable<string> | Readable) {
      const server: Answering = await answering({ source: source() as Readable });
      const report = await read(`http://127.0.0.1:${server.port}/`, fields);
      return { ...report, ending: (await server.answered(0)).response.ending };
    }

    test.for<[string, Record<string, string>, Ending]>([
      ['asks for nothing', NOTHING, 'plain'],
      ['sends TE: trailers', TRAILERS, 'trailers'],
      ['sends all that an aware client does', requestHeaders(), 'trailers'],
    ])('that %s takes a good body for one', async ([, fields, ending], { skip }) => {
      needs(program, skip);
      expect(await reported(fields, whole)).toEqual({ outcome: 'ok', data: HELLO_WORLD, ending });
    });

    test.for<[string, Record<string, string>]>([
      ['asks for nothing', NOTHING],
      ['sends TE: trailers', TRAILERS],
    ])('that %s reports a failed body', async ([, fields], { skip }) => {
      needs(program, skip);
      const report = await reported(fields, cut);
      expect(report.ending).toBe('cut');
      expect(report.outcome).toMatch(named);
      expect(report.data).toBe(HELLO_WORLD);
    });

    // What Node itself can do at best: a length, and FIN before it is full.
    test('reports a body that is shorter than its length, where it reports one that Node has cut', async ({ skip }) => {
      needs(program, skip);
      const server = await answering({ source: cut(), options: { length: 19 } });
      const plain = await serve((_, res) => {
        res.writeHead(200, { 'Content-Length': 19 }).write(HELLO_WORLD.slice(0, 18), () => res.socket!.end());
      });
      const expected = await read(`http://127.0.0.1:${plain.port}/`, NOTHING);
      expect(await read(`http://127.0.0.1:${server.port}/`, NOTHING)).toEqual(expected);
      expect((await server.answered(0)).response.ending).toBe('cut');
    });

    test('HTTP/1.0: reports a failed body, where it reports one that Node has reset', async ({ skip }) => {
      needs(program, skip);
      const old = { httpVersion: '1.0', headers: {} };
      const server = await answering({ source: cut(), options: { request: old } });
      const { outcome } = await read(`http://127.0.0.1:${server.port}/`, NOTHING);
      const plain = await serve((_, res) => {
        res.useChunkedEncodingByDefault = false;
        res.writeHead(200, { Connection: 'close' }).write(HELLO_WORLD);
        setTimeout(() => res.socket!.resetAndDestroy(), 1000);
      });
      expect(outcome).toBe((await read(`http://127.0.0.1:${plain.port}/`, NOTHING)).outcome);
      expect((await server.answered(0)).response.ending).toBe('reset');
    });

    test('sees an error response where nothing has been sent', async ({ skip }) => {
      needs(program, skip);
      const report = await reported(NOTHING, () => failing([]));
      expect(report.ending).toBe('error-response');
      expect(report.outcome).toMatch(error);
    });
  });

  test('curl with HTTP/1.0: a body up to FIN is whole, RST is exit 56', async ({ skip }) => {
    needs('curl', skip);
    const server = await answering({ source: whole() }, { source: cut() });
    const url = `http://127.0.0.1:${server.port}/`;
    expect((await run('curl', ['-sS0', url])).stdout).toBe(HELLO_WORLD);
    await expect(run('curl', ['-sS0', url])).rejects.toMatchObject({ code: 56, stdout: HELLO_WORLD });
  });

  test('wget with HTTP/1.0: RST is exit 4', async ({ skip }) => {
    needs('wget', skip);
    const server = await answering({ source: cut(), options: { request: { httpVersion: '1.0', headers: {} } } });
    await expect(run('wget', ['-qO-', '--tries=1', `http://127.0.0.1:${server.port}/`])).rejects.toMatchObject({
      code: 4,
    });
  });
});

describe.each(KINDS)('what an aware client learns, from %s', (_kind, answering) => {
  test.each([
    ['trailers', whole, requestHeaders(), undefined, { kind: 'complete', digest: 'match' }],
    [
      'clean-failure',
      cut,
      requestHeaders(),
      'ERR_BODY_FAILED',
      { kind: 'failed', status: { type: 'source_error', bytes: 19 } },
    ],
    [
      'abort',
      cut,
      { 'X-Want-Stream-Status': '?1' },
      'ERR_BODY_FAILED',
      { kind: 'failed', status: { type: 'source_error' } },
    ],
    ['cut', cut, { TE: 'trailers' }, 'ERR_BODY_TRUNCATED', { kind: 'truncated' }],
    ['cut', cut, {}, 'ERR_BODY_TRUNCATED', { kind: 'truncated' }],
    ['plain', whole, {}, undefined, { kind: 'unverified' }],
  ])('%s, by verify', async (ending, source, headers, code, verdict) => {
    const server = await answering({ source: source() });
    const answer = await ask({ port: server.port, headers: headers as Record<string, string> }, (message) => {
      const body = verify(message);
      return { outcome: drain(body), verdict: body.verdict };
    });
    expect(await answer.outcome).toEqual({ data: HELLO_WORLD, code });
    expect(await answer.verdict).toMatchObject(verdict);
    expect((await server.answered(0)).response.ending).toBe(ending);
  });

  test('curl -D shows the trailers of a clean failure, which it takes for success', async ({ skip }) => {
    needs('curl', skip);
    const server = await answering({ source: cut() });
    const fields = Object.entries(requestHeaders()).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
    const args = ['-sS', '-D', '-', '-o', '/dev/null', ...fields, `http://127.0.0.1:${server.port}/`];
    const { stdout } = await run('curl', args);
    expect(stdout).toContain('X-Stream-Status: error;bytes=19;type=source_error\r\n');
  });

  test('http.get sees them as trailers of the message', async () => {
    const server = await answering({ source: cut() });
    const message = await ask({ port: server.port, headers: requestHeaders() }, (one) => one);
    expect((await drain(message)).code).toBeUndefined();
    expect(message.trailers['x-stream-status']).toBe('error;bytes=19;type=source_error');
  });
});
