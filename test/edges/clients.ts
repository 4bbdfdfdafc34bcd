/**
 * Strategy: each client says in a word what it concludes: `whole`, `cut` (it reports a failure), `told` (it knows the
 * reason as well), `500` (an ordinary error response), `empty` (it was closed before a head). What a client got is
 * compared here, so that `whole` is said only of all of the content, and anything odd is said in full.
 */
import { spawn } from 'node:child_process';
import http from 'node:http';
import { connect } from 'node:net';
import type { Readable } from 'node:stream';
import { constants, createGunzip, gunzipSync } from 'node:zlib';
import { receive, requestHeaders, verify } from '../../src/node/index.ts';
import { FIRST, SECOND } from './content.js';

export type Scenario = 'whole' | 'middle' | 'before' | 'leaves' | 'slow' | 'head';
export type Asking = 'HTTP/1.1' | 'asked' | 'HTTP/1.0';

/** What a middleware adds to the content; or how the content is found in the format that it is put into. */
export type Adds = RegExp | ((text: string) => string) | undefined;

export interface Call {
  port: number;
  /** `/?scenario=whole&id=1` */
  path: string;
  scenario: Scenario;
  asking: Asking;
  /** Called when content has come, once. */
  onContent(): void;
  /** What else is in what is read. */
  adds: Adds;
  signal: AbortSignal;
  /** Whether the connection has to serve another request, where the message is whole. */
  isKept: boolean;
}

export interface Client {
  name: string;
  asks: Asking[];
  scenarios: Scenario[];
  read(call: Call): Promise<string>;
}

const ALL: Scenario[] = ['whole', 'middle', 'before', 'leaves', 'slow', 'head'];
const FIELDS: Record<Asking, Record<string, string>> = {
  'HTTP/1.1': {},
  asked: requestHeaders(),
  'HTTP/1.0': {},
};
/** As browsers ask: some middleware works for nobody else. */
const ACCEPT = { Accept: 'text/html', 'Accept-Encoding': 'gzip' };
const WITHOUT_LEAVING = ALL.filter((scenario) => scenario !== 'leaves');

export const CLIENTS: Client[] = [
  { name: 'wire', asks: ['HTTP/1.1', 'asked', 'HTTP/1.0'], scenarios: ALL, read: readWire },
  { name: 'fetch', asks: ['HTTP/1.1'], scenarios: ALL, read: readFetch },
  { name: 'curl', asks: ['HTTP/1.1', 'HTTP/1.0'], scenarios: WITHOUT_LEAVING, read: readCurl },
  { name: 'verify', asks: ['asked'], scenarios: ALL, read: readVerify },
  { name: 'receive', asks: ['asked'], scenarios: WITHOUT_LEAVING, read: readReceive },
];

/** Takes content as it comes, and says when the first of it is there. */
class Content {
  text = '';
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  add(data: Uint8Array): void {
    if (this.text === '') this.#call.onContent();
    this.text += Buffer.from(data).toString('latin1');
  }

  /** What the content that came is, if its message is said to be whole. */
  get whole(): string {
    const { scenario, adds } = this.#call;
    if (scenario === 'head') return this.text === '' ? 'whole' : `HEAD with ${this.text.length} bytes`;
    return isWhole(this.text, adds) ? 'whole' : `TAKEN FOR WHOLE: ${this.text.length} bytes`;
  }

