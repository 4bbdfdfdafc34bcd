/**
 * The responses that are damaged: one for each ending and for each kind of content, as `respond` wrote them to a real
 * socket. Their Date is fixed and each write is one chunk, so their octets are the same every time.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { constants, gzipSync } from 'node:zlib';
import type { Verdict } from '../../src/core/verdict.ts';
import { readRequest } from '../../src/node/head/read-request.ts';
import { type Ending, type RespondOptions, respond, type StreamResponse } from '../../src/node/send/respond.ts';
import { pattern } from '../support/octets.ts';

const get = (fields = '') => `GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
export const PLAIN = get();
/** Reads the status, and no trailers. */
const WISHING = get('X-Want-Stream-Status: ?1\r\n');
export const TRAILERS = get('TE: trailers\r\nConnection: TE\r\n');
export const AWARE = get('TE: trailers\r\nConnection: TE\r\nX-Want-Stream-Status: ?1\r\n');
export const OLD = 'GET / HTTP/1.0\r\n\r\n';

interface Plan {
  name: string;
  request: string;
  pieces: readonly (string | Uint8Array)[];
  /** Whether the source fails behind its last piece. */
  fails?: boolean;
  ending: Ending;
  /** The verdict on the whole of it. */
  kind: Verdict['kind'];
  options?: RespondOptions;
}

export interface Recorded extends Plan {
  octets: Buffer;
  headBytes: number;
  /** What the source gave. */
  content: Buffer;
  /** The contents that it may be complete with: none if the source failed, or no status vouches for it. */
  contents: readonly Buffer[];
  /** Whether the length of the body is told by nothing but the end of the connection. */
  isUntilClose: boolean;
}

/** Zero-length matches of the compressor depend on the processor: with Huffman codes alone the octets do not. */
const gzip = gzipSync('line after line after line after line\n'.repeat(3), { strategy: constants.Z_HUFFMAN_ONLY });
/** Content that looks like framing and like trailers, chunks that are equal, and one that is its neighbour's reverse. */
const MANY = [
  'a',
  'b',
  'ab',
  'ba',
  '0\r\n\r\n',
  'twins',
  'twins',
  '\r\n',
  'X-Stream-Status: ok\r\n',
  '5\r\nhello\r\n',
  'z',
];
const SOME = ['hello ', 'world'];

const PLANS: Plan[] = [
  { name: 'tiny', request: AWARE, pieces: ['hello'], ending: 'trailers', kind: 'complete' },
  { name: 'empty', request: AWARE, pieces: [], ending: 'trailers', kind: 'complete' },
  { name: 'many chunks', request: AWARE, pieces: MANY, ending: 'trailers', kind: 'complete' },
  { name: 'one chunk', request: TRAILERS, pieces: [pattern(300)], ending: 'trailers', kind: 'complete' },
  {
    name: 'gzip',
    request: AWARE,
    pieces: [gzip.subarray(0, 10), gzip.subarray(10)],
    ending: 'trailers',
    kind: 'complete',
    options: { headers: { 'Content-Encoding': 'gzip' } },
  },
  {
    name: 'own trailers',
    request: AWARE,
    pieces: SOME,
    ending: 'trailers',
    kind: 'complete',
    options: {
      extraTrailers: { names: ['Server-Timing'], fields: () => [['Server-Timing', 'db;dur=53, app;dur=47.2']] },
    },
  },
  {
    name: 'sha-512',
    request: AWARE,
    pieces: SOME,
    ending: 'trailers',
    kind: 'complete',
    options: { digest: 'sha-512' },
  },
  { name: 'plain', request: PLAIN, pieces: SOME, ending: 'plain', kind: 'unverified' },
  { name: 'clean failure', request: AWARE, pieces: SOME, fails: true, ending: 'clean-failure', kind: 'failed' },
  { name: 'cut, announced', request: TRAILERS, pieces: SOME, fails: true, ending: 'cut', kind: 'truncated' },
  { name: 'cut', request: PLAIN, pieces: SOME, fails: true, ending: 'cut', kind: 'truncated' },
  {
    name: 'abort',
    request: WISHING,
    pieces: SOME,
    fails: true,
    ending: 'abort',
    kind: 'failed',
    options: { describeError: () => ({ type: 'source_error', details: 'a "quoted" \\ reason; ok' }) },
  },
  { name: 'until close', request: OLD, pieces: SOME, ending: 'plain', kind: 'unverified' },
  { name: 'reset', request: OLD, pieces: SOME, fails: true, ending: 'reset', kind: 'truncated' },
  { name: 'error response', request: AWARE, pieces: [], fails: true, ending: 'error-response', kind: 'unverified' },
];

