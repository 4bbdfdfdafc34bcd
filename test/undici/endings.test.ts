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

describe.each(CLIENTS)('$name', ({ read }) => {
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

  test('cut under Connection: close, which many undicis take for an end: never a success', async () => {
    const { error, streamError, verdict } = await read(await urlOf(`${ANNOUNCED}${CLOSE}\r\n${CHUNK}`));
    expect(error).toBeInstanceOf(Error);
    expect(['ERR_BODY_TRUNCATED', 'ERR_BODY_UNVERIFIED']).toContain(streamError?.code);
    expect(['truncated', 'unverified']).toContain(verdict.kind);
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