  get cut(): string {
    return isPart(this.text, this.#call.adds)
      ? 'cut'
      : `cut, with other content: ${JSON.stringify(this.text.slice(-80))}`;
  }
}

function contentIn(text: string, adds: Adds): string {
  return typeof adds === 'function' ? adds(text) : adds === undefined ? text : text.replace(adds, '');
}

/** Whether this is all of the content, and what has to be there besides. */
function isWhole(text: string, adds: Adds): boolean {
  const content = contentIn(text, adds);
  return content === FIRST + SECOND && (adds === undefined || content !== text);
}

/** Whether this is nothing but content of ours, up to some point, and what is there besides. */
function isPart(text: string, adds: Adds): boolean {
  return (FIRST + SECOND).startsWith(contentIn(text, adds));
}

const statusWord = (status: number, whole: string) => (status === 200 ? whole : String(status));

/** What stands on the wire, read by string operations only. */
interface Answer {
  status: number;
  fields: string;
  /** Undone of its chunks. */
  content: Buffer;
  /** How the message ends: with its framing, with trailers, or only with the connection. */
  end: 'framed' | 'close' | 'open';
  trailers: string;
  /** What comes after the last whole chunk, or after the message. */
  rest: string;
}

function answerFrom(octets: string, isHead: boolean): Answer | undefined {
  const headEnd = octets.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const head = octets.slice(0, headEnd);
  const fields = `${head.slice(head.indexOf('\r\n')).toLowerCase()}\r\n`;
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
  const body = octets.slice(headEnd + 4);
  const answer = { status, fields, trailers: '' };
  const length = /\r\ncontent-length: *(\d+)/.exec(fields)?.[1];
  if (isHead) return { ...answer, content: Buffer.alloc(0), end: 'framed', rest: body };
  if (length !== undefined) {
    const content = Buffer.from(body.slice(0, Number(length)), 'latin1');
    const end = content.length === Number(length) ? 'framed' : 'open';
    return { ...answer, content, end, rest: body.slice(Number(length)) };
  }
  if (!/\r\ntransfer-encoding: *chunked\r\n/.test(fields)) {
    return { ...answer, content: Buffer.from(body, 'latin1'), end: 'close', rest: '' };
  }
  let content = '';
  let at = 0;
  for (;;) {
    const line = /^([0-9a-f]+)\r\n/i.exec(body.slice(at, at + 20));
    const size = Number.parseInt(line?.[1] ?? '', 16);
    if (size === 0) {
      const trailerEnd = body.startsWith('\r\n', at + line![0].length) ? at + 1 : body.indexOf('\r\n\r\n', at);
      if (trailerEnd === -1) break;
      const from = at + line![0].length;
      const to = trailerEnd === at + 1 ? from + 2 : trailerEnd + 4;
      return {
        ...answer,
        content: Buffer.from(content, 'latin1'),
        end: 'framed',
        trailers: body.slice(from, to),
        rest: body.slice(to),
      };
    }
    const from = at + (line?.[0].length ?? 0);
    if (line === null || body.slice(from + size, from + size + 2) !== '\r\n') break;
    content += body.slice(from, from + size);
    at = from + size + 2;
  }
  return { ...answer, content: Buffer.from(content, 'latin1'), end: 'open', rest: body.slice(at) };
}

function decoded({ fields, content }: Answer): Buffer {
  if (!/\r\ncontent-encoding: *gzip\r\n/.test(fields) || content.length === 0) return content;
  return gunzipSync(content, { finishFlush: constants.Z_SYNC_FLUSH });
}

const requestText = (call: Call, path = call.path, scenario = call.scenario) => {
  const version = call.asking === 'HTTP/1.0' ? 'HTTP/1.0' : 'HTTP/1.1';
  const fields = { Host: 'localhost', ...FIELDS[call.asking], ...ACCEPT };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${scenario === 'head' ? 'HEAD' : 'GET'} ${path} ${version}\r\n${lines.join('')}\r\n`;
};

/** The connection itself: what was on it, how it ended, and whether it still serves if it did not. */
async function readWire(call: Call): Promise<string> {
  const socket = connect({ port: call.port, host: '127.0.0.1', noDelay: true });
  let octets = '';
  let end: string | undefined;
  let onChange = () => {};
  const change = () => new Promise<void>((resolve) => (onChange = resolve));
  socket
    .on('data', (data) => {
      octets += data.toString('latin1');
      onChange();
    })
    .on('end', () => (end ??= 'FIN'))
    .on('error', (error: NodeJS.ErrnoException) => (end = error.code === 'ECONNRESET' ? 'RST' : error.code))
    .on('close', () => {
      end ??= 'closed';
      onChange();
    });
  const stop = () => {
    end = 'HANGS';
    socket.destroy();
  };
  call.signal.addEventListener('abort', stop);
  try {
    socket.write(requestText(call));
    const isHead = call.scenario === 'head';
    let answer: Answer | undefined;
    const content = new Content(call);
    for (;;) {
      answer = answerFrom(octets, isHead);
      const bytes = answer === undefined ? Buffer.alloc(0) : decoded(answer);
      if (bytes.length > content.text.length) content.add(bytes.subarray(content.text.length));
      if (call.scenario === 'leaves' && content.text.length >= FIRST.length) return 'left'; // with FIN: all is read
      if (answer?.end === 'framed' || end !== undefined) break;
      await change();
    }
    if (answer === undefined)
      return octets === '' ? `empty, ${end}` : `NO HEAD: ${JSON.stringify(octets.slice(0, 80))}`;
    if (answer.end === 'open') {
      const tail =
        answer.rest === ''
          ? ''
          : answer.rest.startsWith('1;x-stream-status="error')
            ? 'told, '
            : `${JSON.stringify(answer.rest.slice(0, 60))}, `;
      return statusWord(answer.status, `${tail}${content.cut}, ${end}`);
    }
    if (answer.end === 'close') {
      if (answer.status !== 200) return String(answer.status);
      return end === 'RST' ? `${content.cut}, RST` : `${content.whole}, ${end}`;
    }
    const status = /X-Stream-Status: (\w+)/i.exec(answer.trailers)?.[1];
    const word =
      status === 'error'
        ? `told, ${content.cut}`
        : status === undefined
          ? content.whole
          : `${status}, ${content.whole}`;
    const after = call.asking === 'HTTP/1.0' ? ', FIN' : call.isKept ? `, ${await reuse()}` : '';
    return answer.status === 200 ? `${word}${after}` : String(answer.status);
  } finally {
    call.signal.removeEventListener('abort', stop);
    socket.destroy();
  }

  /** The next request on the same connection is answered as it would be on its own. */
  async function reuse(): Promise<string> {
    const start = answerFrom(octets, call.scenario === 'head')!.rest;
    if (start !== '') return `BYTES AFTER IT: ${JSON.stringify(start.slice(0, 60))}`;
    octets = '';
    socket.write(requestText(call, '/?scenario=whole&id=next', 'whole'));
    for (;;) {
      const answer = answerFrom(octets, false);
      if (answer?.end === 'framed') {
        const text = decoded(answer).toString('latin1');
        return isWhole(text, call.adds) && answer.rest === ''
          ? 'kept'
          : `THEN ${answer.status}, ${text.length} bytes, ${answer.rest.length} after`;
      }
      if (end !== undefined) return octets === '' ? end : `THEN cut, ${end}`;
      await change();
    }
  }
}

async function readFetch(call: Call): Promise<string> {
  const content = new Content(call);
  const leave = new AbortController();
  const signal = AbortSignal.any([call.signal, leave.signal]);
  try {
    const method = call.scenario === 'head' ? 'HEAD' : 'GET';
    const headers = { Accept: 'text/html' };
    const response = await fetch(`http://127.0.0.1:${call.port}${call.path}`, { method, headers, signal });
    for await (const data of response.body ?? []) {
      content.add(data);
      if (call.scenario === 'leaves') leave.abort();
    }
    return statusWord(response.status, content.whole);
  } catch {
    return leave.signal.aborted ? 'left' : call.signal.aborted ? 'HANGS' : content.cut;
  }
}