/** Vouches for the end and the length, not for the octets: for damage that is no change of content. */
const COUNTED: Plan = {
  name: 'without digest',
  request: AWARE,
  pieces: SOME,
  ending: 'trailers',
  kind: 'complete',
  options: { digest: false },
};

/** Another of the same length as `tiny`, to be mixed with it. */
const TWIN: Plan = { name: 'twin', request: AWARE, pieces: ['HELLO'], ending: 'trailers', kind: 'complete' };

export const RESPONSES = await Promise.all(PLANS.map(record));
export const [WITHOUT_DIGEST, twin] = (await Promise.all([COUNTED, TWIN].map(record))) as [Recorded, Recorded];
export const TINY = named('tiny');
/** Those whose pairs and ranges of octets can all be tried. */
export const SMALL = RESPONSES.filter(({ octets }) => octets.length < 360);

export function named(name: string): Recorded {
  return RESPONSES.find((response) => response.name === name)!;
}

async function record(plan: Plan): Promise<Recorded> {
  const server = createServer({ noDelay: true });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', noDelay: true });
  const received = readAll(client);
  client.write(plan.request);
  const [socket] = (await once(server, 'connection')) as [Socket];
  server.close();
  const ending = await answer(socket, plan);
  socket.end();
  const { octets, sign } = await received;

  if (ending !== plan.ending) throw new Error(`${plan.name} ended as ${ending}, not ${plan.ending}`);
  if ((sign === 'ECONNRESET') !== (ending === 'reset')) throw new Error(`${plan.name} ended with ${sign}`);
  const headBytes = octets.indexOf('\r\n\r\n') + 4;
  const content = Buffer.concat(plan.pieces.map((piece) => Buffer.from(piece as Uint8Array)));
  const contents = plan.kind === 'complete' ? [content] : [];
  return { ...plan, octets, headBytes, content, contents, isUntilClose: plan.request === OLD };
}

async function answer(socket: Socket, { pieces, fails, options }: Plan): Promise<Ending | undefined> {
  const request = await readRequest(socket);
  const headers = { Date: 'Sat, 21 Nov 2026 08:12:31 GMT', ...options?.headers };
  const response: StreamResponse = respond(socket, { request, ...options, headers });
  response.on('error', () => {});
  const closed = once(response, 'close').catch(() => {});
  for (const piece of pieces) {
    await new Promise((resolve) => response.write(piece, resolve));
    await new Promise((resolve) => setImmediate(resolve)); // one chunk a write, whatever is gathered in a tick
  }
  if (fails) response.destroy(new Error('the disk is gone'));
  else response.end();
  await closed;
  return response.ending;
}

function readAll(socket: Socket): Promise<{ octets: Buffer; sign: string }> {
  const pieces: Buffer[] = [];
  let sign = 'FIN';
  return new Promise((resolve) => {
    socket
      .on('data', (data: Buffer) => pieces.push(data))
      .on('error', (error: NodeJS.ErrnoException) => {
        sign = error.code ?? error.message;
      })
      .on('close', () => resolve({ octets: Buffer.concat(pieces), sign }));
  });
}
