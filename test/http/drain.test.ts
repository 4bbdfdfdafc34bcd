/**
 * Strategy: a server with one connection in each state is drained: every client that asked is told why, and the promise
 * settles within its bound. At the end the same with SIGTERM, in processes of their own: one, and a cluster of two.
 */
import { spawn } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http, { type IncomingMessage } from 'node:http';
import http2, { type ClientHttp2Session, type Http2ServerResponse } from 'node:http2';
import https from 'node:https';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { drain } from '../../src/node/drain.ts';
import { seal } from '../../src/node/seal/seal.ts';
import { respond, type StreamResponse } from '../../src/node/send/respond.ts';
import { ASKING, AWARE, abortChunk, dial, get, LAST_CHUNK, messageFrom, OLD, PLAIN } from '../support/dial.ts';
import { begin, KINDS, listen, listenHttp2, serve, stuck, until } from '../support/servers.ts';
import { certificate } from '../support/tls.ts';

const SHUTDOWN = 'server_shutdown';

test('a response that was ended, and whose bytes are still leaving, is no idle connection', async () => {
  const content = Buffer.alloc(16 << 20, 1);
  const { server, port } = await serve((_req, res) => res.end(content));
  const socket = connect(port, '127.0.0.1');
  socket.write(PLAIN);
  await once(socket, 'readable');
  const drained = drain(server);
  let bytes = 0;
  for await (const data of socket) bytes += data.length;
  expect(bytes).toBeGreaterThan(content.length);
  await drained;
});

test('a failure that ends cleanly has time to leave', async () => {
  const content = Buffer.alloc(16 << 20, 1);
  const source = new Readable({ read() {} });
  let response: StreamResponse | undefined;
  const { server, port } = await serve((_req, res) => {
    response = source.pipe(respond(res));
  });
  source.push(content);
  const socket = connect(port, '127.0.0.1');
  socket.write(AWARE);
  await once(socket, 'readable');
  const drained = drain(server, { timeout: 1 });
  await until(() => response!.ending !== undefined);
  const again = drain(server); // looks for idle connections at once
  let end = '';
  for await (const data of socket) end = (end + data.toString('latin1')).slice(-300);
  expect(end).toContain(`X-Stream-Status: error;bytes=${content.length};type=${SHUTDOWN}\r\n`);
  await Promise.all([drained, again]);
});

describe.each(KINDS)('on %s', (_kind, answering) => {
  test.each([
    ['reads the status and keeps trailers', AWARE, `0\r\nX-Stream-Status: error;bytes=4;type=${SHUTDOWN}\r\n`, 'FIN'],
    ['reads the status', ASKING, abortChunk(SHUTDOWN), 'FIN'],
    ['asks for nothing', PLAIN, '4\r\ndata\r\n', 'FIN'],
    ['HTTP/1.0', OLD, 'data', 'ECONNRESET'],
  ])('a response that goes on fails when its time is over: %s', async (_, request, body, ending) => {
    const { server, port } = await answering({ source: stuck() });
    const wire = dial(port, request);
    const head = await wire.until('data');
    await drain(server, { timeout: 1 });
    const { octets, end } = await wire.closed();
    expect(messageFrom(head + octets).body).toContain(body);
    expect(end).toBe(ending);
  });

  test('one that ends in time is whole; a connection is closed once it is idle', async () => {
    const source = stuck();
    const { server, port } = await answering({ source: Readable.from(['done']) }, { source });
    const idle = dial(port, PLAIN);
    await idle.until(LAST_CHUNK);
    const busy = dial(port, PLAIN);
    await busy.until('data');
    const drained = drain(server);
    expect((await idle.closed()).end).toBe('FIN');
    source.push(null);
    await busy.until(LAST_CHUNK);
    await drained;
    expect(server.listening).toBe(false);
    expect((await busy.closed()).end).toBe('FIN');
  });

  test('one that has not begun gets 503', async () => {
    const { server, port, answers } = await answering({ source: new Readable({ read() {} }) });
    const wire = dial(port, PLAIN);
    await until(() => answers.length === 1);
    await drain(server, { timeout: 1 });
    const { statusLine, fields } = messageFrom((await wire.closed()).octets);
    expect(statusLine).toBe('HTTP/1.1 503 Service Unavailable');
    expect(fields.connection).toEqual(['close']);
  });

  test('a client that takes nothing does not hold it', async () => {
    const { server, port, answers } = await answering({ source: Readable.from([Buffer.alloc(64 << 20)]) });
    const wire = dial(port);
    wire.socket.pause();
    wire.send(AWARE);
    await until(() => answers.length === 1);
    await drain(server, { timeout: 1 });
    expect(server.listening).toBe(false);
  });

  test('a signal ends the time at once', async () => {
    const { server, port } = await answering({ source: stuck() });
    const wire = dial(port, AWARE);
    await wire.until('data');
    await drain(server, { timeout: 0, signal: AbortSignal.abort() });
    expect((await wire.closed()).octets).toContain(SHUTDOWN);
  });
});

