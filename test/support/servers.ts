/**
 * Real servers on loopback, closed when the test ends: a scripted origin that writes octets, and the two kinds that
 * `respond` answers on, a raw socket and `node:http`. And the client that hands its message over inside the 'response'
 * handler, as `verify` asks for.
 */
import { once } from 'node:events';
import http, { type IncomingMessage, type RequestOptions, type ServerResponse } from 'node:http';
import type { Http2Server, ServerHttp2Session } from 'node:http2';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type PipelineSource, pipeline, Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { readRequest } from '../../src/node/head/read-request.ts';
import { type RespondOptions, respond, type StreamResponse } from '../../src/node/send/respond.ts';
import { latin1 } from './octets.ts';
import { closed, listenerCounts, settled, until } from './sockets.ts';

export { closed, listenerCounts, settled, until };

export type Source = PipelineSource<Buffer | string>;

/** @returns the port on which it listens, until the test ends */
export async function listen(server: Server | http.Server, host = '127.0.0.1'): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await once(server.listen(0, host), 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** @returns the port on which a server of HTTP/2 listens, until the test ends */
export async function listenHttp2(server: Http2Server): Promise<number> {
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => sessions.add(session));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

export function serve(onRequest: (req: IncomingMessage, res: ServerResponse) => void): Promise<Serving> {
  const server = http.createServer(onRequest);
  return listen(server).then((port) => ({ server, port }));
}

export interface Serving {
  server: Server;
  port: number;
}

/** A server that reads request heads and answers each as the script says. */
export async function origin(onRequest: (socket: Socket, head: string) => void): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    let octets = '';
    socket.on('error', () => {});
    socket.on('data', (data) => {
      octets += latin1(data);
      for (let at = octets.indexOf('\r\n\r\n'); at !== -1; at = octets.indexOf('\r\n\r\n')) {
        const head = octets.slice(0, at + 4);
        octets = octets.slice(at + 4);
        onRequest(socket, head);
      }
    });
  });
  return listen(server);
}

/** An origin that writes these octets, then ends the connection. */
export function originOf(octets: string, how: 'FIN' | 'RST' | 'open' = 'FIN'): Promise<number> {
  return origin((socket) => {
    socket.write(octets, 'latin1');
    if (how === 'FIN') socket.end();
    if (how === 'RST') setImmediate(() => socket.resetAndDestroy());
  });
}

/** One answer that has been given: the response, and what `pipeline` called back with. */
export interface Answer {
  response: StreamResponse;
  outcome: Promise<Error | undefined>;
}

/** What the next request gets. */
export interface Plan {
  source: Source;
  /** As they are, or made when the request has come. */
  options?: RespondOptions | (() => RespondOptions);
}

export interface Answering extends Serving {
  answers: Answer[];
  /** Waits for the answer of this index. */
  answered(index: number): Promise<Answer>;
}

export type Answerer = (...plans: Plan[]) => Promise<Answering>;

/** `pipeline(source, respond(...))` and nothing else, on the two things that can be responded on. */
export const KINDS: [name: string, answering: Answerer][] = [
  ['a raw socket', answeringOnSockets],
  ['node:http', answeringOnHttp],
];

async function answeringOnSockets(...plans: Plan[]): Promise<Answering> {
  const answers: Answer[] = [];
  const server = createServer({ noDelay: true }, async (socket) => {
    try {
      for (;;) {
        const request = await readRequest(socket);
        const { source, options } = next(plans);
        const answer = begin(source, respond(socket, { request, ...options }));
        answers.push(answer);
        await answer.outcome;
        await closed(answer.response);
      }
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_NO_REQUEST') throw error; // the client has closed
    }
  });
  return { server, port: await listen(server), answers, answered: (index) => arrival(answers, index) };
}

async function answeringOnHttp(...plans: Plan[]): Promise<Answering> {
  const answers: Answer[] = [];
  const serving = await serve((_, res) => {
    const { source, options } = next(plans);
    answers.push(begin(source, respond(res, options)));
  });
  return { ...serving, answers, answered: (index) => arrival(answers, index) };
}

function next(plans: Plan[]): { source: Source; options: RespondOptions } {
  const { source, options = {} } = plans.shift()!;
  return { source, options: typeof options === 'function' ? options() : options };
}

export function begin(source: Source, response: StreamResponse): Answer {
  const outcome = new Promise<Error | undefined>((resolve) => {
    pipeline(source as PipelineSource<Buffer>, response, (error) => resolve(error ?? undefined));
  });
  return { response, outcome };
}

async function arrival(answers: Answer[], index: number): Promise<Answer> {
  await until(() => answers.length > index);
  const answer = answers[index]!;
  await answer.outcome;
  await closed(answer.response);
  return answer;
}

/** Gives the pieces, then fails. */
export async function* failing(pieces: string[], error: unknown = new Error('the disk is gone')) {
  yield* pieces;
  throw error;
}

/** What `use` makes of the response, inside its 'response' handler. The request gets no 'error' listener behind it. */
export function ask<T>(options: RequestOptions, use: (message: IncomingMessage) => T): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', agent: false, ...options }, (message) => {
      request.off('error', reject);
      onTestFinished(() => {
        message.destroy();
      });
      resolve(use(message));
    });
    request.on('error', reject);
  });
}

/** All that a stream gives before it ends or fails, a character an octet, and what it failed with. */
export async function drain(stream: Readable): Promise<{ data: string; code: string | undefined }> {
  let data = '';
  try {
    for await (const piece of stream) data += latin1(piece);
    return { data, code: undefined };
  } catch (error) {
    return { data, code: (error as NodeJS.ErrnoException).code ?? (error as Error).name };
  }
}

export function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}

/** Gives one piece, and then nothing for ever. */
export function stuck(): Readable {
  const source = new Readable({ read() {} });
  source.push('data');
  return source;
}

/** Gives pieces for ever. */
export function endless(): Readable {
  return new Readable({
    read() {
      this.push(Buffer.alloc(16384, 'x'));
    },
  });
}
