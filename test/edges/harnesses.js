/**
 * Strategy: harnesses and hosts without a client of their own kind: each runs in a process of its own and prints, as JSON,
 * what it concludes of a whole body, of one that fails in the middle and of one that fails before its first byte.
 * usage: node harnesses.js NAME
 */
import { EventEmitter } from 'node:events';
import http from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { respond } from '../../dist/node/index.js';

const source = (url) =>
  Readable.from(
    (async function* () {
      if (url === '/before') throw new Error('the disk is gone');
      yield 'first,';
      await new Promise(setImmediate);
      if (url === '/middle') throw new Error('the disk is gone');
      yield 'second';
    })(),
    { objectMode: false },
  );

const handle = (req, res, options) => pipeline(source(req.url), respond(res, options)).catch(() => {});
const URLS = ['/whole', '/middle', '/before'];

async function outcomes(ask) {
  const results = {};
  for (const url of URLS) {
    const never = new Promise((resolve) => setTimeout(resolve, 2000, 'HANGS'));
    const asked = Promise.resolve()
      .then(() => ask(url))
      .catch((error) => `error: ${error.message}`);
    results[url] = await Promise.race([asked, never]);
  }
  return results;
}

const said = ({ status, body }) => `${status} ${status === 200 ? body : ''}`.trim();

const HARNESSES = {
  'app.inject of fastify': async () => {
    const app = (await import('fastify')).default();
    app.get('/:what', async (request, reply) => {
      reply.hijack();
      await handle(request.raw, reply.raw);
    });
    return outcomes(async (url) => {
      const { statusCode, body } = await app.inject(url);
      return said({ status: statusCode, body });
    });
  },
  'light-my-request': async () => {
    const inject = (await import('light-my-request')).default;
    return outcomes(async (url) => {
      const { statusCode, body } = await inject(handle, { url });
      return said({ status: statusCode, body });
    });
  },
  supertest: async () => {
    const request = (await import('supertest')).default;
    const app = http.createServer(handle);
    return outcomes(async (url) => {
      const { status, text } = await request(app).get(url).buffer(true);
      return said({ status, body: text });
    });
  },
  'node-mocks-http': async () => {
    const { createRequest, createResponse } = (await import('node-mocks-http')).default;
    return outcomes(async (url) => {
      const req = createRequest({ url });
      const res = createResponse({ req, eventEmitter: EventEmitter });
      const ended = new Promise((resolve, reject) => {
        res.on('end', resolve).on('error', reject);
        res.on('close', () => (res.writableEnded ? resolve() : reject(new Error('closed before its end'))));
      });
      await Promise.race([ended, pipeline(source(url), respond(res, { request: req }))]);
      return said({ status: res.statusCode, body: res._getData() || res._getBuffer().toString() });
    });
  },
  'serverless-http': async () => {
    const serverless = (await import('serverless-http')).default;
    const invoking = (handler) => {
      const invoke = serverless(handler);
      return async (url) => {
        const event = { httpMethod: 'GET', path: url, headers: {}, requestContext: {} };
        const { statusCode, body, headers } = await invoke(event, {});
        return said({ status: statusCode, body: 'transfer-encoding' in headers ? 'FRAMED' : body });
      };
    };
    const results = await outcomes(invoking((req, res) => void handle(req, res, { request: req })));
    const [first] = Object.values(await outcomes(invoking((req, res) => void handle(req, res))));
    return { ...results, 'without { request }': first };
  },
  // Its time is over before the head, in the middle, and never.
  'connect-timeout': async () => {
    const express = (await import('express')).default;
    const timeout = (await import('connect-timeout')).default;
    const app = express().set('env', 'test');
    const left = new Map();
    app.use(timeout(100));
    app.get('/:what', (req, res) => {
      const stuck = new Readable({ read() {} });
      left.set(req.url, stuck);
      if (req.url === '/middle') stuck.push('first,');
      if (req.url === '/whole') stuck.push('first,second');
      if (req.url === '/whole') stuck.push(null);
      return pipeline(stuck, respond(res));
    });
    const server = http.createServer(app);
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const ask = (url) =>
      new Promise((resolve, reject) => {
        const options = { port: server.address().port, host: '127.0.0.1', path: url, agent };
        const request = http.get(options, async (response) => {
          const body = [];
          if (url === '/middle') setTimeout(() => left.get(url).destroy(new Error('the disk is gone')), 200);
          try {
            for await (const data of response) body.push(data);
            resolve(said({ status: response.statusCode, body: body.join('') }));
          } catch (error) {
            reject(error);
          }
        });
        request.on('error', reject);
      });
    const results = await outcomes(ask);
    left.get('/before').push('late'); // for nobody
    return { ...results, sources: [...left.values()].map(({ destroyed }) => destroyed) };
  },
  'http-terminator': async () => {
    const { createHttpTerminator } = await import('http-terminator');
    const results = {};
    for (const version of ['1.1', '1.0']) {
      const server = http.createServer((_req, res) => {
        const stuck = new Readable({ read() {} });
        stuck.push('first,');
        pipeline(stuck, respond(res)).catch(() => {});
      });
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      const terminator = createHttpTerminator({ server, gracefulTerminationTimeout: 100 });
      const socket = connect(server.address().port, '127.0.0.1');
      let octets = '';
      const end = new Promise((resolve) => {
        socket.on('end', () => resolve('FIN')).on('error', ({ code }) => resolve(code === 'ECONNRESET' ? 'RST' : code));
      });
      const first = new Promise((resolve) => {
        socket.on('data', (data) => {
          octets += data;
          if (octets.includes('first,')) resolve();
        });
      });
      socket.write(`GET / HTTP/${version}\r\nHost: a\r\n\r\n`);
      await first;
      await terminator.terminate();
      results[version] = `${octets.endsWith('0\r\n\r\n') ? 'TAKEN FOR WHOLE' : 'cut'}, ${await end}`;
    }
    return results;
  },
};

console.log(JSON.stringify(await HARNESSES[process.argv[2]]()));
process.exit();
