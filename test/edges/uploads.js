/** Endpoints that take a sealed upload, as the guide has them (docs/uploads.md). */
import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import http from 'node:http';
import { pipeline } from 'node:stream/promises';
import express from 'express';
import fastify from 'fastify';
import { verify } from '../../dist/node/index.js';

/** @param {string} path where the upload goes once it is whole */
export function expressUploads(path) {
  const app = express();
  app.set('env', 'test');
  app.put('/', async (req, res) => {
    await pipeline(verify(req, { require: 'always' }), createWriteStream(`${path}.part`));
    await rename(`${path}.part`, path);
    res.sendStatus(201);
  });
  app.use((error, _req, res, _next) => res.status(400).send(error.code));
  return http.createServer(app);
}

/** @param {string} path */
export async function fastifyUploads(path) {
  const app = fastify();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, verify(payload, { require: 'always' })));
  app.put('/', async (request, reply) => {
    await pipeline(request.body, createWriteStream(`${path}.part`));
    await rename(`${path}.part`, path);
    return reply.code(201).send();
  });
  app.setErrorHandler((error, _request, reply) => reply.code(400).send(error.code));
  await app.ready();
  return app.server;
}
