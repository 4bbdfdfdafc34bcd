/**
 * The interceptor among undici's own, in the order that is documented: verify first, which is next to the network, and
 * the others behind it; and that the other order fails rather than lets a body through.
 */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../src/core/verdict.ts';
import { respond } from '../../src/node/send/respond.ts';
import { type Interceptor, verifyInterceptor } from '../../src/undici/interceptor.ts';
import type { CheckedRequest } from '../../src/undici/response-check.ts';
import { verdictOf } from '../../src/undici/verdict-of.ts';
import { begin, failing, origin, originOf, serve } from '../support/servers.ts';
import { agentOf, CLIENTS, COPIES, type Copy, type Dispatcher, streamErrorIn } from './clients.ts';

const ANNOUNCED = 'Transfer-Encoding: chunked\r\nTrailer: X-Stream-Status\r\n';
const sealed = (data: string) => `${data.length}\r\n${data}\r\n0\r\nX-Stream-Status: ok;bytes=${data.length}\r\n\r\n`;

async function* pieces(...all: Buffer[]) {
  yield* all;
}

interface Seen {
  data: string;
  error: unknown;
  verdict: Verdict;
}

async function read({ undici }: Copy, dispatcher: Dispatcher, url: string): Promise<Seen> {
  const response = await undici.request(url, { dispatcher });
  let data = '';
  let error: unknown;
  try {
    for await (const piece of response.body) data += piece;
  } catch (reason) {
    error = reason;
  }
  return { data, error, verdict: await verdictOf(response) };
}

/** Verdicts as they are told, each with the status code of its response. */
function telling() {
  const told: [statusCode: number, kind: Verdict['kind']][] = [];
  const onVerdict = (verdict: Verdict, { statusCode }: CheckedRequest) => told.push([statusCode, verdict.kind]);
  return { told, onVerdict };
}

describe('RFC 9530 §2: the digest is over the content-coded octets', () => {
  const text = 'some text, '.repeat(1000);
  const coded = gzipSync(text);

  async function gzipUrl(source: () => AsyncIterable<Buffer>): Promise<string> {
    const headers = { 'Content-Encoding': 'gzip' };
    return `http://127.0.0.1:${(await serve((_, res) => void begin(source(), respond(res, { headers })))).port}/`;
  }

  const withDecompress = COPIES.filter(({ name, undici }) => {
    const has = undici.interceptors.decompress !== undefined;
    if (!has) console.warn(`SKIPPED: decompress of ${name}, which has none`);
    return has;
  });

  describe.each(withDecompress)('$name', (copy) => {
    const decompress = () => copy.undici.interceptors.decompress();

    test('verify, decompress: the text comes, and the octets are complete', async () => {
      const dispatcher = agentOf(copy).compose(verifyInterceptor(), decompress());
      const { data, error, verdict } = await read(copy, dispatcher, await gzipUrl(() => pieces(coded)));
      expect(error).toBeUndefined();
      expect(data).toBe(text);
      expect(verdict).toMatchObject({ kind: 'complete', bytes: coded.length, digest: 'match' });
    });

    test('verify, decompress: a source that fails is a failed body', async () => {
      const dispatcher = agentOf(copy).compose(verifyInterceptor(), decompress());
      async function* broken() {
        yield coded.subarray(0, 20);
        throw new Error('the disk is gone');
      }
      const { error, verdict } = await read(copy, dispatcher, await gzipUrl(broken));
      expect(streamErrorIn(error)?.code).toBe('ERR_BODY_FAILED');
      expect(verdict.kind).toBe('failed');
    });

    test('decompress, verify: fails, since the octets were changed before', async () => {
      const dispatcher = agentOf(copy).compose(decompress(), verifyInterceptor());
      const { error } = await read(copy, dispatcher, await gzipUrl(() => pieces(coded)));
      expect(streamErrorIn(error)?.code).toBe('ERR_BODY_MISMATCH');
    });
  });

  describe.each(CLIENTS.filter(({ name }) => name.includes('fetch')))('$name', (client) => {
    test('fetch decompresses behind the interceptor', async () => {
      const { data, error, verdict } = await client.read(await gzipUrl(() => pieces(coded)));
      expect(error).toBeUndefined();
      expect(data).toBe(text);
      expect(verdict).toMatchObject({ kind: 'complete', bytes: coded.length, digest: 'match' });
    });
  });
});

