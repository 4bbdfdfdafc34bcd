/**
 * Strategy: every public function that takes options is called with what a user gets wrong: something else than options, an
 * option that it does not have, and each of its options with a value of another type. The message names what was wrong, what
 * it has to be and what was given. A call with these slips does nothing: the response can still be answered.
 */
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shown } from '../src/core/options.ts';
import { download, sendFile } from '../src/files/index.ts';
import * as node from '../src/node/index.ts';
import { verdictOf, verifyInterceptor } from '../src/undici/index.ts';
import * as web from '../src/web/index.ts';
import { ROOT } from './support/guides.ts';

let res: ServerResponse;
let message: IncomingMessage;
let folder: string;
let close: () => void;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'options-'));
  await mkdir(path.join(folder, 'full'));
  const server = createServer();
  const first = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  const asking = request({ port, method: 'POST' }).on('error', () => {});
  asking.write('content');
  [message, res] = await first;
  close = () => {
    asking.destroy();
    server.close();
  };
});
afterAll(async () => {
  close();
  await rm(folder, { recursive: true, force: true });
});

const asked = { headers: new Headers({ Accept: web.IN_CONTENT_TYPE }) };
const FETCH = { digest: 5, createHasher: 'x' };
const JUDGING = { require: 'allways', digest: 'md5' };
const TIMEOUTS = { idleTimeout: '5', totalTimeout: null };
const SEALING = { digest: null, describeError: 'no', errorResponse: {}, lingerTimeout: '1' };
const url = 'http://127.0.0.1:9/';

/** What is called, and its options with a value that none of them can have. */
const CALLS: Record<string, [call: (options: never) => unknown, wrong: Record<string, unknown>]> = {
  respond: [
    (options) => node.respond(res, options),
    {
      ...{ ...SEALING, status: '200', headers: 'Content-Type: text/csv', length: '5', extraTrailers: null, seal: 'no' },
      ...{ framing: 'trailers', flushHeaders: 1, signal: 4, idleTimeout: '5' },
    },
  ],
  seal: [
    (options) => node.seal(res, options),
    { ...SEALING, watchSources: 'no', serverReadsStatus: 1, request: 'GET' },
  ],
  receive: [
    (options) => node.receive(new Socket(), options),
    { ...JUDGING, ...TIMEOUTS, method: 5, limits: 5, signal: 4, headTimeout: '5' },
  ],
  readRequest: [
    (options) => node.readRequest(new Socket(), options),
    { limits: null, signal: new Date(0), headTimeout: [] },
  ],
  requestHeaders: [(options) => node.requestHeaders(options), { digest: 'md5', connection: 'TE' }],
  verify: [(options) => node.verify(message, options), { ...JUDGING, ...TIMEOUTS, signal: 4, headers: new Headers() }],
  relay: [
    (options) => node.relay(new Response('content') as never, res, options),
    {
      ...{ ...SEALING, ...JUDGING, ...TIMEOUTS, extraTrailers: {}, signal: 4, headers: new Headers() },
      ...{ vouch: 'yes', via: 5 },
    },
  ],
  drain: [(options) => node.drain(createServer(), options), { timeout: '5', signal: 4 }],
  ChunkedEncoder: [
    (options) => new node.ChunkedEncoder(options),
    { seal: 'no', digest: true, extraTrailers: 5, describeError: 5, cleanFailure: 'yes' },
  ],
  ChunkedDecoder: [
    (options) => new node.ChunkedDecoder(options),
    { ...JUDGING, headers: 5, statusCode: '200', limits: () => {} },
  ],
  download: [
    (options) => download(url, path.join(folder, 'copy'), options),
    {
      ...{ ...TIMEOUTS, resume: 'yes', require: 5, headers: 'x: y', retries: '5', retryDelay: 5, maxTime: '5' },
      ...{ checksum: 5, remoteTime: 1, onProgress: 'x', onRetry: null, signal: 4, headTimeout: '5' },
      ...{ maxRedirects: '5', agent: {} },
    },
  ],
  sendFile: [
    (options) => sendFile(res, path.join(ROOT, 'LICENSE'), options),
    { ...SEALING, headers: 5, signal: 4, idleTimeout: '5', root: 5, sha256: 'x' },
  ],
  sealedResponse: [
    (options) => web.sealedResponse(asked, new Blob(['x']).stream(), options),
    { ...FETCH, extraTrailers: 5, describeError: 5 },
  ],
  verifyResponse: [
    (options) => web.verifyResponse(new Response('x'), options),
    { ...FETCH, require: true, limits: 'none' },
  ],
  ChunkedDecoderStream: [
    (options) => new web.ChunkedDecoderStream(options),
    { ...FETCH, require: null, headers: 'x', statusCode: null, limits: 5 },
  ],
  ChunkedEncoderStream: [
    (options) => new web.ChunkedEncoderStream(options),
    { ...FETCH, seal: 5, extraTrailers: 5, describeError: 5, cleanFailure: 5 },
  ],
  verifyInterceptor: [(options) => verifyInterceptor(options), { ...JUDGING, onVerdict: 5 }],
};

