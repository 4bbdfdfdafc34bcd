/** Every ending that a body can have, in every client: over real sockets, from servers that `respond`. */
import { createServer } from 'node:http';
import { describe, expect, test } from 'vitest';
import { respond } from '../../src/node/send/respond.ts';
import { pattern } from '../support/octets.ts';
import { begin, failing, listen, originOf, serve } from '../support/servers.ts';
import { CLIENTS } from './clients.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n';
const ANNOUNCED = `${HEAD}Trailer: X-Stream-Status, Content-Digest\r\n`;
const CLOSE = 'Connection: close\r\n';
const CHUNK = '4\r\ndata\r\n';
/** sha-256 of `data`: `printf data | openssl dgst -sha256 -binary | base64`. */
const DIGEST = 'Content-Digest: sha-256=:Om6weQ85rIfJTzhWst0sXREOaBFgImGpqSPTuyOtyLc=:\r\n';

async function urlOf(octets: string, how?: 'FIN' | 'RST'): Promise<string> {
  return `http://127.0.0.1:${await originOf(octets, how)}/`;
}

async function respondingUrl(source: () => AsyncIterable<string | Buffer>, status?: number): Promise<string> {
  const { port } = await serve((_, res) => {
    begin(source(), respond(res, status === undefined ? {} : { status }));
  });
  return `http://127.0.0.1:${port}/`;
}

async function* pieces(...all: (string | Buffer)[]) {
  yield* all;
}

