/** Loggers and hooks that watch a sealed response which fails in the middle: what they log. */
import http from 'node:http';
import http2 from 'node:http2';
import { pipeline, Readable } from 'node:stream';
import { createUIMessageStream, pipeUIMessageStreamToResponse } from 'ai';
import fastify from 'fastify';
import morgan from 'morgan';
import { requestHeaders, seal } from '../../dist/node/index.js';

function failing() {
  let isFirst = true;
  return new Readable({
    read() {
      if (isFirst) this.push('first');
      else this.destroy(new Error('the disk is gone'));
      isFirst = false;
    },
  });
}

/** Gets it on a connection that goes on, and gives the trailers. */
function get(port) {
  const agent = new http.Agent({ keepAlive: true });
  return new Promise((resolve, reject) => {
    http
      .get({ port, agent, headers: requestHeaders() }, (message) => {
        message.resume().on('end', () => resolve(message.trailers['x-stream-status']));
      })
      .on('error', reject);
  });
}

/** @param {boolean} fails */
export async function morganLogs(fails) {
  const lines = [];
  const log = morgan(':method :status', { stream: { write: (line) => lines.push(line) } });
  const server = http.createServer((req, res) => {
    seal(res);
    log(req, res, () => pipeline(fails ? failing() : Readable.from(['first']), res, () => {}));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const status = await get(server.address().port);
  await new Promise((resolve) => setImmediate(resolve));
  const logged = [...lines]; // while the connection is open
  server.closeAllConnections();
  server.close();
  return { status, logged };
}

/** @param {boolean} fails */
export async function onResponseRuns(fails) {
  const app = fastify();
  let runs = 0;
  app.addHook('onRequest', (_request, reply, done) => {
    seal(reply.raw);
    done();
  });
  app.addHook('onResponse', async () => {
    runs++;
  });
  app.get('/', (_request, reply) => reply.send(fails ? failing() : Readable.from(['first'])));
  await app.listen({ port: 0, host: '127.0.0.1' });
  const status = await get(app.server.address().port);
  app.server.closeAllConnections();
  await app.close();
  return { status, runs };
}

/** A failing stream of Fastify over HTTP/2: what its client reads. */
export async function overHttp2(isSealed, headers) {
  const app = fastify({ http2: true });
  app.addHook('onRequest', (_request, reply, done) => {
    if (isSealed) seal(reply.raw);
    done();
  });
  app.get('/', (_request, reply) => reply.send(failing()));
  await app.listen({ port: 0, host: '127.0.0.1' });
  const session = http2.connect(`http://127.0.0.1:${app.server.address().port}`);
  const stream = session.request({ ':path': '/', ...headers });
  const seen = { body: '', status: undefined };
  stream.on('data', (data) => {
    seen.body += data;
  });
  stream.on('trailers', (trailers) => {
    seen.status = trailers['x-stream-status'];
  });
  stream.on('error', () => {});
  await new Promise((resolve) => stream.once('close', resolve));
  session.close();
  await app.close();
  return { ...seen, rstCode: stream.rstCode };
}

/** A model that fails in the middle, by the AI SDK: what its client reads. */
export async function aiSdk(isTold, headers) {
  const server = http.createServer((_req, res) => {
    seal(res);
    const stream = createUIMessageStream({
      execute: async ({ writer }) => {
        writer.write({ type: 'text-start', id: '1' });
        writer.write({ type: 'text-delta', id: '1', delta: 'hello' });
        await new Promise((resolve) => setImmediate(resolve));
        throw new Error('the model is gone');
      },
      onError: (error) => {
        if (isTold) res.destroy(error);
        return 'The model is gone';
      },
    });
    pipeUIMessageStreamToResponse({ response: res, stream });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const seen = await new Promise((resolve) => {
    http
      .get({ port: server.address().port, headers, agent: false }, (message) => {
        message.resume();
        message.on('end', () => resolve(message.trailers['x-stream-status']?.split(';')[0] ?? 'whole'));
        message.on('error', () => resolve('cut'));
      })
      .on('error', () => resolve('cut'));
  });
  server.close();
  return seen;
}
