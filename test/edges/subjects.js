/**
 * Strategy: each subject is an application as its users write it, with one `respond` in it. A function gives a server
 * that does not listen yet. Packages are loaded only by the subject that needs them: one process has one subject.
 */
import http from 'node:http';
import net from 'node:net';
import { pipeline as pipe } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readRequest, respond } from '../../dist/node/index.js';
import { next } from './next-app.js';
import { sourceOf } from './source.js';

const headers = { 'Content-Type': 'text/html' };
const TEXT = { headers };

/** What a handler does: rejects if the source fails or the client leaves. */
const stream = (req, res) => pipeline(sourceOf(req.originalUrl ?? req.url), respond(res, TEXT));
const forget = () => {};
const named = async (name) => (await import(name)).default;

const bare = (handler) => async () => http.createServer(handler);

/** Middleware of the Connect kind on node:http, and a handler that does all right. */
const behind = (middleware) => async () => {
  const use = await middleware();
  return http.createServer((req, res) => {
    use(req, res, (error) => {
      if (error) res.destroy(error);
      else stream(req, res).catch(forget);
    });
  });
};

async function express(name, ...middleware) {
  const app = (await named(name))();
  app.set('env', 'test'); // which keeps its final handler from printing what it is given
  for (const one of middleware) app.use(one);
  return app;
}

/** The handler of Express 4, which gives its error to `next`. */
const toNext = (req, res, next) => {
  stream(req, res).catch(next);
};
/** The handler of Express 5, whose rejection goes to `next` by itself. */
const rejecting = (req, res) => stream(req, res);

/** An error handler as Express's guide has it. */
const errorHandler = (error, _req, res, next) => {
  if (res.headersSent) next(error);
  else res.status(500).send('Something broke!');
};
/** And one that does not look. */
const carelessHandler = (_error, _req, res, _next) => {
  res.status(500).end('Something broke!');
};

async function expressWith(name, handler, { before = [], after = [] }) {
  const app = await express(name, ...before);
  app.get('/', handler);
  for (const one of after) app.use(one);
  return http.createServer(app);
}

/** compression that comes only after the response has been opened. */
const compressedLate = async (name, compressionName) => {
  const compression = (await named(compressionName))();
  const app = await express(name);
  app.get('/', (req, res, next) => {
    const response = respond(res, TEXT);
    compression(req, res, () => pipeline(sourceOf(req.originalUrl), response).catch(next));
  });
  return http.createServer(app);
};

/** Writes what it gets, and ends, a while later; calls no callback. */
const throttle = () => (_req, res, next) => {
  const { write, end } = res;
  const later = (method, args) => setTimeout(() => method.apply(res, args), 20);
  res.write = (data) => {
    later(write, [data]);
    return true;
  };
  res.end = (data) => {
    later(end, typeof data === 'function' ? [] : [data]);
    return res;
  };
  next();
};

const footer = () => (_req, res, next) => {
  const { end } = res;
  res.end = function (...args) {
    if (args.length > 0 && typeof args[0] !== 'function') this.write(args[0]);
    this.write('<!-- footer -->');
    return end.call(this);
  };
  next();
};

