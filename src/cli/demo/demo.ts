/**
 * chunked-trailers demo: a real file over real loopback sockets, ended in every way there is. Each response is fetched
 * twice: by `receive`, and by Node's own http.get as the client that knows nothing of trailers.
 */
import { stat } from 'node:fs/promises';
import { get as httpGet } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { FieldPairs } from '../../core/fields.ts';
import type { Verdict } from '../../core/verdict.ts';
import { requestHeaders } from '../../node/head/request-headers.ts';
import { EXIT } from '../exit-codes.ts';
import { serveConnection } from '../serve/connection.ts';
import { fileHandler } from '../serve/file-handler.ts';
import { type Listening, listen } from '../serve/listen.ts';
import { formatCount, paint } from '../terminal.ts';
import { DEMO_USAGE, UsageError } from '../usage.ts';
import { exchange, open } from './exchange.ts';
import { type Fault, forwardWithFault } from './fault-proxy.ts';

/** A file that every installation has. */
const BUNDLED = fileURLToPath(new URL('../../../README.md', import.meta.url));

const HOST = '127.0.0.1';
/** Without a digest in the head, which would prove the body that has lost its trailers. */
const ASKING: FieldPairs = Object.entries({ ...requestHeaders(), 'Want-Repr-Digest': 'sha-256=0' });

interface Row {
  what: string;
  server: Listening;
  fields: FieldPairs;
  expected: Verdict['kind'];
  /** A second, whole response is asked for on the same connection. */
  isFollowed?: boolean;
}

export async function demo(args: string[]): Promise<number> {
  const options = { help: { type: 'boolean', short: 'h', default: false } } as const;
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options });
  if (values.help) {
    process.stdout.write(DEMO_USAGE);
    return EXIT.ok;
  }
  if (positionals.length > 1) throw new UsageError('demo takes one file');
  const file = path.resolve(positionals[0] ?? BUNDLED);
  const stats = await stat(file).catch(() => undefined);
  if (stats?.isDirectory()) throw new Error(`${file} is a directory: name a file`);
  if (!stats?.isFile()) throw new Error(`${file}: there is no such file`);
  if (stats.size === 0) throw new Error(`${file} is empty: there is no middle to fail in. Choose another file`);

  const middle = Math.floor(stats.size / 2);
  const servers: Listening[] = [];
  const start = async (onSocket: Parameters<typeof listen>[0]) => {
    const server = await listen(onSocket, 0, HOST);
    servers.push(server);
    return server;
  };
  const origin = (failAfter?: number) => {
    const whole = fileHandler({ root: file });
    const broken = fileHandler({ root: file, failAfter });
    return start((socket) => {
      let requests = 0; // on each connection, only the first response is broken
      void serveConnection(socket, (request, one) => (requests++ === 0 ? broken : whole)(request, one));
    });
  };
  const intact = await origin();
  const failing = await origin(Math.max(1, middle)); // before the first octet it would be an ordinary 500
  const behind = (fault: Fault) => start((socket) => void forwardWithFault(socket, intact.port, fault, middle));

  const rows: Row[] = [
    { what: 'intact', server: intact, fields: ASKING, expected: 'complete' },
    {
      what: 'fails in the middle; status asked for',
      server: failing,
      fields: ASKING,
      expected: 'failed',
      isFollowed: true,
    },
    { what: 'fails in the middle; nothing asked for', server: failing, fields: [], expected: 'truncated' },
    { what: 'cut by a proxy', server: await behind('cut'), fields: ASKING, expected: 'truncated' },
    { what: 'one bit flipped on the way', server: await behind('flip'), fields: ASKING, expected: 'mismatch' },
    {
      what: 'trailers stripped by a proxy',
      server: await behind('strip-trailers'),
      fields: ASKING,
      expected: 'unverified',
    },
  ];

  process.stdout.write(`${file}, ${formatCount(stats.size)} octets, over ${HOST}\n\n`);
  line('what was done', 'concluded', 'octets', 'http.get believed', 'reason');
  let surprises = 0;
  try {
    for (const row of rows) surprises += await run(row);
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
  process.stdout.write(surprises === 0 ? '\nEvery conclusion was the right one.\n' : `\n${surprises} were wrong.\n`);
  return surprises === 0 ? EXIT.ok : EXIT.local;
}

/** Runs one row and prints it; returns how many conclusions were not the expected ones. */
async function run({ what, server, fields, expected, isFollowed = false }: Row): Promise<number> {
  const url = new URL(server.url);
  const believed = await believedByHttpGet(url, fields);
  const socket = open(url);
  const first = await conclude(socket, url, fields);
  line(what, first.kind, formatCount(first.bytes), believed, first.reason);
  let surprises = first.kind === expected ? 0 : 1;
  if (isFollowed) {
    const second = await conclude(socket, url, fields);
    line('  the next request on that connection', second.kind, formatCount(second.bytes), '', second.reason);
    if (second.kind !== 'complete') surprises++;
  }
  socket.destroy();
  return surprises;
}

async function conclude(socket: ReturnType<typeof open>, url: URL, fields: FieldPairs): Promise<Verdict> {
  const { body } = await exchange(socket, url, fields);
  body.on('error', () => {}).resume(); // the verdict says the same
  return body.verdict;
}

/** What a client concludes that looks at no trailer: whether http.get reported an end or an error. */
function believedByHttpGet(url: URL, fields: FieldPairs): Promise<string> {
  return new Promise((resolve) => {
    let bytes = 0;
    const request = httpGet(url, { headers: Object.fromEntries(fields), agent: false }, (response) => {
      response.on('data', (data: Buffer) => {
        bytes += data.length;
      });
      response.on('end', () => resolve(`finished, ${formatCount(bytes)}`));
      response.on('error', (error) => resolve(`error: ${error.message}`));
      response.on('close', () => request.destroy());
    });
    request.on('error', (error) => resolve(`error: ${error.message}`));
  });
}

const COLOURS: Readonly<Record<string, 'green' | 'red' | 'yellow' | 'bold'>> = {
  complete: 'green',
  unverified: 'yellow',
  concluded: 'bold',
};

function line(what: string, kind: string, octets: string, believed: string, reason: string): void {
  const verdict = paint(process.stdout, COLOURS[kind] ?? 'red', kind.padEnd(11));
  process.stdout.write(`${what.padEnd(39)} ${verdict}${octets.padStart(14)}  ${believed.padEnd(22)}  ${reason}\n`);
}