describe.each(CLIENTS)('$name', ({ name, read }) => {
  test('a whole body ends, and is complete', async () => {
    const { data, error, verdict } = await read(await respondingUrl(() => pieces('some ', 'data')));
    expect({ data, error }).toEqual({ data: 'some data', error: undefined });
    expect(verdict).toMatchObject({ kind: 'complete', bytes: 9, digest: 'match', status: { kind: 'ok', bytes: 9 } });
  });

  test('an empty body is complete', async () => {
    const { data, error, verdict } = await read(await respondingUrl(() => pieces()));
    expect({ data, error, kind: verdict.kind }).toEqual({ data: '', error: undefined, kind: 'complete' });
  });

  test('4 MiB are complete', async () => {
    const content = Buffer.from(pattern(4 * 1024 * 1024));
    const { data, error, verdict } = await read(await respondingUrl(() => pieces(content)));
    expect(error).toBeUndefined();
    expect(data === content.toString('latin1')).toBe(true);
    expect(verdict).toMatchObject({ kind: 'complete', bytes: content.length, digest: 'match' });
  });

  test('a source that fails is a failed body, after what came before', async () => {
    const { data, streamError, verdict } = await read(await respondingUrl(() => failing(['some data'])));
    expect(data).toBe('some data');
    expect(streamError?.code).toBe('ERR_BODY_FAILED');
    expect(verdict).toMatchObject({ kind: 'failed', bytes: 9, digest: 'match', status: { type: 'source_error' } });
    expect(streamError?.verdict).toBe(verdict);
  });

  test('the abort ending is a truncated body: undici hides the reason', async () => {
    const octets = `${ANNOUNCED}\r\n${CHUNK}1;x-stream-status="error;type=source_error"\r\n`;
    const { data, streamError, verdict } = await read(await urlOf(octets));
    expect(data).toBe('data');
    expect({ code: streamError?.code, kind: verdict.kind }).toEqual({
      code: 'ERR_BODY_TRUNCATED',
      kind: 'truncated',
    });
  });

  test.each(['FIN', 'RST'] as const)('a body cut by %s is truncated', async (how) => {
    const { streamError, verdict } = await read(await urlOf(`${ANNOUNCED}\r\n${CHUNK}400\r\nmore`, how));
    expect({ code: streamError?.code, kind: verdict.kind }).toEqual({
      code: 'ERR_BODY_TRUNCATED',
      kind: 'truncated',
    });
    expect(verdict.bytes).toBeLessThanOrEqual(8);
  });

  test('a body cut below its Content-Length is truncated', async () => {
    const { streamError, verdict } = await read(await urlOf('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ndata'));
    expect({ code: streamError?.code, kind: verdict.kind }).toEqual({
      code: 'ERR_BODY_TRUNCATED',
      kind: 'truncated',
    });
  });

  test('a digest that was announced and did not come leaves the body unverified', async () => {
    const octets = `${ANNOUNCED}\r\n${CHUNK}0\r\nX-Stream-Status: ok;bytes=4\r\n\r\n`;
    const { streamError, verdict } = await read(await urlOf(octets));
    expect({ code: streamError?.code, kind: verdict.kind, digest: verdict.digest }).toEqual({
      code: 'ERR_BODY_UNVERIFIED',
      kind: 'unverified',
      digest: 'absent',
    });
  });

  test('RFC 9112 §6.1: 204 with Transfer-Encoding, which one bit makes of a 200, is malformed', async () => {
    const octets = `${ANNOUNCED}\r\n${CHUNK}0\r\nX-Stream-Status: ok;bytes=4\r\n${DIGEST}\r\n`;
    const { error, verdict } = await read(await urlOf(octets.replace('200 OK', '204 OK')));
    expect(verdict.kind).toBe('malformed');
    // fetch has no body for a 204, and so nothing that could fail: there, the verdict alone tells.
    if (!name.includes('fetch')) expect(error).toMatchObject({ code: 'ERR_BODY_MALFORMED' });
  });

  test('cut under Connection: close, which many undicis take for an end: never a success', async () => {
    const { error, streamError, verdict } = await read(await urlOf(`${ANNOUNCED}${CLOSE}\r\n${CHUNK}`));
    expect(error).toBeInstanceOf(Error);
    expect(['ERR_BODY_TRUNCATED', 'ERR_BODY_UNVERIFIED']).toContain(streamError?.code);
    expect(['truncated', 'unverified']).toContain(verdict.kind);
  });

  test('RFC 9112 §7.1: an illegal chunk-size is malformed', async () => {
    const { streamError, verdict } = await read(await urlOf(`${ANNOUNCED}\r\n${CHUNK}zz\r\ndata\r\n0\r\n\r\n`));
    expect({ code: streamError?.code, kind: verdict.kind }).toEqual({
      code: 'ERR_BODY_MALFORMED',
      kind: 'malformed',
    });
  });

  test('RFC 9530 §2: a digest that disagrees is a mismatch', async () => {
    const trailers = `X-Stream-Status: ok;bytes=4\r\n${DIGEST}\r\n`;
    const { data, streamError, verdict } = await read(await urlOf(`${ANNOUNCED}\r\n4\r\ndatA\r\n0\r\n${trailers}`));
    expect(data).toBe('datA');
    expect(streamError?.code).toBe('ERR_BODY_MISMATCH');
    expect(verdict).toMatchObject({ kind: 'mismatch', digest: 'mismatch' });
  });

  test('a count that disagrees is a mismatch', async () => {
    const octets = `${ANNOUNCED}\r\n${CHUNK}0\r\nX-Stream-Status: ok;bytes=5\r\n${DIGEST}\r\n`;
    const { streamError, verdict } = await read(await urlOf(octets));
    expect({ code: streamError?.code, kind: verdict.kind }).toEqual({ code: 'ERR_BODY_MISMATCH', kind: 'mismatch' });
  });

  describe('where no status comes', () => {
    const announced = `${ANNOUNCED}\r\n${CHUNK}0\r\n\r\n`;
    const silent = `${HEAD}\r\n${CHUNK}0\r\n\r\n`;
    const unreadable = `${HEAD}\r\n${CHUNK}0\r\nX-Stream-Status: "?\r\n\r\n`;
    test.each([
      ['announced', announced, 'ERR_BODY_UNVERIFIED'],
      ['announced', unreadable, 'ERR_BODY_UNVERIFIED'],
      ['announced', silent, undefined],
      ['always', announced, 'ERR_BODY_UNVERIFIED'],
      ['always', silent, 'ERR_BODY_UNVERIFIED'],
      ['never', announced, undefined],
      ['never', silent, undefined],
    ] as const)('require %j and %j: %s', async (require, octets, code) => {
      const { data, error, streamError, verdict } = await read(await urlOf(octets), { options: { require } });
      expect({ data, code: streamError?.code, kind: verdict.kind }).toEqual({ data: 'data', code, kind: 'unverified' });
      if (code === undefined) expect(error).toBeUndefined();
    });

    test.each([404, 503])('require "always" is not asked of an error response: %d', async (statusCode) => {
      const octets = `HTTP/1.1 ${statusCode} No\r\nContent-Length: 4\r\n\r\ndata`;
      const { status, data, error } = await read(await urlOf(octets), { options: { require: 'always' } });
      expect({ status, data, error }).toEqual({ status: statusCode, data: 'data', error: undefined });
    });

    test('an announced status of an error response is', async () => {
      const { streamError } = await read(await urlOf(announced.replace('200 OK', '500 No')));
      expect(streamError?.code).toBe('ERR_BODY_UNVERIFIED');
    });
  });

  describe('without content there is nothing to judge', () => {
    test('RFC 9110 §9.3.2: HEAD', async () => {
      const url = await urlOf(`${ANNOUNCED}\r\n`);
      const { data, error } = await read(url, { method: 'HEAD', options: { require: 'always' } });
      expect({ data, error }).toEqual({ data: '', error: undefined });
    });

    test.each([204, 304])('RFC 9110 §15: %d', async (statusCode) => {
      const url = await urlOf(`HTTP/1.1 ${statusCode} -\r\nTrailer: X-Stream-Status\r\n\r\n`);
      const { status, data, error } = await read(url, { options: { require: 'always' } });
      expect({ status, data, error }).toEqual({ status: statusCode, data: '', error: undefined });
    });
  });

  test('RFC 9110 §15.2: a head of 1xx is not judged', async () => {
    const sealed = `${ANNOUNCED}\r\n${CHUNK}0\r\nX-Stream-Status: ok;bytes=4\r\n${DIGEST}\r\n`;
    const { data, verdict } = await read(await urlOf(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${sealed}`));
    expect({ data, kind: verdict.kind }).toEqual({ data: 'data', kind: 'complete' });
  });

  test('an error before a head is undici’s own', async () => {
    const server = createServer();
    const port = await listen(server);
    server.close();
    const error = await read(`http://127.0.0.1:${port}/`).catch((reason) => reason);
    const { code } = (error.cause ?? error) as NodeJS.ErrnoException;
    expect(code).toBe('ECONNREFUSED');
  });
});
