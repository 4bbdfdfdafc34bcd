/**
 * Strategy: sendFile in real frameworks, as their users write it, and behind middleware that compresses: the whole, a part,
 * a precondition and a file that is not there, each on one kept-alive connection; then `download` from it, killed once in
 * the middle.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { download, sendFile } from '../../dist/files/index.js';

const CONTENT = Buffer.from(Array.from({ length: 20_000 }, (_, line) => `${line} and its line\n`).join(''));
const SHA256 = createHash('sha256').update(CONTENT).digest();
const ETAG = `"${SHA256.toString('base64url').slice(0, 27)}"`;

let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'edges '));
  await writeFile(path.join(root, 'page.html'), CONTENT);
});
afterAll(() => rm(root, { recursive: true, force: true }));

// biome-ignore lint/suspicious/noExplicitAny: packages of the frameworks, which have types of their own or none
type Any = any;
const load = async (name: string): Promise<Any> => import(name);

const express = async (name: string, ...middleware: Any[]) => {
  const app = (await load(name)).default();
  for (const one of middleware) app.use(one);
  app.get('/:name', (req: Any, res: Any) => sendFile(res, req.params.name, { root }).catch(() => {}));
  return http.createServer(app);
};

const koa = async (...middleware: Any[]) => {
  const app = new (await load('koa')).default();
  for (const one of middleware) app.use(one);
  app.use(async (ctx: Any) => {
    ctx.respond = false;
    await sendFile(ctx.res, ctx.path, { root });
  });
  return http.createServer(app.callback());
};

const fastify = async (...plugins: Any[]) => {
  const app = (await load('fastify')).default();
  for (const one of plugins) await app.register(one);
  app.get('/:name', async (request: Any, reply: Any) => {
    reply.hijack();
    await sendFile(reply.raw, request.params.name, { root });
  });
  await app.ready();
  return app.server as Server;
};

const SUBJECTS: Record<string, () => Promise<Server>> = {
  'express 5': () => express('express'),
  'express 4': () => express('express-4'),
  'express 5, compression': async () => express('express', (await load('compression')).default()),
  'express 4, compression 1.7': async () => express('express-4', (await load('compression-1.7')).default()),
  'express 5, morgan': async () =>
    express('express', (await load('morgan')).default('combined', { stream: { write() {} } })),
  'fastify 5': () => fastify(),
  'fastify 5, @fastify/compress': async () => fastify((await load('@fastify/compress')).default),
  'koa 3': () => koa(),
  'koa 3, koa-compress': async () => koa((await load('koa-compress')).default()),
  hono: async () => {
    const { createAdaptorServer } = await load('@hono/node-server');
    const { RESPONSE_ALREADY_SENT } = await load('@hono/node-server/utils/response');
    const app = new (await load('hono')).Hono();
    app.get('/:name', async (c: Any) => {
      await sendFile(c.env.outgoing, c.req.param('name'), { root }).catch(() => {});
      return RESPONSE_ALREADY_SENT;
    });
    return createAdaptorServer({ fetch: app.fetch });
  },
  h3: async () => {
    const { createApp, eventHandler, toNodeListener } = await load('h3');
    const app = createApp();
    app.use(eventHandler((event: Any) => sendFile(event.node.res, event.path, { root }).then(() => {})));
    return http.createServer(toNodeListener(app));
  },
};

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    (server as http.Server).closeAllConnections?.();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function ask(port: number, agent: http.Agent, at: string, headers: Record<string, string>, method = 'GET') {
  return new Promise<{
    status: number;
    headers: http.IncomingHttpHeaders;
    body: Buffer;
    trailers: NodeJS.Dict<string>;
  }>((resolve, reject) => {
    http
      .request({ port, host: '127.0.0.1', agent, path: at, headers, method }, (message) => {
        const pieces: Buffer[] = [];
        message.on('data', (data: Buffer) => pieces.push(data)).on('error', reject);
        message.on('end', () => {
          const { statusCode = 0, headers, trailers } = message;
          resolve({ status: statusCode, headers, body: Buffer.concat(pieces), trailers });
        });
      })
      .on('error', reject)
      .end();
  });
}

const ASKING = { TE: 'trailers', Connection: 'TE', 'X-Want-Stream-Status': '?1' };

describe.each(Object.entries(SUBJECTS))('%s', (_, subject) => {
  test.each<[who: string, fields: Record<string, string>]>([
    ['a client that did not ask', {}],
    ['one that accepts gzip', { 'Accept-Encoding': 'gzip' }],
    ['one that asked', { ...ASKING, 'Accept-Encoding': 'gzip' }],
  ])('%s: the whole, a part, nothing new, nothing there', async (_, fields) => {
    let connections = 0;
    const server = await subject();
    const port = await listen(server.on('connection', () => connections++));
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const whole = await ask(port, agent, '/page.html', fields);
    expect([whole.status, whole.headers.etag, whole.headers['content-encoding']]).toEqual([200, ETAG, undefined]);
    expect(whole.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(whole.headers['repr-digest']).toBe(`sha-256=:${SHA256.toString('base64')}:`);
    expect(whole.body.equals(CONTENT)).toBe(true);
    const part = await ask(port, agent, '/page.html', { ...fields, Range: 'bytes=5-9', 'If-Range': ETAG });
    expect([part.status, part.headers['content-range']]).toEqual([206, `bytes 5-9/${CONTENT.length}`]);
    expect(part.body.equals(CONTENT.subarray(5, 10))).toBe(true);
    expect((await ask(port, agent, '/page.html', { ...fields, 'If-None-Match': ETAG })).status).toBe(304);
    expect((await ask(port, agent, '/page.html', { ...fields, Range: 'bytes=9999999-' })).status).toBe(416);
    expect((await ask(port, agent, '/nothing', fields)).status).toBe(404);
    const head = await ask(port, agent, '/page.html', fields, 'HEAD');
    expect([head.status, head.headers.etag, head.body.length]).toEqual([200, ETAG, 0]);
    expect(connections).toBe(1);
  });

  test('a download that is cut in the middle resumes', async () => {
    const port = await listen(await subject());
    let connections = 0;
    const cutting = createServer((client) => {
      const origin = connect(port, '127.0.0.1');
      const isFirst = connections++ === 0;
      let left = CONTENT.length / 2;
      client.on('error', () => {}).on('data', (data) => origin.write(data));
      client.on('close', () => origin.destroy());
      origin
        .on('error', () => {})
        .on('data', (data) => {
          left -= data.length;
          if (isFirst && left < 0) return void client.destroy();
          client.write(data);
        });
      origin.on('end', () => client.end());
    });
    const file = path.join(root, 'copy');
    const resumed: (number | undefined)[] = [];
    const verdict = await download(`http://127.0.0.1:${await listen(cutting)}/page.html`, file, {
      ...{ retryDelay: () => 0, require: 'always' },
      onProgress: ({ resumedFrom }) => resumed.push(resumedFrom),
    });
    expect(verdict).toMatchObject({ kind: 'complete', bytes: CONTENT.length });
    expect(resumed.at(-1)).toBeGreaterThan(0);
    expect((await readFile(file)).equals(CONTENT)).toBe(true);
  });
});