/** @type {Record<string, () => Promise<net.Server>>} */
export const SUBJECTS = {
  'node:http': bare((req, res) => stream(req, res).catch(forget)),
  'a raw socket': async () =>
    net.createServer(async (socket) => {
      try {
        for (;;) {
          const request = await readRequest(socket);
          const response = respond(socket, { request, headers });
          const closed = new Promise((resolve) => response.once('close', resolve));
          await pipeline(sourceOf(request.target), response).catch(forget);
          await closed;
        }
      } catch (error) {
        socket.destroy();
        if (error.code !== 'ERR_NO_REQUEST') throw error;
      }
    }),
  'plain .pipe': bare((req, res) => {
    const source = sourceOf(req.url);
    const response = respond(res, TEXT);
    source.on('error', (error) => response.destroy(error));
    response.on('error', forget).on('close', () => source.destroy());
    source.pipe(response);
  }),

  'res.end() in catch': bare((req, res) => stream(req, res).catch(() => res.end())),
  'res.end(text) in catch': bare((req, res) => stream(req, res).catch(() => res.end('Something broke!'))),
  'res.destroy() in catch': bare((req, res) => stream(req, res).catch(() => res.destroy())),
  'req.socket.destroy() in catch': bare((req, res) => stream(req, res).catch(() => req.socket.destroy())),
  'closeAllConnections() in catch': async () => {
    const server = http.createServer((req, res) => {
      stream(req, res).catch((error) => {
        // Not for a client that has left, which would close the next cell's connection.
        if (error.message === 'the disk is gone') server.closeAllConnections();
      });
    });
    return server;
  },
  "source.on('error', () => res.end())": bare((req, res) => {
    const source = sourceOf(req.url);
    source.on('error', () => res.end());
    pipe(source, respond(res, TEXT), forget);
  }),
  "source.on('error', () => res.destroy())": bare((req, res) => {
    const source = sourceOf(req.url);
    source.on('error', () => res.destroy());
    pipe(source, respond(res, TEXT), forget);
  }),

  'express 5': () => expressWith('express', rejecting, {}),
  'express 5, error handler': () => expressWith('express', rejecting, { after: [errorHandler] }),
  'express 5, careless handler': () => expressWith('express', rejecting, { after: [carelessHandler] }),
  'express 5, compression 1.8': async () =>
    expressWith('express', rejecting, { before: [(await named('compression'))()] }),
  'express 5, compression 1.8 late': () => compressedLate('express', 'compression'),
  'express 4': () => expressWith('express-4', toNext, {}),
  'express 4, error handler': () => expressWith('express-4', toNext, { after: [errorHandler] }),
  'express 4, careless handler': () => expressWith('express-4', toNext, { after: [carelessHandler] }),
  'express 4, compression 1.7': async () =>
    expressWith('express-4', toNext, { before: [(await named('compression-1.7'))()] }),
  'express 4, compression 1.7 late': () => compressedLate('express-4', 'compression-1.7'),

  'fastify 5': () => fastify(),
  'fastify 5, @fastify/compress': async () => fastify(await named('@fastify/compress')),
  'fastify 5, rejects': async () => {
    const app = (await named('fastify'))();
    app.get('/', async (request, reply) => {
      reply.hijack();
      await stream(request.raw, reply.raw);
    });
    await app.ready();
    return app.server;
  },

  'koa 3': () => koa(),
  'koa 3, koa-compress': async () => koa((await named('koa-compress'))()),

  hono: () =>
    hono(async (c, gone) => {
      await stream(c.env.incoming, c.env.outgoing).catch(forget);
      return gone;
    }),
  'hono, rejects': () =>
    hono(async (c, gone) => {
      await stream(c.env.incoming, c.env.outgoing);
      return gone;
    }),
  nest,
  h3: async () => {
    const { createApp, eventHandler, toNodeListener } = await import('h3');
    const app = createApp({ onError: forget });
    app.use(
      eventHandler(async (event) => {
        await stream(event.node.req, event.node.res);
      }),
    );
    return http.createServer(toNodeListener(app));
  },

  'next 15, pages/api': () => next('/api/respond'),
  'next 15, sealedResponse': () => next('/in-content'), // for next.test.ts

  apicache: async () =>
    expressWith('express-4', toNext, { before: [(await named('apicache')).newInstance().middleware('5 minutes')] }),
  'connect-livereload': behind(async () => (await named('connect-livereload'))({ port: 35729 })),
  'connect-timeout': behind(async () => (await named('connect-timeout'))('60s')),
  'express-session': async () => {
    const session = (await named('express-session'))({ secret: 'a', resave: true, saveUninitialized: true });
    return expressWith('express', rejecting, { before: [session] });
  },
  morgan: behind(async () => (await named('morgan'))('combined', { stream: { write: forget } })),
  'on-headers': behind(async () => {
    const onHeaders = await named('on-headers');
    return (_req, res, next) => {
      onHeaders(res, () => res.setHeader('X-Hook', 'called'));
      next();
    };
  }),
  'on-headers that throws': behind(async () => {
    const onHeaders = await named('on-headers');
    return (_req, res, next) => {
      onHeaders(res, () => {
        throw new Error('the hook is broken');
      });
      next();
    };
  }),
  'a throttle that writes late': behind(throttle),
  'an end that adds bytes': behind(footer),
};

async function fastify(...plugins) {
  const app = (await named('fastify'))();
  for (const one of plugins) await app.register(one);
  app.get('/', async (request, reply) => {
    reply.hijack();
    await stream(request.raw, reply.raw).catch(forget);
  });
  await app.ready();
  return app.server;
}

async function koa(...middleware) {
  const app = new (await named('koa'))();
  app.on('error', forget);
  for (const one of middleware) app.use(one);
  app.use(async (ctx) => {
    ctx.respond = false;
    ctx.status = 200; // Koa has set 404 before
    await stream(ctx.req, ctx.res);
  });
  return http.createServer(app.callback());
}

async function hono(handler) {
  const { createAdaptorServer } = await import('@hono/node-server');
  const { RESPONSE_ALREADY_SENT } = await import('@hono/node-server/utils/response');
  const { Hono } = await import('hono');
  const app = new Hono();
  app.onError((_error, c) => c.text('Something broke!', 500));
  app.get('/', (c) => handler(c, RESPONSE_ALREADY_SENT));
  return createAdaptorServer({ fetch: app.fetch });
}

async function nest() {
  await import('reflect-metadata');
  const { Controller, Get, Module, Req, Res } = await import('@nestjs/common');
  const { NestFactory } = await import('@nestjs/core');
  class Export {
    get(req, res) {
      return stream(req, res);
    }
  }
  // As a compiler writes the decorators down.
  Get()(Export.prototype, 'get', Object.getOwnPropertyDescriptor(Export.prototype, 'get'));
  Req()(Export.prototype, 'get', 0);
  Res()(Export.prototype, 'get', 1);
  Controller()(Export);
  class App {}
  Module({ controllers: [Export] })(App);
  const app = await NestFactory.create(App, { logger: false });
  await app.init();
  return app.getHttpServer();
}
