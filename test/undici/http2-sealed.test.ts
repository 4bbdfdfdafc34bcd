/**
 * HTTP/2 over TLS, agreed upon by ALPN, from servers of node:http2 that seal what they send: in `request` and `fetch` of each
 * undici with `allowH2`, and in Node's own fetch with such an Agent. Frames by hand are in http2.test.ts.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createSecureServer, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { pipeline, type Readable } from 'node:stream';
import { describe, expect, onTestFinished, test } from 'vitest';
import { seal } from '../../src/node/seal/seal.ts';
import { respond } from '../../src/node/send/respond.ts';
import { type VerifyInterceptorOptions, verifyInterceptor } from '../../src/undici/interceptor.ts';
import { verdictOf } from '../../src/undici/verdict-of.ts';
import { failing } from '../support/servers.ts';
import { certificate, hasOpenssl } from '../support/tls.ts';
import {
  agentOf,
  COPIES,
  type Copy,
  type Dispatcher,
  streamErrorIn,
  UNDICI_INSIDE,
  worksWithNodesFetch,
} from './clients.ts';

if (!hasOpenssl) console.warn('SKIPPED: undici over HTTP/2 with TLS: there is no openssl on this machine');

const GONE = new Error('the disk is gone');
const whole = async function* () {
  yield* ['some ', 'data'];
};
const OK = { status: 200, data: 'some data' };
const failed = () => failing(['some ', 'data'], GONE) as AsyncIterable<string>;

type Source = () => AsyncIterable<string>;

/** Who writes the response. */
const SERVERS = {
  'seal(res)': (res, source) => {
    pipeline(source() as unknown as Readable, seal(res) as never, () => {});
  },
  'respond(res)': (res, source) => {
    pipeline(source() as unknown as Readable, respond(res), () => {});
  },
  'seal(res) behind a proxy that removes TE': (res, source) => {
    delete res.req.headers.te;
    SERVERS['seal(res)'](res, source);
  },
  'nobody, whose destroy() is RST_STREAM with NO_ERROR': async (res, source) => {
    try {
      for await (const data of source()) res.write(data);
      res.end();
    } catch {
      res.stream.destroy();
    }
  },
} satisfies Record<string, (res: Http2ServerResponse, source: Source) => void>;
type ServerName = keyof typeof SERVERS;

async function serve(by: ServerName, source: Source): Promise<{ url: string; ca: Buffer }> {
  const files = await certificate();
  const [key, ca] = [await readFile(files.key), await readFile(files.cert)];
  const server = createSecureServer({ key, cert: ca, allowHTTP1: true }, (req, res) => {
    if (req.httpVersion === '2.0') SERVERS[by](res, source);
    else res.writeHead(505).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return { url: `https://localhost:${(server.address() as AddressInfo).port}/`, ca };
}

type Way = 'request' | 'fetch' | "Node's fetch";

async function read(
  copy: Copy,
  way: Way,
  [by, source]: [ServerName, Source],
  options?: VerifyInterceptorOptions,
): Promise<{ status: number; data: string; code: string | undefined; kind: string | undefined }> {
  const { url, ca } = await serve(by, source);
  const agent = agentOf(copy, { allowH2: true, connect: { ca } });
  const dispatcher: Dispatcher = options === undefined ? agent : agent.compose(verifyInterceptor(options));
  const asking = way === "Node's fetch" ? (fetch as unknown as Copy['undici']['fetch']) : copy.undici[way];
  const response = await asking(url, { dispatcher });
  const status = 'statusCode' in response ? response.statusCode : response.status;
  let data = '';
  let code: string | undefined;
  try {
    for await (const piece of response.body as AsyncIterable<Uint8Array>) data += Buffer.from(piece).toString('latin1');
  } catch (error) {
    code = streamErrorIn(error)?.code ?? 'an error';
  }
  return { status, data, code, kind: options && (await verdictOf(response)).kind };
}

describe.runIf(hasOpenssl).each(COPIES)('$name', (copy) => {
  // undici 8 asks over HTTP/1.1 alone for handlers of the old kind, which are those of Node's fetch before Node 26.
  const isOld = copy.major === 8 && UNDICI_INSIDE < 8;
  const ways: Way[] = ['request', 'fetch', ...(worksWithNodesFetch(copy) && !isOld ? (["Node's fetch"] as const) : [])];
  const seesTrailers = copy.major > 6;

  test.runIf(isOld)("Node's fetch: over HTTP/1.1", async () => {
    expect(await read(copy, "Node's fetch", ['seal(res)', whole], {})).toMatchObject({ status: 505 });
  });

  describe.each(ways)('%s', (way) => {
    test.each<ServerName>(['seal(res)', 'respond(res)'])('%s: a whole body', async (by) => {
      const hidden = { ...OK, code: 'ERR_BODY_UNVERIFIED', kind: 'unverified' };
      const seen = { ...OK, code: undefined, kind: 'complete' };
      expect(await read(copy, way, [by, whole], {})).toEqual(seesTrailers ? seen : hidden);
      expect(await read(copy, way, [by, whole])).toEqual({ ...OK, code: undefined, kind: undefined });
    });

    test.each<ServerName>(['seal(res)', 'respond(res)'])('%s: a source that fails', async (by) => {
      const { code, kind } = await read(copy, way, [by, failed], {});
      expect({ code, kind }).toEqual(
        seesTrailers
          ? { code: 'ERR_BODY_FAILED', kind: 'failed' }
          : { code: 'ERR_BODY_UNVERIFIED', kind: 'unverified' },
      );
    });

    test('RFC 9113 §7: INTERNAL_ERROR where nobody asked for trailers: without the interceptor too', async () => {
      const { code, kind } = await read(copy, way, ['seal(res) behind a proxy that removes TE', failed], {});
      expect({ code, kind }).toEqual({ code: 'ERR_BODY_TRUNCATED', kind: 'truncated' });
      expect((await read(copy, way, ['seal(res)', failed])).code).toBe('an error');
    });

    test('RFC 9113 §7: NO_ERROR and no seal: an error of undici 6, unverified in the others, as `require` has it', async () => {
      const server: [ServerName, Source] = ['nobody, whose destroy() is RST_STREAM with NO_ERROR', failed];
      const { code, kind } = await read(copy, way, server, {});
      expect({ code, kind }).toEqual(
        seesTrailers ? { code: undefined, kind: 'unverified' } : { code: 'ERR_BODY_TRUNCATED', kind: 'truncated' },
      );
      const insisting = await read(copy, way, server, { require: 'always' });
      expect(insisting.code).toBe(seesTrailers ? 'ERR_BODY_UNVERIFIED' : 'ERR_BODY_TRUNCATED');
    });
  });
});