test('a request that comes meanwhile: close is said, and respond answers 503', async () => {
  const sources: Readable[] = [];
  const urls: string[] = [];
  const { server, port } = await serve((req, res) => {
    urls.push(req.url!);
    if (req.url === '/health') res.end(String(server.listening));
    else if (req.url === '/2') begin(Readable.from(['late']), respond(res));
    else {
      sources.push(stuck());
      begin(sources.at(-1)!, respond(res));
    }
  });
  const [one, two] = [dial(port, get('', '/1')), dial(port, get('', '/1'))];
  await Promise.all([one.until('data'), two.until('data')]);
  const drained = drain(server);
  one.send(get('', '/health'));
  two.send(get('', '/2'));
  await until(() => urls.length === 4);
  for (const source of sources) source.push(null);
  await Promise.all([one.until(LAST_CHUNK), two.until(LAST_CHUNK), drained]);
  expect(messageFrom((await one.closed()).octets)).toMatchObject({ fields: { connection: ['close'] }, body: 'false' });
  expect(messageFrom((await two.closed()).octets).statusLine).toBe('HTTP/1.1 503 Service Unavailable');
});

describe('sealed responses of clients that did not ask', () => {
  const pair = async () => {
    const { key, cert } = await certificate();
    return { key: await readFile(key), cert: await readFile(cert) };
  };

  test.each<[string, () => Promise<http.Server>]>([
    ['node:http', async () => http.createServer()],
    ['node:https', async () => https.createServer(await pair())],
  ])('fail with the server: %s', async (name, create) => {
    const errors: (Error | null)[] = [];
    const server = (await create()).on('request', (_req, res) => {
      seal(res).on('close', () => errors.push(res.errored));
      res.write('data');
    });
    const port = await listen(server);
    const { get } = name === 'node:http' ? http : https;
    const response = await new Promise<IncomingMessage>((resolve) => {
      get({ port, host: '127.0.0.1', rejectUnauthorized: false }, resolve);
    });
    const failed = once(response.resume(), 'error').catch((error) => error);
    await drain(server, { timeout: 1 });
    expect(errors).toMatchObject([{ code: 'ERR_SERVER_SHUTDOWN' }]);
    expect(await failed).toMatchObject([{ code: 'ECONNRESET' }]);
  });

  test('one whose head is not out gets 503', async () => {
    const { server, port } = await serve((_req, res) => void seal(res));
    const wire = dial(port, PLAIN);
    await once(server, 'request');
    await drain(server, { timeout: 1 });
    expect(messageFrom((await wire.closed()).octets).statusLine).toBe('HTTP/1.1 503 Service Unavailable');
  });
});

