/**
 * Strategy: the table of docs/clients.md, measured again. A server's source fails in the middle of a body. Plain Node does
 * with it what its documentation shows, and `respond` its own. What does each ordinary client make of it, directly and behind
 * nginx as it comes? `UPDATE=1` writes the table; without, each cell of the page has to be what came out.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import http, { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable, type Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requestHeaders } from '../../src/node/head/request-headers.ts';
import { verify } from '../../src/node/receive/verify.ts';
import { respond } from '../../src/node/send/respond.ts';
import { CLIENTS, type Client, type Report, versionOf } from '../support/programs.ts';
import { behind, PROXIES, versionOf as versionOfProxy } from './proxies.ts';

const GUIDE = fileURLToPath(new URL('../../docs/clients.md', import.meta.url));
const START = '<!-- made by test/proxies/comparison.test.ts -->\n';
const END = '<!-- end -->\n';

const ROW = 'a row of a table that is longer than it would have to be\n';
/** Times in which each cell has to say the same. */
const RUNS = 3;

async function* failing() {
  for (let at = 0; at < 10; at++) {
    yield ROW.repeat(20);
    await sleep(5);
  }
  throw new Error('the disk is gone');
}

/** What a handler does with its response; each is asked for by its path. */
const HANDLERS: Record<string, (source: Readable, res: ServerResponse) => Promise<unknown>> = {
  '/plain': (source, res) => pipeline(source, res),
  '/respond': (source, res) => pipeline(source, respond(res) as Writable),
};

const origin = createServer((req, res) => {
  res.setHeader('Content-Type', 'text/plain');
  HANDLERS[req.url!]!(Readable.from(failing()), res).catch(() => {});
});
let upstream: number;
beforeAll(async () => {
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  upstream = (origin.address() as AddressInfo).port;
});
afterAll(() => {
  origin.close();
});

/** What a program prints, and its exit code. Programs that hang are stopped. */
function program(name: string, args: (url: string) => string[]): Pick<Client, 'name' | 'program' | 'read'> {
  const read = (url: string) =>
    new Promise<Report>((resolve) => {
      execFile(name, args(url), { encoding: 'latin1', timeout: 20_000 }, (error, data) => {
        resolve({ outcome: error ? (error.killed ? 'hangs' : `exit ${error.code}`) : 'ok', data });
      });
    });
  return { name, program: name, read };
}

const PHP = 'exit(@file_get_contents($argv[1]) === false ? 3 : (error_get_last() ? 4 : 0));';

const ordinary = CLIENTS.filter(({ name }) => name !== 'http.get and for await' && name !== 'undici');
const others = [
  { ...program('wget2', (url) => ['-qO-', '--tries=1', url]), name: 'wget2' },
  { ...program('php', (url) => ['-d', 'display_errors=0', '-r', PHP, url]), name: 'PHP, `file_get_contents`' },
  { ...program('lynx', (url) => ['-source', url]), name: 'lynx' },
  { ...program('w3m', (url) => ['-dump_source', url]), name: 'w3m' },
];
const NAMES: Record<string, string> = {
  'http.get and pipeline': '`http.get`',
  fetch: '`fetch`',
  'python3 http.client': 'Python, `http.client`',
  'python3 urllib': 'Python, `urllib`',
  LWP: "Perl's LWP",
};
/** And one that checks, and takes nothing for whole that is not proven. */
const verifying: Pick<Client, 'name' | 'program' | 'read'> = {
  name: "`verify`, `require: 'always'`",
  async read(url) {
    const [message] = await once(http.get(url, { headers: requestHeaders(), agent: false }), 'response');
    const body = verify(message as http.IncomingMessage, { require: 'always' });
    const isGood = await text(body).then(
      () => true,
      () => false,
    );
    const { kind, status } = await body.verdict;
    const why = kind === 'failed' ? `: ${(status as { type: string }).type}` : '';
    return { outcome: isGood ? 'ok' : kind + why, data: '' };
  },
};
const clients = [...ordinary, ...others, verifying].map((client) => ({
  ...client,
  title: NAMES[client.name] ?? client.name,
}));

function cell({ outcome }: Report): string {
  return outcome === 'ok' ? '**success**' : `failure (${outcome})`;
}

/** `undefined` for a program that is not there. */
async function row(client: (typeof clients)[number], ports: number[]): Promise<string | undefined> {
  if (client.program !== undefined && (await versionOf(client.program)) === undefined) {
    console.warn(`SKIPPED: the row of ${client.name}, which is not installed`);
    return undefined;
  }
  const cells: string[] = [];
  for (const port of ports) {
    for (const handler of Object.keys(HANDLERS)) {
      const said = new Set<string>();
      for (let run = 0; run < RUNS; run++) said.add(cell(await client.read(`http://127.0.0.1:${port}${handler}`, {})));
      cells.push([...said].join(' or '));
    }
  }
  return `| ${client.title} | ${cells.join(' | ')} |\n`;
}

test('docs/clients.md: what ordinary clients make of a body that failed', { timeout: 300_000 }, async () => {
  const nginx = PROXIES.find(({ name }) => name === 'nginx')!;
  const version = versionOfProxy(nginx);
  if (version === undefined) return console.warn('SKIPPED: nginx is not installed here');
  const found: (string | undefined)[] = [];
  await behind(nginx, { upstream, lines: '' }, async ({ port }) => {
    for (const client of clients) found.push(await row(client, [upstream, port]));
  });
  const head = `| client | plain Node | \`respond\` | plain Node, behind nginx ${version} | \`respond\`, behind nginx ${version} |\n|---|---|---|---|---|\n`;
  const guide = readFileSync(GUIDE, 'utf8');
  const [before, rest] = guide.split(START) as [string, string];
  const [table, after] = rest.split(END) as [string, string];
  if (process.env.UPDATE) return writeFileSync(GUIDE, `${before}${START}\n${head}${found.join('')}\n${END}${after}`);
  if (!table.includes(head)) return console.warn(`SKIPPED: the page is of another nginx than ${version}`);
  expect(found.filter((line) => line !== undefined && !table.includes(line))).toEqual([]);
  expect(table.split('\n').filter((line) => line.startsWith('| ')).length).toBe(clients.length + 1);
});
