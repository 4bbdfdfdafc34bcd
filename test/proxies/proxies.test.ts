/**
 * Strategy: the table of docs/proxies.md, measured again. `respond(res)` behind each real proxy, as it comes and with the
 * lines that the page recommends: what a client that checks concludes, what curl makes of it, and the same content in chunks
 * of its own; a good body and one that fails. Each cell of the page has to be what came out.
 */
import { execFile } from 'node:child_process';
import http, { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import http2, { type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Verdict } from '../../src/core/verdict.ts';
import { requestHeaders } from '../../src/node/head/request-headers.ts';
import { verify } from '../../src/node/receive/verify.ts';
import { acceptsInContent } from '../../src/node/send/in-content.ts';
import { respond } from '../../src/node/send/respond.ts';
import { ChunkedDecoderStream } from '../../src/web/chunked-decoder-stream.ts';
import { createHasher } from '../support/hashing.ts';
import { behind, PAGE, PROXIES, type ProxyProgram, recommended, versionOf } from './proxies.ts';

const IN_CONTENT = 'application/vnd.chunked-trailers';
/** As the table calls it. */
const HTTP2_BEHIND = 'HTTP/2 behind';
const ROW = 'a row of a table that is longer than it would have to be\n';
const ROWS = 200;

/** Some rows at a time, as they come from a source; then the end, or a failure. */
async function* rows(fails: boolean) {
  for (let at = 0; at < 10; at++) {
    yield ROW.repeat(ROWS / 10);
    await sleep(5);
  }
  if (fails) throw new Error('the disk is gone');
}

const answer = (req: IncomingMessage | Http2ServerRequest, res: ServerResponse | Http2ServerResponse) => {
  const framing = acceptsInContent(req) ? 'content' : undefined;
  const describeError = () => ({ type: 'source_error' });
  const headers = { 'Content-Type': 'text/plain', 'Cache-Control': 'no-store', ...(!framing && { Vary: 'Accept' }) };
  pipeline(Readable.from(rows(req.url === '/failed')), respond(res, { framing, describeError, headers })).catch(
    () => {},
  );
};
const ORIGINS = { http: createServer(answer), http2: http2.createServer(answer) };
beforeAll(async () => {
  for (const origin of Object.values(ORIGINS)) {
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  }
});
afterAll(() => {
  for (const origin of Object.values(ORIGINS)) origin.close();
});

function cell({ kind, status }: Verdict, error: unknown): string {
  if (kind === 'failed') return `failed (${(status as { type?: string }).type})`;
  if (kind !== 'unverified') return kind;
  return error === undefined ? 'unverified, accepted' : 'unverified, refused';
}

/** What `verify` concludes, at the default. */
function aware(port: number, target: string, fields: Record<string, string>): Promise<string> {
  return new Promise((resolve) => {
    const request = http.get(
      { host: '127.0.0.1', port, path: target, headers: fields, agent: false },
      async (message) => {
        request.off('error', refused).on('error', () => {});
        if (message.statusCode !== 200) return resolve(`status ${message.statusCode}`);
        const body = verify(message);
        const error = await pipeline(body, async (source) => {
          for await (const _ of source);
        }).then(
          () => undefined,
          (cause: unknown) => cause,
        );
        resolve(cell(await body.verdict, error));
      },
    );
    const refused = (error: NodeJS.ErrnoException) => resolve(`no response (${error.code})`);
    request.on('error', refused);
  });
}

/** The same over HTTP/2. */
function awareOfHttp2(port: number, target: string): Promise<string> {
  return new Promise((resolve) => {
    const session = http2.connect(`https://localhost:${port}`, { rejectUnauthorized: false, family: 4 } as object);
    const stream = session.request({ ':path': target, ...requestHeaders({ connection: false }) });
    const refused = (error: NodeJS.ErrnoException) => resolve(`no response (${error.code})`);
    session.on('error', refused);
    stream.on('error', refused).on('response', async (headers) => {
      stream.off('error', refused).on('error', () => {});
      if (headers[':status'] !== 200) return resolve(`status ${headers[':status']}`);
      const body = verify(stream, { headers });
      const error = await pipeline(body, async (source) => {
        for await (const _ of source);
      }).then(
        () => undefined,
        (cause: unknown) => cause,
      );
      resolve(cell(await body.verdict, error));
      session.destroy();
    });
  });
}

function curl(args: string[]): Promise<{ code: number; stdout: Buffer }> {
  return new Promise((resolve) => {
    const options = { encoding: 'buffer', maxBuffer: 1 << 24 } as const;
    execFile('curl', ['-sSk4', '--noproxy', '*', '--max-time', '20', ...args], options, (error, stdout) => {
      resolve({ code: (error?.code as number | undefined) ?? 0, stdout });
    });
  });
}

async function unaware(url: string, ...args: string[]): Promise<string> {
  const { code, stdout } = await curl([url, '-f', ...args]);
  return `exit ${code}${stdout.length === ROW.length * ROWS ? '' : ', content lost'}`;
}

/** The content is what any client gets; the verdict is ours. */
async function inContent(url: string, ...args: string[]): Promise<string> {
  const { stdout } = await curl([url, '-H', `Accept: ${IN_CONTENT}`, ...args]);
  const decoder = new ChunkedDecoderStream({ require: 'always', createHasher });
  const error = await new Blob([new Uint8Array(stdout)])
    .stream()
    .pipeThrough(decoder)
    .pipeTo(new WritableStream())
    .then(
      () => undefined,
      (cause: unknown) => cause,
    );
  return cell(await decoder.verdict, error);
}

/** Both outcomes of one cell of the table. */
const both = async (ask: (target: string) => Promise<string>) => `${await ask('/whole')} / ${await ask('/failed')}`;

async function measure(
  proxy: ProxyProgram,
  { isHttp2, lines, fields }: { isHttp2: boolean; lines: string; fields: Record<string, string> },
): Promise<string[]> {
  let row: string[] = [];
  const { port: upstream } = ORIGINS[isHttp2 ? 'http2' : 'http'].address() as AddressInfo;
  await behind(proxy, { upstream, isHttp2, lines }, async ({ port, tlsPort }) => {
    const plain = `http://127.0.0.1:${port}`;
    const tls = `https://localhost:${tlsPort}`;
    row = [
      await both((target) => aware(port, target, fields)),
      await both((target) => unaware(plain + target, '--http1.1')),
      await both((target) => inContent(plain + target, '--http1.1')),
      proxy.hasTls ? await both((target) => awareOfHttp2(tlsPort, target)) : '–',
      proxy.hasTls ? await both((target) => unaware(tls + target, '--http2')) : '–',
      proxy.hasTls ? await both((target) => inContent(tls + target, '--http2')) : '–',
    ];
  });
  return row;
}

/** The rows of the table: the proxy with its version, the configuration, the cells. */
const TABLE = PAGE.split('\n')
  .filter((line) => /^\| (?:\w+ \d|none)/.test(line))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((one) => one.trim()),
  );

