/** Strategy: real subscribers and real sockets; one response that is whole, one that fails, one whose client leaves. */
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { afterEach, expect, test } from 'vitest';
import { readRequest } from '../../src/node/head/read-request.ts';
import { receive } from '../../src/node/receive/receive.ts';
import { respond } from '../../src/node/send/respond.ts';
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
  expect(named('body:verdict')).toEqual([{ body, verdict: await body.verdict }]);
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
  expect(named('body:verdict')).toEqual([{ body, verdict: await body.verdict }]);
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

test('nobody listens: nothing is made', async () => {
  expect(NAMES.map((name) => channel(name).hasSubscribers)).toEqual([false, false, false, false]);
  const { sent, body } = await exchange(Readable.from(['hello']));
  await body.toArray();
  await sent;
  expect(heard).toEqual([]);
});
