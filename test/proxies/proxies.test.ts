/**
 * Strategy: the tables of docs/proxies.md, measured again. `respond(res)` behind each real proxy, as it comes and with the
 * lines that the page recommends: what a client that checks concludes, what curl makes of it, and the same content in chunks
 * of its own, or by its length; and what `verify(req)` concludes of uploads. A good body and one that fails each time. Each
 * cell of the page has to be what came out.
 */
import { execFile } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
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
import { seal } from '../../src/node/seal/seal.ts';
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

/** What `verify(req)` concluded of the last upload. */
const uploads = new EventEmitter();

async function take(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const body = verify(req);
  const error = await failureOf(body);
  uploads.emit('verdict', cell(await body.verdict, error));
  res.end();
}

const answer = (req: IncomingMessage | Http2ServerRequest, res: ServerResponse | Http2ServerResponse) => {
  if (req.method === 'POST') {
    take(req as IncomingMessage, res as ServerResponse);
    return;
  }
  const length = req.url!.startsWith('/length') ? ROW.length * ROWS : undefined;
  const framing = acceptsInContent(req) ? 'content' : undefined;
  const describeError = () => ({ type: 'source_error' });
  const headers = { 'Content-Type': 'text/plain', 'Cache-Control': 'no-store', ...(!framing && { Vary: 'Accept' }) };
  const fails = req.url!.endsWith('failed');
  pipeline(Readable.from(rows(fails)), respond(res, { framing, describeError, headers, length })).catch(() => {});
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

/** Why it did not end; undefined if it did. */
function failureOf(body: Readable): Promise<unknown> {
  return pipeline(body, async (source) => {
    for await (const _ of source);
  }).then(
    () => undefined,
    (cause: unknown) => cause,
  );
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
        const error = await failureOf(body);
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
      const error = await failureOf(body);
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

/** What the server concludes of a sealed upload, and what it is answered if that is not 200. */
async function upload(port: number, target: string): Promise<string> {
  const patience = new AbortController();
  const verdict = once(uploads, 'verdict', { signal: patience.signal }).then(
    ([kind]: string[]) => kind!,
    () => 'nothing came',
  );
  const status = await new Promise<number>((resolve) => {
    const request = seal(http.request({ host: '127.0.0.1', port, path: target, method: 'POST', agent: false }));
    request.on('error', () => {}).on('close', () => resolve(200)); // of an upload that was cut, there is no answer
    request.on('response', (message) => resolve(message.resume().statusCode!));
    pipeline(Readable.from(rows(target === '/failed')), request).catch(() => {});
  });
  const waiting = setTimeout(() => patience.abort(), 3000);
  const kind = await verdict;
  clearTimeout(waiting);
  return status === 200 ? kind : `${kind}, status ${status}`;
}

/** Both outcomes of one cell of the table. */
const both = async (ask: (target: string) => Promise<string>) => `${await ask('/whole')} / ${await ask('/failed')}`;

interface Setting {
  isHttp2: boolean;
  lines: string;
  fields: Record<string, string>;
}

type Cells = (proxy: ProxyProgram, at: { port: number; tlsPort: number }, setting: Setting) => Promise<string[]>;

const responses: Cells = async ({ hasTls }, { port, tlsPort }, { fields }) => {
  const plain = `http://127.0.0.1:${port}`;
  const tls = `https://localhost:${tlsPort}`;
  return [
    await both((target) => aware(port, target, fields)),
    await both((target) => unaware(plain + target, '--http1.1')),
    await both((target) => inContent(plain + target, '--http1.1')),
    hasTls ? await both((target) => awareOfHttp2(tlsPort, target)) : '–',
    hasTls ? await both((target) => unaware(tls + target, '--http2')) : '–',
    hasTls ? await both((target) => inContent(tls + target, '--http2')) : '–',
  ];
};

const lengthsAndUploads: Cells = async ({ hasTls }, { port, tlsPort }) => {
  // The last octet of a body of known length waits for its end, so of one that fails it is not there.
  const noticed = async (url: string, version: string) => (await unaware(url, version)).replace(', content lost', '');
  return [
    await both((target) => noticed(`http://127.0.0.1:${port}/length${target}`, '--http1.1')),
    hasTls ? await both((target) => noticed(`https://localhost:${tlsPort}/length${target}`, '--http2')) : '–',
    await both((target) => upload(port, target)),
  ];
};

async function measure(proxy: ProxyProgram, cells: Cells, setting: Setting): Promise<string[]> {
  let row: string[] = [];
  const { isHttp2, lines } = setting;
  const { port: upstream } = ORIGINS[isHttp2 ? 'http2' : 'http'].address() as AddressInfo;
  await behind(proxy, { upstream, isHttp2, lines }, async (at) => {
    row = await cells(proxy, at, setting);
  });
  return row;
}

/** The rows of a section's table: the proxy with its version, the configuration, the cells. */
function tableOf(heading: string): string[][] {
  const section = PAGE.split(/^## /m).find((one) => one.startsWith(`${heading}\n`))!;
  const lines = section.split('\n').filter((line) => /^\| (?:\w+ \d|none)/.test(line));
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((one) => one.trim()),
  );
}

const TABLES: [heading: string, cells: Cells][] = [
  ['What was measured', responses],
  ['Known lengths, and uploads', lengthsAndUploads],
];

/** What the page calls a configuration: as it comes, as recommended, or that and a further line. */
function linesFor(configuration: string, proxy: ProxyProgram): string {
  const further = /^`(proxy_\w+ \w+)`$/.exec(configuration)?.[1];
  if (further !== undefined) return `${recommended(proxy)}${further};`;
  return configuration === 'as below' ? recommended(proxy) : '';
}

describe.each(PROXIES)('docs/proxies.md: $name', (proxy) => {
  const rowsIn = (heading: string) =>
    tableOf(heading).filter(([name]) => proxy.rows?.test(name!) ?? name!.startsWith(`${proxy.name} `));

  test('has rows', () => {
    for (const [heading] of TABLES) expect(rowsIn(heading).length).toBeGreaterThan(0);
    const isAsked = rowsIn('What was measured').some(([, configuration]) => configuration === HTTP2_BEHIND);
    expect(isAsked).toBe(proxy.canAskHttp2 === true);
  });

  const all = TABLES.flatMap(([heading, cells]) =>
    rowsIn(heading).map(([name, configuration, ...expected]) => ({ heading, cells, name, configuration, expected })),
  );
  test.each(all)('$heading: $configuration', async ({ cells, name, configuration, expected }) => {
    const version = versionOf(proxy);
    if (version === undefined) return console.warn(`SKIPPED: ${name} is not installed here`);
    const isTried = name === `${proxy.name} ${version}`;
    const found = await measure(proxy, cells, {
      lines: linesFor(configuration!, proxy),
      fields: requestHeaders({ connection: configuration !== 'no `Connection: TE`' }),
      isHttp2: configuration === HTTP2_BEHIND,
    });
    console.info(`| ${proxy.name} ${version} | ${configuration} | ${found.join(' | ')} |`);
    if (!isTried) return console.warn(`SKIPPED: the page is of ${name}, and ${version} is installed here`);
    expect(found.join(' | ')).toBe(expected.join(' | '));
  });
});
