/** Responses whose length is known, of Express and of what others serve files with. */
import http from 'node:http';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import express from 'express';
import fastify from 'fastify';
import Koa from 'koa';
import send from 'koa-send';
import serve from 'koa-static';
import handler from 'serve-handler';

export const STATIC_APPS = {
  express(seal, folder) {
    const app = express();
    app.use((_req, res, next) => {
      seal(res);
      next();
    });
    app.get('/send', (_req, res) => res.send('a text'));
    app.get('/json', (_req, res) => res.json({ a: 1 }));
    app.get('/file', (_req, res) => res.sendFile('a.txt', { root: folder }));
    app.get('/download', (_req, res) => res.download(join(folder, 'a.txt')));
    app.get('/redirect', (_req, res) => res.redirect('/send'));
    app.use(express.static(folder));
    return http.createServer(app);
  },

  async '@fastify/static'(seal, folder) {
    const app = fastify();
    app.addHook('onRequest', (_request, reply, done) => {
      seal(reply.raw);
      done();
    });
    app.register(fastifyStatic, { root: folder });
    app.get('/send', () => 'a text');
    app.get('/json', () => ({ a: 1 }));
    app.get('/file', (_request, reply) => reply.sendFile('a.txt'));
    app.get('/download', (_request, reply) => reply.download('a.txt'));
    app.get('/redirect', (_request, reply) => reply.redirect('/send'));
    await app.ready();
    return app.server;
  },

  'koa-static and koa-send'(seal, folder) {
    const app = new Koa();
    app.use((ctx, next) => {
      seal(ctx.res);
      return next();
    });
    app.use(serve(folder));
    app.use((ctx) => {
      if (ctx.path === '/send') ctx.body = 'a text';
      if (ctx.path === '/json') ctx.body = { a: 1 };
      if (ctx.path === '/redirect') ctx.redirect('/send');
      return /^\/(file|download)$/.test(ctx.path) ? send(ctx, 'a.txt', { root: folder }) : undefined;
    });
    return http.createServer(app.callback());
  },

  'serve-handler': (seal, folder) =>
    http.createServer((req, res) => handler(req, seal(res), { public: folder, etag: true })),
};