describe('HTTP/2', () => {
  type OnResponse = (res: Http2ServerResponse) => void;
  const BOTH = { te: 'trailers', 'x-want-stream-status': '?1' };

  async function serving(onResponse: OnResponse) {
    const server = http2.createServer((_req, res) => onResponse(res));
    const port = await listenHttp2(server);
    const session = http2.connect(`http://127.0.0.1:${port}`);
    onTestFinished(() => session.destroy());
    return { server, session: session.on('error', () => {}) };
  }

  function open(session: ClientHttp2Session, headers: object) {
    const stream = session.request({ ':path': '/', ...headers }).on('error', () => {});
    const seen = { body: '', trailers: undefined as string | undefined };
    stream.on('trailers', (trailers) => {
      seen.trailers = String(trailers['x-stream-status']);
    });
    stream.on('data', (data) => {
      seen.body += data;
    });
    const closed = new Promise((resolve) => stream.once('close', () => resolve({ ...seen, rstCode: stream.rstCode })));
    return { begun: once(stream, 'data'), closed };
  }

  test.each<[string, OnResponse]>([
    ['seal', (res) => void seal(res).write('data')],
    ['respond', (res) => void stuck().pipe(respond(res))],
  ])('what does not end in time fails, whoever asks: %s', async (_, onResponse) => {
    const { server, session } = await serving(onResponse);
    const [asked, plain] = [open(session, BOTH), open(session, {})];
    const goneAway = once(session, 'goaway');
    await Promise.all([asked.begun, plain.begun]);
    await drain(server, { timeout: 1 });
    expect((await goneAway)[0]).toBe(0);
    expect(await asked.closed).toEqual({ body: 'data', trailers: `error;bytes=4;type=${SHUTDOWN}`, rstCode: 0 });
    expect(await plain.closed).toEqual({ body: 'data', trailers: undefined, rstCode: 2 });
  });

  test('one that ends in time is whole, and a new request is refused', async () => {
    const responses: Http2ServerResponse[] = [];
    const { server, session } = await serving((res) => {
      responses.push(seal(res));
      res.write('data');
    });
    const stream = open(session, BOTH);
    await stream.begun;
    const goneAway = once(session, 'goaway');
    const drained = drain(server);
    await goneAway;
    const late = new Promise((resolve) => {
      try {
        session.request({ ':path': '/' }).on('error', resolve);
      } catch (error) {
        resolve(error);
      }
    });
    expect(await late).toBeInstanceOf(Error);
    responses[0]!.end();
    expect(await stream.closed).toMatchObject({ body: 'data', trailers: 'ok;bytes=4', rstCode: 0 });
    await drained;
  });

  test.each<[string, OnResponse]>([
    ['a handler without seal', (res) => void res.write('data')],
    ['a client that takes nothing', (res) => void seal(res).write(Buffer.alloc(16 << 20))],
  ])('does not hold it: %s', async (_, onResponse) => {
    const { server, session } = await serving(onResponse);
    let error: unknown;
    const stream = session.request({ ':path': '/' }).on('error', (cause) => {
      error = cause;
    });
    const closed = new Promise((resolve) => stream.once('close', resolve));
    await once(stream, 'response');
    await drain(server, { timeout: 1 });
    stream.resume();
    await closed;
    expect({ error, code: stream.rstCode }).not.toEqual({ error: undefined, code: 0 }); // which would be an end
  });

  test('a session on which nothing has come does not hold it', async () => {
    const { server, session } = await serving(() => {});
    await once(session, 'remoteSettings');
    await drain(server, { timeout: 1 });
  });
});

test('options that are none', async () => {
  const { server } = await serve(() => {});
  await expect(drain(server, { timeout: -1 })).rejects.toThrow(RangeError);
  await expect(drain(server, { timeout: '1' as never })).rejects.toThrow(TypeError);
  await expect(drain(server, { signal: {} as never })).rejects.toThrow(TypeError);
  await drain(server);
  await drain(server); // one that does not listen is drained
});

describe('SIGTERM', () => {
  test.each([
    ['a process', []],
    ['a cluster of two', ['cluster']],
  ])('%s: every client that asked is told, and it has ended within the bound', async (_, args) => {
    const program = fileURLToPath(new URL('./draining-server.mjs', import.meta.url));
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [line] = await once(createInterface(child.stdout), 'line');
    const wires = Array.from({ length: 6 }, () => dial(Number(line), AWARE));
    await Promise.all(wires.map((wire) => wire.until('data')));
    child.kill('SIGTERM');
    for (const wire of wires) expect((await wire.closed()).octets).toContain(`type=${SHUTDOWN}`);
    if (child.exitCode === null) await once(child, 'exit');
    expect(child.exitCode).toBe(0);
  });
});

test('a signal that is never aborted has no listener left', async () => {
  const server = http.createServer();
  await once(server.listen(0), 'listening');
  const { signal } = new AbortController();
  await drain(server, { signal });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