async function readCurl(call: Call): Promise<string> {
  const content = new Content(call);
  const args = [
    '-sN',
    '--compressed',
    '--fail',
    '-H',
    'Accept: text/html',
    call.asking === 'HTTP/1.0' ? '--http1.0' : '--http1.1',
  ];
  if (call.scenario === 'head') args.push('--head', '-o', '/dev/null');
  const child = spawn('curl', [...args, `http://127.0.0.1:${call.port}${call.path}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const kill = () => child.kill();
  call.signal.addEventListener('abort', kill);
  child.stdout.on('data', (data) => content.add(data));
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.on('close', (...args) => resolve(args));
  });
  call.signal.removeEventListener('abort', kill);
  if (signal !== null) return 'HANGS';
  if (code === 22) return '500'; // CURLE_HTTP_RETURNED_ERROR
  return code === 0 ? content.whole : content.cut; // 18: partial file, 52: nothing, 56: reset
}

/** The content that an aware reader gives, and its verdict. */
async function judged(
  body: Readable & { verdict: Promise<{ kind: string }> },
  call: Call,
  isGzip: boolean,
): Promise<string> {
  const content = new Content(call);
  const gunzip = isGzip ? body.pipe(createGunzip({ finishFlush: constants.Z_SYNC_FLUSH })) : undefined;
  const plain = gunzip ?? body;
  let failed = false;
  body.on('error', () => {
    failed = true;
  });
  body.on('close', () => gunzip?.end());
  plain
    .on('error', () => {})
    .on('data', (data) => {
      content.add(data);
      if (call.scenario === 'leaves') body.destroy();
    });
  const ended = new Promise((resolve) => plain.once('end', resolve).once('close', resolve));
  const { kind } = await body.verdict;
  await ended;
  if (kind === 'complete') return failed ? 'complete and failed' : content.whole;
  if (kind === 'failed') return `told, ${content.cut}`;
  return kind === 'truncated' ? content.cut : kind === 'abandoned' ? (call.signal.aborted ? 'HANGS' : 'left') : kind;
}

async function readVerify(call: Call): Promise<string> {
  const agent = new http.Agent({ keepAlive: true });
  try {
    const method = call.scenario === 'head' ? 'HEAD' : 'GET';
    const options = { host: '127.0.0.1', port: call.port, path: call.path, method, agent, signal: call.signal };
    return await new Promise((resolve) => {
      const request = http.request({ ...options, headers: { ...requestHeaders(), ...ACCEPT } }, (message) => {
        const body = verify(message, { signal: call.signal });
        const isGzip = message.headers['content-encoding'] === 'gzip';
        if (message.statusCode === 200 && call.scenario !== 'head') resolve(judged(body, call, isGzip));
        else {
          body.on('error', () => {}).resume();
          body.verdict.then(({ kind }) => {
            if (message.statusCode !== 200) resolve(kind === 'truncated' ? 'cut' : String(message.statusCode));
            else resolve(kind === 'unverified' || kind === 'complete' ? 'whole' : kind);
          });
        }
      });
      request.on('error', () => resolve(call.signal.aborted ? 'HANGS' : 'cut')).end();
    });
  } finally {
    agent.destroy();
  }
}

async function readReceive(call: Call): Promise<string> {
  const socket = connect({ port: call.port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => {}).write(requestText(call));
  try {
    const method = call.scenario === 'head' ? 'HEAD' : 'GET';
    const { statusCode: status, headers, body } = await receive(socket, { method, signal: call.signal });
    if (status === 200 && call.scenario !== 'head')
      return await judged(body, call, headers['content-encoding'] === 'gzip');
    body.on('error', () => {}).resume();
    const { kind } = await body.verdict;
    if (status !== 200) return kind === 'truncated' ? 'cut' : String(status);
    return kind === 'unverified' || kind === 'complete' ? 'whole' : kind;
  } catch {
    return call.signal.aborted ? 'HANGS' : 'cut';
  } finally {
    socket.destroy();
  }
}
