/**
 * Strategy: applications as their users write them, which know nothing of this library but one line: `seal`. How each fails
 * is its framework's affair; what it calls then is recorded where the seal is left out (server.js).
 */
import http from 'node:http';
import { pipeline as pipe, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { SealedServerResponse, seal as sealOn } from '../../dist/node/index.js';
import { next } from './next-app.js';
import { formatted } from './sealed-formats.js';
import { sourceOf } from './source.js';

const isSealed = process.env.EDGES_UNSEALED === undefined;
const seal = isSealed ? sealOn : (res) => res;
const OPTIONS = isSealed ? { ServerResponse: SealedServerResponse } : {};
const BELOW = { options: OPTIONS };

const forget = () => {};
const named = async (name) => (await import(name)).default;
const HTML = 'text/html';

/** The source, with a listener that keeps its error from ending the process. */
const watched = (url) => sourceOf(url).on('error', forget);

const bare = (handler) => async () =>
  http.createServer((req, res) => {
    seal(res).setHeader('Content-Type', HTML);
    return handler(req, res);
  });

/** The first middleware. */
const first = (_req, res, next) => {
  seal(res);
  next();
};

async function express(name, handler, { before = [first], after = [], options = {} } = {}) {
  const app = (await named(name))();
  app.set('env', 'test'); // which keeps its final handler from printing what it is given
  for (const one of before) app.use(one);
  app.get('/', (req, res, next) => {
    res.type('html');
    return handler(req, res, next);
  });
  for (const one of after) app.use(one);
  return http.createServer(options, app);
}

const EXPRESS = {
  pipeline: (req, res, next) => pipe(sourceOf(req.originalUrl), res, (error) => error && next(error)),
  rejects: (req, res) => pipeline(sourceOf(req.originalUrl), res),
  throws: async (req, res) => {
    res.on('close', () => source.destroy());
    const source = sourceOf(req.originalUrl);
    if (req.method === 'HEAD') return res.end();
    for await (const data of source) res.write(data);
    res.end();
  },
  pipe: (req, res) => {
    const source = watched(req.originalUrl).pipe(res);
    return source && undefined;
  },
};

/** As Express's guide has it. */
const errorHandler = (error, _req, res, next) => {
  if (res.headersSent) next(error);
  else res.status(500).send('Something broke!');
};
/** And one that does not look. */
const carelessHandler = (_error, _req, res, _next) => {
  res.status(500).end('Something broke!');
};

/** Something that fails as an upstream does, on a port of its own. */
async function upstream() {
  const server = http.createServer((req, res) => {
    res.setHeader('Content-Type', HTML);
    const source = sourceOf(req.url);
    req.on('close', () => req.method === 'HEAD' && source.destroy());
    pipe(source, res, forget);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${server.address().port}`;
}

/** @type {Record<string, () => Promise<import('node:net').Server>>} */
export const SEALED_SUBJECTS = {
  'pipeline(source, res)': bare((req, res) => pipe(sourceOf(req.url), res, forget)),
  'source.pipe(res)': bare((req, res) => {
    const source = watched(req.url);
    res.on('close', () => source.destroy());
    source.pipe(res);
  }),
  'res.destroy(error) in catch': bare(async (req, res) => {
    const source = sourceOf(req.url);
    res.on('close', () => source.destroy());
    try {
      if (req.method === 'HEAD') return res.end();
      for await (const data of source) res.write(data);
      res.end();
    } catch (error) {
      res.destroy(error);
    }
  }),
  'res.end() in catch': bare(async (req, res) => {
    const source = sourceOf(req.url);
    res.on('close', () => source.destroy());
    try {
      for await (const data of source) res.write(data);
    } catch {}
    res.end();
  }),

  'express 5, pipeline to next': () => express('express', EXPRESS.pipeline),
  'express 5, rejects': () => express('express', EXPRESS.rejects),
  'express 5, throws': () => express('express', EXPRESS.throws),
  'express 5, .pipe': () => express('express', EXPRESS.pipe),
  'express 5, error handler': () => express('express', EXPRESS.throws, { after: [errorHandler] }),
  'express 5, careless handler': () => express('express', EXPRESS.throws, { after: [carelessHandler] }),
  'express 5, compression above': async () =>
    express('express', EXPRESS.rejects, { before: [first, (await named('compression'))()] }),
  'express 5, compression below': async () =>
    express('express', EXPRESS.rejects, { before: [(await named('compression'))(), first] }),
  'express 5, SealedServerResponse under compression': async () =>
    express('express', EXPRESS.throws, { before: [(await named('compression'))()], options: OPTIONS }),
  'express 4, pipeline to next': () => express('express-4', EXPRESS.pipeline),
  'express 4, .pipe': () => express('express-4', EXPRESS.pipe),
  'express 4, compression above': async () =>
    express('express-4', EXPRESS.pipeline, { before: [first, (await named('compression-1.7'))()] }),

  'fastify 5, reply.send(source)': () => fastify((request, reply) => reply.type(HTML).send(sourceOf(request.url))),
  'fastify 5, http.ServerResponse': () =>
    fastify((request, reply) => reply.type(HTML).send(sourceOf(request.url)), { options: { http: OPTIONS } }),
  'fastify 5, web stream': () =>
    fastify((request, reply) => reply.type(HTML).send(Readable.toWeb(sourceOf(request.url)))),
  'fastify 5, @fastify/compress': async () =>
    fastify((request, reply) => reply.type(HTML).send(sourceOf(request.url)), {
      plugins: [await named('@fastify/compress')],
    }),

  'koa 3, ctx.body': () => koa(),
  'koa 3, koa-compress': async () => koa([(await named('koa-compress'))()]),

  'koa 3, koa-compress, body watched': async () => koa([(await named('koa-compress'))(), watchBody]),

  'hono, c.body(stream)': () =>
    hono((c) => c.body(Readable.toWeb(sourceOf(c.env.incoming.url)), 200, { 'Content-Type': HTML })),
  'hono, stream()': () => hono((c, { stream }) => stream(c, writing(c))),
  'hono, streamText()': () => hono((c, { streamText }) => streamText(c, writing(c))),
  'hono, streamSSE()': () => hono((c, { streamSSE }) => streamSSE(c, writing(c))),
  'hono, stream() with onError': () =>
    hono((c, { stream }) => stream(c, writing(c), (error) => c.env.outgoing.destroy(error))),

  'nest, StreamableFile': () => nest(true),
  'nest, @Res() and pipe': () => nest(false),

  'h3, sendStream': () => h3(({ sendStream }, event) => sendStream(event, sourceOf(event.node.req.url))),
  'h3, returned stream': () => h3((_, event) => sourceOf(event.node.req.url)),
  'h3 2, returned stream': h3Two,

  'next 15, pages/api': () => next('/api/throws', BELOW),
  'next 15, pages/api, no compression': () => next('/api/throws', { ...BELOW, compress: false }),
  'next 15, pages/api, onRequestError': () => next('/api/throws', { ...BELOW, isTold: true }),
  'next 15, pages/api, pipeline': () => next('/api/pipeline', BELOW),
  'next 15, route handler': () => next('/route', BELOW),
  'next 15, route handler, no compression': () => next('/route', { ...BELOW, compress: false }),
  'next 15, route handler, seal(res)': () => next('/route', { before: seal }),
  'next 15, page': () => next('/page', BELOW),
  'next 15, page, onRequestError': () => next('/page', { ...BELOW, isTold: true }),

  'http-proxy': async () => {
    const proxy = (await named('http-proxy')).createProxyServer({ target: await upstream() });
    proxy.on('error', (_error, _req, res) => res.writeHead(502).end());
    return http.createServer((req, res) => proxy.web(req, seal(res)));
  },
  'http-proxy-middleware': async () => {
    const { createProxyMiddleware } = await import('http-proxy-middleware');
    const app = (await named('express'))();
    app.use(first, createProxyMiddleware({ target: await upstream() }));
    return http.createServer(app);
  },

  ...formatted(seal),
};

/** What a handler of Hono's streaming helpers does. */
const writing = (c) => async (stream) => {
  const source = sourceOf(c.env.incoming.url);
  stream.onAbort(() => source.destroy());
  if (c.req.method === 'HEAD') return void source.destroy();
  for await (const data of source) await stream.write(data);
};

async function fastify(handler, { options = {}, plugins = [] } = {}) {
  const app = (await named('fastify'))(options);
  if (options.http === undefined) {
    app.addHook('onRequest', (_request, reply, done) => {
      seal(reply.raw);
      done();
    });
  }
  for (const one of plugins) await app.register(one);
  app.get('/', handler);
  await app.ready();
  return app.server;
}

/** Inside a compressor, which tells nobody of a body that fails. */
async function watchBody(ctx, next) {
  await next();
  if (ctx.body instanceof Readable) ctx.body.on('error', (error) => ctx.res.destroy(error));
}

async function koa(middleware = []) {
  const app = new (await named('koa'))();
  app.on('error', forget);
  app.use((ctx, next) => {
    seal(ctx.res);
    return next();
  });
  for (const one of middleware) app.use(one);
  app.use((ctx) => {
    ctx.type = HTML;
    ctx.body = sourceOf(ctx.url);
  });
  return http.createServer(app.callback());
}

async function hono(handler) {
  const { createAdaptorServer } = await import('@hono/node-server');
  const helpers = await import('hono/streaming');
  const { Hono } = await import('hono');
  const app = new Hono();
  app.onError((_error, c) => c.text('Something broke!', 500));
  app.use((c, next) => {
    seal(c.env.outgoing);
    return next();
  });
  app.get('/', (c) => {
    c.header('Content-Type', HTML);
    return handler(c, helpers);
  });
  return createAdaptorServer({ fetch: app.fetch });
}

async function h3(handler) {
  const lib = await import('h3');
  const app = lib.createApp({ onError: forget });
  app.use(
    lib.eventHandler((event) => {
      seal(event.node.res).setHeader('Content-Type', HTML);
      return handler(lib, event);
    }),
  );
  return http.createServer(lib.toNodeListener(app));
}

async function h3Two() {
  const { H3, toNodeHandler } = await import('h3-2');
  const app = new H3({ onError: forget });
  app.use((event, next) => {
    seal(event.runtime.node.res);
    return next();
  });
  app.get('/', (event) => {
    event.res.headers.set('Content-Type', HTML);
    return Readable.toWeb(sourceOf(event.req.url));
  });
  return http.createServer(toNodeHandler(app));
}

async function nest(isReturned) {
  await import('reflect-metadata');
  const { Controller, Get, Module, Req, Res, StreamableFile } = await import('@nestjs/common');
  const { NestFactory } = await import('@nestjs/core');
  class Export {
    get(req, res) {
      if (isReturned) return new StreamableFile(sourceOf(req.originalUrl), { type: HTML });
      watched(req.originalUrl).pipe(res.type('html'));
    }
  }
  // As a compiler writes the decorators down.
  Get()(Export.prototype, 'get', Object.getOwnPropertyDescriptor(Export.prototype, 'get'));
  Req()(Export.prototype, 'get', 0);
  if (!isReturned) Res()(Export.prototype, 'get', 1);
  Controller()(Export);
  class App {}
  Module({ controllers: [Export] })(App);
  const app = await NestFactory.create(App, { logger: false });
  app.use(first);
  await app.init();
  return app.getHttpServer();
}
