/** Strategy: real subscribers and real sockets; one response that is whole, one that fails, one whose client leaves. */
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import http, { type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { Agent, request } from 'undici';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { download } from '../../src/files/download/download.ts';
import { ChunkedDecoder } from '../../src/node/chunked-decoder.ts';
import type { BodyVerdict, ResponseEnd } from '../../src/node/diagnostics.ts';
import { readRequest } from '../../src/node/head/read-request.ts';
import { requestHeaders } from '../../src/node/head/request-headers.ts';
import { receive } from '../../src/node/receive/receive.ts';
import { verify } from '../../src/node/receive/verify.ts';
import { relay } from '../../src/node/relay.ts';
import { respond } from '../../src/node/send/respond.ts';
import { verifyInterceptor } from '../../src/undici/interceptor.ts';
import { ask, begin, drain, failing, serve, stuck } from '../support/servers.ts';
import { connection } from '../support/sockets.ts';
import { AWARE } from './send/answering.ts';

const NAMES = ['response:start', 'response:end', 'response:failed', 'body:verdict'].map(
  (name) => `chunked-trailers:${name}`,
);
const heard: { name: string; message: unknown }[] = [];
const listener = (message: unknown, name: string | symbol) => heard.push({ name: String(name), message });
const listen = () => NAMES.forEach((name) => void subscribe(name, listener));

afterEach(() => {
  for (const name of NAMES) unsubscribe(name, listener);
  heard.length = 0;
});

const named = (name: string) =>
  heard.filter((one) => one.name === `chunked-trailers:${name}`).map((one) => one.message);

const OF_RECEIVE = { receiver: 'receive', method: 'GET', statusCode: 200 };

async function exchange(source: Readable) {
  const { client, server } = await connection();
  client.write(AWARE);
  const request = await readRequest(server);
  const response = respond(server, { request });
  const sent = pipeline(source, response).catch((error: Error) => error);
  const { body } = await receive(client);
  return { client, request, response, sent, body };
}

test('a whole response: start, end, and the verdict of its receiver', async () => {
  listen();
  const { request, response, sent, body } = await exchange(Readable.from(['hello ', 'world']));
  await body.toArray();
  await sent;
  expect(named('response:start')).toEqual([{ response, request, status: 200 }]);
  expect(named('response:end')).toEqual([{ response, request, ending: 'trailers', bytes: 11 }]);
  expect(named('response:failed')).toEqual([]);
  expect(named('body:verdict')).toEqual([{ ...OF_RECEIVE, body, verdict: await body.verdict }]);
  expect(await body.verdict).toMatchObject({ kind: 'complete' });
});

test('a failed response: the error, how it was ended, and how much of it was sent', async () => {
  listen();
  const error = new Error('the source failed');
  async function* failing() {
    yield 'hello';
    throw error;
  }
  const { request, response, sent, body } = await exchange(Readable.from(failing()));
  await expect(body.toArray()).rejects.toMatchObject({ code: 'ERR_BODY_FAILED' });
  await sent;
  expect(named('response:failed')).toEqual([{ response, request, error, ending: 'clean-failure', bytes: 5 }]);
  expect(named('response:end')).toEqual([]);
  expect(named('body:verdict')).toEqual([{ ...OF_RECEIVE, body, verdict: await body.verdict }]);
});

test('a client that leaves: a failure without an error', async () => {
  listen();
  const { client, server } = await connection();
  client.write(AWARE);
  const request = await readRequest(server);
  const response = respond(server, { request });
  response.write('hello');
  await once(client, 'data');
  client.destroy();
  await finished(response).catch(() => {});
  expect(named('response:failed')).toEqual([{ response, request, error: undefined, ending: 'none', bytes: 5 }]);
});

/** The verdicts that were told, each with what it is about. */
const verdicts = () =>
  named('body:verdict').map((message) => {
    const { verdict, body: _, ...facts } = message as BodyVerdict;
    return { ...facts, kind: verdict.kind };
  });

async function exportUrl(): Promise<{ origin: string; url: string }> {
  const { port } = await serve((req, res) => {
    begin(req.url!.startsWith('/failing') ? failing(['data']) : ['data'], respond(res));
  });
  const origin = `http://127.0.0.1:${port}`;
  return { origin, url: `${origin}/export?of=all` };
}

describe('what a verdict is about', () => {
  test('verify: what was asked for, and of whom', async () => {
    listen();
    const { origin, url } = await exportUrl();
    const options = { port: new URL(url).port, path: '/export?of=all', headers: requestHeaders() };
    await drain(await ask(options, (message) => verify(message)));
    const about = { method: 'GET', origin, path: '/export?of=all', statusCode: 200 };
    expect(verdicts()).toEqual([{ receiver: 'verify', ...about, kind: 'complete' }]);
  });

  test('verify: a Host of the caller’s own is the origin that was asked', async () => {
    listen();
    const { url } = await exportUrl();
    const options = { port: new URL(url).port, method: 'POST', headers: { Host: 'example.com' } };
    await drain(await ask(options, (message) => verify(message)));
    expect(verdicts()).toMatchObject([{ method: 'POST', origin: 'http://example.com' }]);
  });

  test('verify: the body of a request that a server has received', async () => {
    listen();
    const { port } = await serve((req, res) => {
      void drain(verify(req)).then(() => res.end());
    });
    await drain(await ask({ port, path: '/upload' }, (message) => message));
    expect(verdicts()).toEqual([{ receiver: 'verify', method: 'GET', path: '/upload', kind: 'unverified' }]);
  });

  test('a reader that leaves: abandoned, and nothing else', async () => {
    listen();
    const { port } = await serve((_, res) => void begin(stuck(), respond(res)));
    const body = await ask({ port }, (message) => verify(message));
    await once(body, 'data');
    body.destroy();
    await body.verdict;
    expect(verdicts()).toMatchObject([{ receiver: 'verify', kind: 'abandoned' }]);
  });

  test('ChunkedDecoder: no more than it was given', async () => {
    listen();
    await drain(Readable.from([Buffer.from('0\r\n\r\n')]).pipe(new ChunkedDecoder({ headers: {}, statusCode: 200 })));
    expect(verdicts()).toEqual([{ receiver: 'ChunkedDecoder', statusCode: 200, kind: 'unverified' }]);
  });

  test('relay: once, of upstream', async () => {
    listen();
    const { origin, url } = await exportUrl();
    const { port } = await serve((_, res) => {
      http.get(url, { headers: requestHeaders() }, (upstream) => relay(upstream, res));
    });
    await drain(await ask({ port }, (message) => message));
    const about = { method: 'GET', origin, path: '/export?of=all', statusCode: 200 };
    expect(verdicts()).toEqual([{ receiver: 'relay', ...about, kind: 'complete' }]);
  });

  test('relay of a fetch: where it came from', async () => {
    listen();
    const { origin, url } = await exportUrl();
    const { port } = await serve((_, res) => {
      void fetch(url).then((upstream) => relay(upstream, res));
    });
    await drain(await ask({ port }, (message) => message));
    const about = { origin, path: '/export?of=all', statusCode: 200 };
    expect(verdicts()).toEqual([{ receiver: 'relay', ...about, kind: 'unverified' }]);
  });

  test('the interceptor', async () => {
    listen();
    const { origin, url } = await exportUrl();
    const dispatcher = new Agent().compose(verifyInterceptor());
    const { body } = await request(url, { dispatcher });
    await body.text();
    await dispatcher.destroy();
    const about = { method: 'GET', origin, path: '/export?of=all', statusCode: 200 };
    expect(verdicts()).toEqual([{ receiver: 'undici', ...about, kind: 'complete' }]);
  });

  test('download: the file once, after its responses', async () => {
    listen();
    const { origin, url } = await exportUrl();
    const folder = await mkdtemp(path.join(tmpdir(), 'chunked-trailers-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await download(url, path.join(folder, 'file'));
    const failure = download(`${origin}/failing`, path.join(folder, 'file'), { retries: 0 });
    await expect(failure).rejects.toMatchObject({ code: 'ERR_BODY_FAILED' });
    const ofResponse = { receiver: 'verify', method: 'GET', origin, statusCode: 200 };
    const ofFile = { receiver: 'download', method: 'GET', origin };
    expect(verdicts()).toEqual([
      { ...ofResponse, path: '/export?of=all', kind: 'complete' },
      { ...ofFile, path: '/export?of=all', kind: 'complete' },
      { ...ofResponse, path: '/failing', kind: 'failed' },
      { ...ofFile, path: '/failing', kind: 'failed' },
    ]);
  });
});

test('what a framework has put on its request is there, and has its type', async () => {
  type Routed = IncomingMessage & { route?: { path: string } };
  const routes: (string | undefined)[] = [];
  const note = (message: unknown) => {
    const { request } = message as ResponseEnd<Routed>;
    routes.push(request.route?.path);
  };
  subscribe('chunked-trailers:response:end', note);
  onTestFinished(() => void unsubscribe('chunked-trailers:response:end', note));
  const { port } = await serve((req, res) => {
    (req as Routed).route = { path: '/export/:id' };
    begin(['data'], respond(res));
  });
  await drain(await ask({ port, path: '/export/7' }, (message) => message));
  expect(routes).toEqual(['/export/:id']);
});

test('nobody listens: nothing is made', async () => {
  expect(NAMES.map((name) => channel(name).hasSubscribers)).toEqual([false, false, false, false]);
  const { sent, body } = await exchange(Readable.from(['hello']));
  await body.toArray();
  await sent;
  expect(heard).toEqual([]);
});