async function errorOf(call: () => unknown): Promise<Error> {
  const outcome = new Promise((resolve) => resolve(call()));
  return outcome.then(
    () => expect.fail('nothing was thrown'),
    (error) => error as Error,
  );
}

describe.each(Object.entries(CALLS))('%s', (name, [call, wrong]) => {
  test.each([[null], ['x'], [5], [() => {}]])('%s in place of its options', async (options) => {
    const error = await errorOf(() => call(options as never));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe(`The options of ${name} must be an object, not ${shown(options)}`);
  });

  test('an option that it does not have', async () => {
    const outcome = Promise.resolve().then(() => call({ requre: 'always' } as never));
    // What the runtime's Response does not know, it passes over.
    if (name === 'sealedResponse') return expect(await outcome).toBeInstanceOf(Response);
    const error = await errorOf(() => outcome);
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(new RegExp(`^${name} has no option "requre"; there are (?:\\w+, )+\\w+$`));
  });

  test.each(Object.entries(wrong))('%s: %s', async (option, value) => {
    const error = await errorOf(() => call({ [option]: value } as never));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(new RegExp(option === 'checksum' ? '^A checksum is ' : `^${option} must be `));
    expect(error.message).toContain(`not ${shown(value)}`);
  });
});

describe('what is not an option', () => {
  const cases: [what: string, call: () => unknown, message: RegExp][] = [
    ['a response of a framework', () => node.respond({} as never), /^respond takes a response of node:http /],
    ['a request that is sealed', () => node.seal(message as never), /^seal takes the response of node:http /],
    ['no socket', () => node.receive(undefined as never), /^The socket to read from must be one of .*, not undefined$/],
    ['a Response of fetch', () => node.verify(new Response() as never), /^verify takes a message of node:http /],
    ['no upstream', () => node.relay(undefined as never, res), /^relay takes a message of node:http or a Response /],
    ['no server', () => node.drain({} as never), /^drain takes a server /],
    [
      'no URL',
      () => download('export.csv', 'copy'),
      /^"export.csv" is not a URL; it starts with http:\/\/ or https:\/\/$/,
    ],
    ['a URL that is not one', () => download('http://user:secret@a b/', 'copy'), /^"http:\/\/a b\/" is not a URL/],
    ['no file', () => download(url, undefined as never), /^The file of download must be a string, not undefined$/],
    ['no target', () => sendFile(undefined as never, 'x'), /^sendFile takes a response of node:http /],
    [
      'no request',
      () => web.sealedResponse(undefined as never, undefined as never),
      /^The request of sealedResponse must be a Request, not undefined$/,
    ],
    [
      'no stream',
      () => web.sealedResponse(asked, 'text' as never),
      /^The stream of sealedResponse must be a ReadableStream, not "text"$/,
    ],
    [
      'no Response',
      () => web.verifyResponse('text' as never),
      /^The argument of verifyResponse must be a Response, not "text"$/,
    ],
    ['no response of the interceptor', () => verdictOf(undefined as never), /^There is no verdict: /],
  ];
  test.each(cases)('%s', async (_what, call, told) => {
    const error = await errorOf(call);
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(told);
  });
});

describe('what a download cannot write', () => {
  test.each([[{}], [{ resume: true }]])('says which file, and no name of its own: %j', async (options) => {
    const file = path.join(folder, 'nowhere', 'copy.csv');
    const error = await errorOf(() => download(url, file, options));
    expect(error.message).toBe(`${file} cannot be written: there is no directory ${path.dirname(file)}`);
    expect(error).toMatchObject({ code: 'ENOENT', path: file });
  });

  test('below what is no directory', async () => {
    const file = path.join(ROOT, 'LICENSE', 'copy.csv');
    const error = await errorOf(() => download(url, file));
    expect(error.message).toBe(`${file} cannot be written: not a directory (ENOTDIR)`);
  });
});

test('none of these slips has answered the response', async () => {
  expect(res.headersSent).toBe(false);
  const sent = await sendFile(res, path.join(ROOT, 'LICENSE'));
  expect(sent.status).toBe(405); // the request is a POST
});

test('a response is answered once', async () => {
  const again = await errorOf(() => sendFile(res, path.join(ROOT, 'LICENSE')));
  expect(again.message).toBe('This response has been given to respond or sendFile already');
});