describe('redirects', () => {
  /** `/` redirects to `/there` without a seal, as a proxy would. */
  async function redirectingUrl(): Promise<string> {
    const { port } = await serve((req, res) => {
      if (req.url === '/there') begin(failingAt(req.headers['x-fail']), respond(res));
      else res.writeHead(302, { Location: '/there' }).end('over there');
    });
    return `http://127.0.0.1:${port}/`;
  }
  const failingAt = (fail: unknown) => (fail === undefined ? ['data'] : failing(['da']));

  describe.each(COPIES)('$name', (copy) => {
    const redirect = () => copy.undici.interceptors.redirect({ maxRedirections: 3 });

    test.each([
      ['verify, redirect', (verify: Interceptor) => [verify, redirect()], [302, 200]],
      ['redirect, verify', (verify: Interceptor) => [redirect(), verify], [200]],
    ] as const)('%s: the verdict is about the last response', async (_, order, statusCodes) => {
      const { told, onVerdict } = telling();
      const verify = verifyInterceptor({ require: 'always', onVerdict });
      const { data, error, verdict } = await read(
        copy,
        agentOf(copy).compose(...order(verify)),
        await redirectingUrl(),
      );
      expect({ data, error, kind: verdict.kind }).toEqual({ data: 'data', error: undefined, kind: 'complete' });
      expect(told).toEqual(statusCodes.map((code) => [code, code === 302 ? 'unverified' : 'complete']));
    });
  });

  describe.each(CLIENTS.filter(({ name }) => name.includes('fetch')))('$name', (client) => {
    test('fetch follows a redirect without a seal, and the last response is judged', async () => {
      const asking = { options: { require: 'always' } } as const;
      const good = await client.read(await redirectingUrl(), asking);
      expect(good).toMatchObject({ data: 'data', error: undefined, verdict: { kind: 'complete' } });
      const bad = await client.read(await redirectingUrl(), { ...asking, headers: { 'x-fail': '1' } });
      expect(bad.streamError?.code).toBe('ERR_BODY_FAILED');
    });
  });
});

