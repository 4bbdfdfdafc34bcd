/**
 * Strategy: as sealed-subjects.js, with libraries that put the content into a format of their own: events, lines of JSON. How
 * a client finds the content in it is in sealed-rows.ts.
 */
import http from 'node:http';
import { sourceOf } from './source.js';

const forget = () => {};

const textOf = async function* (source) {
  for await (const data of source) yield String(data);
};

/** A model that says what the source gives, and fails with it. */
async function modelOf(source) {
  const { MockLanguageModelV4 } = await import('ai/test');
  const usage = { inputTokens: {}, outputTokens: {} };
  async function* parts() {
    yield { type: 'stream-start', warnings: [] };
    yield { type: 'text-start', id: '1' };
    for await (const delta of textOf(source)) yield { type: 'text-delta', id: '1', delta };
    yield { type: 'text-end', id: '1' };
    yield { type: 'finish', finishReason: { unified: 'stop' }, usage };
  }
  return new MockLanguageModelV4({ doStream: async () => ({ stream: ReadableStream.from(parts()) }) });
}

/** The parts of `streamText`, of which the response is told if one is an error, or if they break off. */
async function* watched(parts, res) {
  try {
    for await (const part of parts) {
      if (part.type === 'error') throw part.error;
      yield part;
    }
  } catch (error) {
    res.destroy(error);
    throw error;
  }
}

/**
 * @param {(res: http.ServerResponse) => http.ServerResponse} seal
 * @returns {Record<string, () => Promise<http.Server>>}
 */
export function formatted(seal) {
  const serve = (handler) =>
    http.createServer((req, res) => {
      handler(req, seal(res));
    });

  async function betterSse(stream) {
    const { createSession } = await import('better-sse');
    const app = (await import('express')).default();
    app.set('env', 'test');
    app.use((_req, res, next) => {
      seal(res);
      next();
    });
    app.get('/', async (req, res) => {
      const session = await createSession(req, res);
      await stream(session, sourceOf(req.originalUrl));
      res.end();
    });
    return http.createServer(app);
  }

  async function ai(format, isWatched) {
    const lib = await import('ai');
    return serve(async (req, res) => {
      const { stream: parts } = lib.streamText({ model: await modelOf(sourceOf(req.url)), prompt: 'Export it' });
      const stream = isWatched ? ReadableStream.from(watched(parts, res)) : parts;
      const isPiped =
        format === 'text'
          ? lib.pipeTextStreamToResponse({ response: res, stream: lib.toTextStream({ stream }) })
          : lib.pipeUIMessageStreamToResponse({ response: res, stream: lib.toUIMessageStream({ stream }) });
      isPiped.catch(forget); // it has called end() before
    });
  }

  async function trpc(isTold) {
    const { initTRPC } = await import('@trpc/server');
    const { createHTTPHandler } = await import('@trpc/server/adapters/standalone');
    const t = initTRPC.context().create();
    const router = t.router({ export: t.procedure.query(({ ctx }) => textOf(sourceOf(ctx.url))) });
    const handle = createHTTPHandler({
      router,
      createContext: ({ req, res }) => ({ url: req.url, res }),
      onError: isTold ? ({ error, ctx }) => ctx.res.destroy(error) : undefined,
    });
    return serve((req, res) => {
      req.url = req.url.replace('/?', '/export?batch=1&');
      req.headers['trpc-accept'] = 'application/jsonl'; // as the link asks
      handle(req, res);
    });
  }

  async function yoga(isTold) {
    const { createSchema, createYoga } = await import('graphql-yoga');
    const typeDefs = 'type Query { a: Int } type Subscription { export: String! }';
    const subscribe = async function* (_root, _args, { req }) {
      for await (const text of textOf(sourceOf(req.url))) yield { export: text };
    };
    const told = {
      onSubscribe: ({ args }) => ({ onSubscribeError: ({ error }) => args.contextValue.res.destroy(error) }),
    };
    const handle = createYoga({
      schema: createSchema({ typeDefs, resolvers: { Subscription: { export: { subscribe } } } }),
      logging: false,
      graphqlEndpoint: '/',
      plugins: isTold ? [told] : [],
    });
    return serve((req, res) => {
      req.url += `&query=${encodeURIComponent('subscription { export }')}`;
      req.headers.accept = 'text/event-stream';
      handle(req, res);
    });
  }

  return {
    'better-sse, session.stream()': () => betterSse((session, source) => session.stream(source)),
    'better-sse, session.iterate()': () => betterSse((session, source) => session.iterate(textOf(source))),
    'AI SDK, pipeTextStreamToResponse': () => ai('text', false),
    'AI SDK, pipeTextStreamToResponse, watched': () => ai('text', true),
    'AI SDK, pipeUIMessageStreamToResponse': () => ai('messages', false),
    'AI SDK, pipeUIMessageStreamToResponse, watched': () => ai('messages', true),
    'tRPC, streamed query': () => trpc(false),
    'tRPC, streamed query, onError': () => trpc(true),
    'graphql-yoga, subscription': () => yoga(false),
    'graphql-yoga, subscription, onSubscribeError': () => yoga(true),
  };
}