describe.each(PROXIES)('docs/proxies.md: $name', (proxy) => {
  const mine = TABLE.filter(([name]) => proxy.rows?.test(name!) ?? name!.startsWith(`${proxy.name} `));

  test('has rows', () => {
    expect(mine.length).toBeGreaterThan(0);
    const isAsked = mine.some(([, configuration]) => configuration === HTTP2_BEHIND);
    expect(isAsked).toBe(proxy.canAskHttp2 === true);
  });

  test.each(mine.map(([name, configuration, ...cells]) => ({ name, configuration, cells })))(
    '$configuration',
    async ({ name, configuration, cells }) => {
      const version = versionOf(proxy);
      if (version === undefined) return console.warn(`SKIPPED: ${name} is not installed here`);
      const isTried = name === `${proxy.name} ${version}`;
      const lines = configuration === 'as below' ? recommended(proxy) : '';
      const fields = requestHeaders({ connection: configuration !== 'no `Connection: TE`' });
      const isHttp2 = configuration === HTTP2_BEHIND;
      const found = await measure(proxy, { isHttp2, lines, fields });
      console.info(`| ${proxy.name} ${version} | ${configuration} | ${found.join(' | ')} |`);
      if (!isTried) return console.warn(`SKIPPED: the page is of ${name}, and ${version} is installed here`);
      expect(found.join(' | ')).toBe(cells.join(' | '));
    },
  );
});