describe.each(COPIES)('retries of $name', (copy) => {
  const retry = (errorCodes?: string[]) =>
    copy.undici.interceptors.retry({ minTimeout: 1, maxRetries: 2, ...(errorCodes && { errorCodes }) });

  /** Gives half of the content and breaks in this way; then the rest, as the Range asks. */
  async function breakingUrl(rest: string): Promise<{ url: string; heads: string[] }> {
    const heads: string[] = [];
    const port = await origin((socket, head) => {
      heads.push(head);
      if (heads.length === 1) socket.end(`HTTP/1.1 200 OK\r\nETag: "1"\r\n${ANNOUNCED}\r\n4\r\nsome\r\n${rest}`);
      else {
        const range = 'ETag: "1"\r\nContent-Range: bytes 4-7/8\r\n';
        socket.write(`HTTP/1.1 206 Partial Content\r\n${range}${ANNOUNCED}\r\n${sealed('more')}`);
      }
    });
    return { url: `http://127.0.0.1:${port}/`, heads };
  }

  test.each([
    ['truncated', 'ERR_BODY_TRUNCATED', ''],
    ['failed', 'ERR_BODY_FAILED', '0\r\nX-Stream-Status: error;type=source_error\r\n\r\n'],
  ])(
    'verify, retry: a body that is %s is continued where errorCodes says so, each part judged',
    async (kind, code, rest) => {
      const { told, onVerdict } = telling();
      const dispatcher = agentOf(copy).compose(verifyInterceptor({ onVerdict }), retry([code]));
      const { url, heads } = await breakingUrl(rest);
      const { data, error, verdict } = await read(copy, dispatcher, url);
      expect({ data, error, kind: verdict.kind }).toEqual({ data: 'somemore', error: undefined, kind: 'complete' });
      expect(told).toEqual([
        [200, kind],
        [206, 'complete'],
      ]);
      expect(heads[1]).toMatch(/^range: bytes=4-\r$/m);
    },
  );

  const CHUNK = `${ANNOUNCED}\r\n4\r\nsome\r\n`;
  const LENGTH = 'Content-Length: 8\r\n\r\nsome';

  test.each([
    ['chunked, by FIN', 'FIN', CHUNK],
    ['chunked, by RST', 'RST', CHUNK],
    ['in a chunk, by FIN', 'FIN', CHUNK.replace('4\r', '8\r').slice(0, -2)],
    ['below Content-Length, by FIN', 'FIN', LENGTH],
    ['below Content-Length, by RST', 'RST', LENGTH],
  ] as const)('a body that is cut (%s) is continued as without us', async (_, sign, first) => {
    let count = 0;
    const heads: string[] = [];
    const port = await origin((socket, head) => {
      count++;
      heads.push(head.replace(/^(?:te|x-want-stream-status|want-content-digest|host): .*\r\n/gim, ''));
      if (count % 2 === 0) {
        const range = 'ETag: "1"\r\nContent-Range: bytes 4-7/8\r\n';
        socket.write(`HTTP/1.1 206 Partial Content\r\n${range}${ANNOUNCED}\r\n${sealed('more')}`);
        return;
      }
      socket.write(`HTTP/1.1 200 OK\r\nETag: "1"\r\n${first}`);
      if (sign === 'FIN') socket.end();
      else setImmediate(() => socket.resetAndDestroy());
    });
    const url = `http://127.0.0.1:${port}/`;
    const read = async (dispatcher: Dispatcher) => {
      const { body } = await copy.undici.request(url, { dispatcher });
      return body.text().catch((error) => error.code);
    };
    const without = await read(agentOf(copy).compose(retry()));
    const within = await read(agentOf(copy).compose(verifyInterceptor({ require: 'always' }), retry()));
    expect({ without, within }).toEqual({ without: 'somemore', within: 'somemore' });
    expect(heads.slice(2)).toEqual(heads.slice(0, 2));
  });

  test('verify, retry: a body that cannot be continued fails with undici’s own error, and has its verdict', async () => {
    const url = `http://127.0.0.1:${await originOf(`HTTP/1.1 200 OK\r\nETag: "1"\r\n${CHUNK}`)}/`;
    const { told, onVerdict } = telling();
    const dispatcher = agentOf(copy).compose(verifyInterceptor({ onVerdict }), retry());
    const { error } = await read(copy, dispatcher, url);
    expect(error).toBeInstanceOf(Error);
    expect(told[0]).toEqual([200, 'truncated']);
  });

  test('verify, retry: what we found ourselves is not retried by a code of undici’s', async () => {
    const { url, heads } = await breakingUrl('0\r\nX-Stream-Status: error;type=source_error\r\n\r\n');
    const { error } = await read(copy, agentOf(copy).compose(verifyInterceptor(), retry()), url);
    expect(streamErrorIn(error)?.code).toBe('ERR_BODY_FAILED');
    expect(heads).toHaveLength(1);
  });

  test('verify, retry: an unsealed 503 is retried as ever, even where a seal is always required', async () => {
    let count = 0;
    const { port } = await serve((_, res) => {
      count++;
      if (count === 1) res.writeHead(503).end('no');
      else begin(['data'], respond(res));
    });
    const dispatcher = agentOf(copy).compose(verifyInterceptor({ require: 'always' }), retry());
    const { data, error, verdict } = await read(copy, dispatcher, `http://127.0.0.1:${port}/`);
    expect({ data, error, kind: verdict.kind }).toEqual({ data: 'data', error: undefined, kind: 'complete' });
  });

  test('retry, verify: parts of two responses are not taken for one', async () => {
    const dispatcher = agentOf(copy).compose(retry(), verifyInterceptor());
    const { url } = await breakingUrl('');
    const { error } = await read(copy, dispatcher, url);
    expect(streamErrorIn(error)?.code).toBe('ERR_BODY_MISMATCH');
  });
});
