/**
 * chunked-trailers demo: a real file over real loopback sockets, ended in every way there is, by a plain server of Node's and
 * by `respond`. Each response is fetched twice: by http.get as a client that knows nothing of seals, and by `verify`. All
 * rows run at once, since a reset after HTTP/1.0 takes a second; they are printed in their order.
 */
import { access, constants, stat } from 'node:fs/promises';
import { Agent } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Verdict } from '../../core/verdict.ts';
import { EXIT } from '../exit-codes.ts';
import { formatBytes, formatCount, paint } from '../terminal.ts';
import { DEMO_USAGE, UsageError } from '../usage.ts';
import { type Belief, believe, conclude } from './clients.ts';
import { forwardWithFault } from './fault-proxy.ts';
import { forwardInHttp10 } from './old-proxy.ts';
import { origin } from './origin.ts';

/** A file that every installation has. */
const BUNDLED = fileURLToPath(new URL('../../../README.md', import.meta.url));

const HOST = '127.0.0.1';

interface Row {
  what: string;
  /** Of the server that answers: the origin, or a proxy in front of it. */
  port: number;
  target: string;
  /** Whether the content that arrives is what the server meant to send. */
  isWhole: boolean;
  /** Whether http.get is expected to report an end. */
  isBelieved: boolean;
  expected: Verdict['kind'];
  /** A second, whole response is asked for on the same connection. */
  isFollowed?: boolean;
}

type Colour = 'green' | 'yellow' | 'red' | 'bold' | undefined;
type Cell = readonly [text: string, colour: Colour];

interface Outcome {
  belief: Belief;
  verdict: Verdict;
  following?: Verdict;
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
  await access(file, constants.R_OK);

  const middle = Math.floor(stats.size / 2);
  const servers: Server[] = [];
  const listen = async (server: Server) => {
    servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(0, HOST, resolve);
    });
    return (server.address() as AddressInfo).port;
  };
  const direct = await listen(origin(file, Math.max(1, middle))); // before the first byte it would be an ordinary 500
  const behind = (forward: (client: Socket) => Promise<void>) =>
    listen(createServer({ noDelay: true }, (client) => void forward(client)));
  const oldProxy = await behind((client) => forwardInHttp10(client, direct));
  const network = (fault: Parameters<typeof forwardWithFault>[2]) =>
    behind((client) => forwardWithFault(client, direct, fault, middle));

  const failed = { isWhole: false, isBelieved: false };
  const plain = { target: '/plain?fails', ...failed };
  const broken = { target: '/sealed?fails', ...failed };
  const sealed = { target: '/sealed', isWhole: true, isBelieved: true };
  const sections: [title: string, rows: Row[]][] = [
    [
      'Plain Node: pipeline(file, res)',
      [
        { what: 'the file fails in the middle', port: direct, ...plain, expected: 'truncated' },
        { what: 'it fails behind an old proxy', port: oldProxy, ...plain, isBelieved: true, expected: 'unverified' },
      ],
    ],
    [
      'chunked-trailers: pipeline(file, respond(res))',
      [
        { what: 'nothing goes wrong', port: direct, ...sealed, expected: 'complete' },
        { what: 'the file fails in the middle', port: direct, ...broken, expected: 'failed', isFollowed: true },
        { what: 'it fails behind an old proxy', port: oldProxy, ...broken, expected: 'truncated' },
        { what: 'the network cuts it', port: await network('cut'), ...sealed, ...failed, expected: 'truncated' },
        {
          what: 'the network flips one bit',
          port: await network('flip'),
          ...sealed,
          isWhole: false,
          expected: 'mismatch',
        },
        {
          what: 'a proxy drops the trailers',
          port: await network('strip-trailers'),
          ...sealed,
          expected: 'unverified',
        },
      ],
    ],
  ];

  const { stdout } = process;
  stdout.write(`${file}\n${formatCount(stats.size)} bytes, streamed over ${HOST} in each of these ways.\n\n`);
  line('what was done', ['http.get believed', 'bold'], ['verify concluded', 'bold']);
  let surprises = 0;
  let wrong = 0;
  try {
    const running = sections.map(([title, rows]) => ({ title, rows: rows.map((row) => ({ row, outcome: run(row) })) }));
    for (const { outcome } of running.flatMap(({ rows }) => rows)) outcome.catch(() => {}); // told when its turn comes
    for (const { title, rows } of running) {
      stdout.write(`\n${paint(stdout, 'bold', title)}\n`);
      for (const { row, outcome } of rows) {
        const { belief, verdict, following } = await outcome;
        const isWrong = belief.isFinished && !row.isWhole;
        if (isWrong) wrong++;
        if (belief.isFinished !== row.isBelieved || verdict.kind !== row.expected) surprises++;
        print(row.what, `${wordsFor(belief)}${isWrong ? ' WRONG' : ''}`, isWrong ? 'red' : undefined, verdict);
        if (following === undefined) continue;
        if (following.kind !== 'complete') surprises++;
        print('  the next request is served', '', undefined, following);
      }
    }
  } finally {
    for (const server of servers) server.close();
  }
  stdout.write(NOTES);
  stdout.write(
    surprises === 0
      ? `http.get took ${wrong} broken bodies for whole, verify none.\n`
      : `Not as expected: ${surprises} of the lines above.\n`,
  );
  return surprises === 0 ? EXIT.ok : EXIT.local;
}

const NOTES = `
old proxy   asks the server in HTTP/1.0, as nginx 1.22 does by default. There, a
            body ends where its connection does, and so does one that failed.
            respond() fails it by a reset instead, which is no end.
unverified  nothing proves that this is all. An error with require: 'always', as
            here; by default only if the head had announced a seal.

`;

async function run({ port, target, isFollowed }: Row): Promise<Outcome> {
  const url = `http://${HOST}:${port}${target}`;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const [belief, verdict] = await Promise.all([believe(url), conclude(url, agent)]);
    if (!isFollowed) return { belief, verdict };
    return { belief, verdict, following: await conclude(url.replace('?fails', ''), agent) };
  } finally {
    agent.destroy();
  }
}

function wordsFor({ isFinished, bytes, message }: Belief): string {
  return isFinished ? `finished, ${formatBytes(bytes)}` : `error: ${message}`;
}

/** The widths of the first two columns, so that all three fit into 80. */
const WIDTHS = [35, 25] as const;

function print(what: string, belief: string, beliefIn: Colour, { kind, bytes, reason }: Verdict): void {
  const verdictIn = kind === 'complete' ? 'green' : kind === 'unverified' ? 'yellow' : 'red';
  line(`  ${what}`, [belief, beliefIn], [`${kind}, ${formatBytes(bytes)}`, verdictIn]);
  if (kind !== 'complete') process.stdout.write(`${paint(process.stdout, 'dim', `      ${reason}`)}\n`);
}

function line(what: string, [belief, beliefIn]: Cell, [verdict, verdictIn]: Cell): void {
  const shown = (text: string, colour: Colour) => (colour ? paint(process.stdout, colour, text) : text);
  const cells = [what.padEnd(WIDTHS[0]), shown(belief.padEnd(WIDTHS[1]), beliefIn), shown(verdict, verdictIn)];
  process.stdout.write(`${cells.join('').trimEnd()}\n`);
}
