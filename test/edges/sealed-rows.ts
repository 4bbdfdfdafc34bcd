/** What clients may conclude of the applications in sealed-subjects.js, which know nothing of this library but `seal`. */
import type { Asking, Scenario } from './clients.ts';
import type { Row } from './rows.ts';

export interface SealedRow extends Row {
  /** What it does with an error of which nothing gets through to the response: `end()`, or nothing at all. */
  hides?: 'by end()' | 'by nothing';
  /** Its head says `Connection: close`. */
  closes?: boolean;
  /** It sends the head before there is content. */
  flushes?: boolean;
  /** The seal came after somebody who replaces `res.write`: nothing is promised of the content. */
  isLate?: boolean;
}

const destroys = true;
const holds = true;
const closes = true;
const flushes = true;
const hides = 'by end()';
/** What React puts around the content, which stands in `<pre>`. */
const adds = /^.*?<pre>|<\/pre>(?:(?!<pre>).)*(?:<pre>|$)|<!-- -->/gs;

/** What stands in a format as strings of JSON, between these. */
const quoted =
  (before: string, after = '') =>
  (text: string) =>
    [...text.matchAll(new RegExp(`${before}("(?:[^"\\\\]|\\\\.)*")${after}`, 'g'))]
      .map(([, string]) => JSON.parse(string!) as string)
      .join('');

const NAMED: Record<string, Omit<SealedRow, 'subject'>> = {
  'pipeline(source, res)': {},
  'source.pipe(res)': {},
  'res.destroy(error) in catch': {},
  'res.end() in catch': { hides },
  'express 5, pipeline to next': { destroys },
  'express 5, rejects': { destroys },
  'express 5, throws': { destroys },
  'express 5, .pipe': {},
  'express 5, error handler': { destroys },
  'express 5, careless handler': { hides },
  'express 5, compression above': { destroys, holds },
  'express 5, compression below': { destroys, holds, isLate: true },
  'express 5, SealedServerResponse under compression': { destroys, holds },
  'express 4, pipeline to next': { destroys },
  'express 4, .pipe': {},
  'express 4, compression above': { destroys, holds },
  'fastify 5, reply.send(source)': {},
  'fastify 5, http.ServerResponse': {},
  'fastify 5, web stream': {},
  'fastify 5, @fastify/compress': { holds },
  'koa 3, ctx.body': {},
  'koa 3, koa-compress': { holds, hides: 'by nothing' },
  'koa 3, koa-compress, body watched': { holds },
  'hono, c.body(stream)': { flushes },
  'hono, stream()': { hides },
  'hono, streamText()': { hides },
  'hono, streamSSE()': { hides },
  'hono, stream() with onError': {},
  'nest, StreamableFile': {},
  'nest, @Res() and pipe': {},
  'h3, sendStream': {},
  'h3, returned stream': {},
  'h3 2, returned stream': { flushes },
  'next 15, pages/api': { holds, hides },
  'next 15, pages/api, no compression': { hides },
  'next 15, pages/api, onRequestError': { holds },
  'next 15, pages/api, pipeline': { holds },
  'next 15, route handler': {},
  'next 15, route handler, no compression': {},
  'next 15, route handler, seal(res)': {},
  'next 15, page': { adds, hides },
  'next 15, page, onRequestError': { adds },
  'http-proxy': { closes },
  'http-proxy-middleware': {},
  'better-sse, session.stream()': { destroys, adds: quoted('data: ?'), flushes },
  'better-sse, session.iterate()': { destroys, adds: quoted('data: ?'), flushes },
  'AI SDK, pipeTextStreamToResponse': { flushes, hides },
  'AI SDK, pipeTextStreamToResponse, watched': { flushes },
  'AI SDK, pipeUIMessageStreamToResponse': { adds: quoted('"delta":'), flushes, hides },
  'AI SDK, pipeUIMessageStreamToResponse, watched': { adds: quoted('"delta":'), flushes },
  'tRPC, streamed query': { adds: quoted('\\[\\[', '\\]'), flushes, hides },
  'tRPC, streamed query, onError': { adds: quoted('\\[\\[', '\\]'), flushes },
  'graphql-yoga, subscription': { adds: quoted('"export":'), flushes, hides },
  'graphql-yoga, subscription, onSubscribeError': { adds: quoted('"export":'), flushes, destroys },
};

/** Told apart from the subjects of `respond`. */
export const PREFIX = 'seal: ';

export const SEALED_ROWS: SealedRow[] = Object.entries(NAMED).map(([name, row]) => ({
  subject: PREFIX + name,
  ...row,
}));

/** A client that leaves, and HEAD, are the application's own affair. */
export const SEALED_SCENARIOS: Scenario[] = ['whole', 'middle', 'before', 'slow'];

/** By design sections 3, 4 and 7; but for what an application hides, which nobody below it can know. */
export function expectedSealed(row: SealedRow, scenario: Scenario, asking: Asking, client: string): RegExp {
  const late = row.holds ? '(LATE, )?' : '';
  return new RegExp(`^${late}${words(row, scenario, asking, client)}$`);
}

function words(row: SealedRow, scenario: Scenario, asking: Asking, client: string): string {
  const isWire = client === 'wire';
  const after = asking === 'HTTP/1.0' || row.closes ? ', FIN' : ', kept';
  if (scenario === 'before' && (!row.flushes || row.hides)) return beforeFirst(row);
  if (scenario === 'before') return failed(row, asking, client);
  if (scenario === 'middle') return row.hides ? hidden(row) : failed(row, asking, client);
  return !isWire ? 'whole' : `${asking === 'asked' ? 'ok, ' : ''}whole${after}`;
}

/** Nothing has been sent: the framework's own error response, or ours. What is hidden from us by `end()` is an empty body. */
function beforeFirst({ hides, holds }: SealedRow): string {
  return hides || holds ? '.*' : '(400|50[024])';
}

function hidden({ hides }: SealedRow): string {
  return hides === 'by end()' ? '(ok, )?TAKEN FOR WHOLE: .*' : '(cut|TAKEN FOR WHOLE: 0 bytes), HANGS';
}

function failed({ destroys, isLate, closes, holds }: SealedRow, asking: Asking, client: string): string {
  const isWire = client === 'wire';
  const cut = holds ? '(cut|500)' : 'cut'; // it may have held all of it
  if (asking === 'HTTP/1.0') return isWire ? 'cut, RST' : cut;
  // The fetch of Node 20 takes any end for a good one after `Connection: close`.
  if (asking === 'HTTP/1.1') return isWire ? 'cut, FIN' : closes ? '(cut|TAKEN FOR WHOLE: .*)' : cut;
  if (isLate) return isWire ? 'cut, (FIN|RST)' : 'cut';
  if (!isWire || destroys) return 'told, cut'; // whether it is kept is not asked where a framework destroys it
  return `told, cut, ${closes ? 'FIN' : 'kept'}`;
}
