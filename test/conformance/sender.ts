/** Our senders, as the runner of spec-notes/conformance asks for them: a server with the paths of its README. */
import {
  createServer as createHttpServer,
  get,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import {
  createServer as createHttp2Server,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { createServer, type Server as SocketServer } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { readRequest } from '../../src/node/head/read-request.ts';
import { requestHeaders } from '../../src/node/head/request-headers.ts';
import { verify } from '../../src/node/receive/verify.ts';
import { relay } from '../../src/node/relay.ts';
import { seal } from '../../src/node/seal/seal.ts';
import { acceptsInContent } from '../../src/node/send/in-content.ts';
import { type RespondOptions, respond } from '../../src/node/send/respond.ts';
import { drain } from '../support/servers.ts';

const PIECES = ['id,total\n', '1,20\n2,35\n', '3,50\n'];

/** Gives the pieces of its turn each, and fails where the path says so. */
async function* piecesFor(target: string) {
  if (target === '/empty') return;
  if (target === '/early') throw new Error('no such table');
  const fails = /fail|type|details/.test(target);
  for (const piece of fails || target === '/length-short' ? PIECES.slice(0, 2) : PIECES) {
    yield piece;
    await new Promise(setImmediate);
  }
  if (fails || target === '/length-late') throw new Error('row 3');
}

function optionsFor(target: string): RespondOptions {
  const headers = { 'Content-Type': 'text/csv' };
  const describeError = () => ({ type: 'source_error', details: 'row 3: "total" is missing' });
  switch (target) {
    case '/204':
    case '/205':
    case '/304':
      return { status: Number(target.slice(1)) };
    case '/length':
    case '/length-fail':
    case '/length-late':
    case '/length-short':
      return { headers, describeError, length: 24 };
    case '/status':
      return { headers: { ...headers, 'X-Stream-Status': 'ok' } };
    case '/type':
      return { headers, describeError: () => ({ type: 'no token!' }) };
    case '/details':
      return {
        headers,
        describeError: () => ({ type: 'source_error', details: `"\r\nSet-Cookie: é\\\0${'x'.repeat(300)}` }),
      };
    default:
      return { headers, describeError };
  }
}

type Target = Parameters<typeof respond>[0];
type Facts = NonNullable<RespondOptions['request']>;

async function answer(to: Target, target: string, request: Facts): Promise<void> {
  const isInContent = acceptsInContent(request) && /^\/(?:ok|fail|early|empty)$/.test(target);
  const options = {
    ...optionsFor(target),
    request,
    ...(isInContent && { framing: 'content' as const }),
  };
  const response = respond(to, options);
  await pipeline(Readable.from(piecesFor(target)), response).catch(() => {});
}

/** With `http`: the parser of Node reads the requests. */
export function httpSender(): Server {
  return createHttpServer((req, res) => {
    answer(res, req.url!, req).catch(() => res.writeHead(500).end());
  });
}

export function http2Sender(): Http2Server {
  return createHttp2Server((req, res) => {
    answer(res, req.url, req).catch(() => res.writeHead(500).end());
  });
}

/** An application that knows nothing of the seal which its first middleware has put on. */
function sealed(req: IncomingMessage | Http2ServerRequest, res: ServerResponse | Http2ServerResponse): void {
  const target = req.url!;
  const { status = 200, headers, describeError, length } = optionsFor(target);
  seal(res as ServerResponse, { describeError });
  res.statusCode = status;
  for (const [name, value] of Object.entries(headers ?? {})) res.setHeader(name, value);
  if (length !== undefined) res.setHeader('Content-Length', length);
  if (status !== 200) res.end();
  else pipeline(Readable.from(piecesFor(target)), res as ServerResponse).catch(() => {});
}

export const sealSender = (): Server => createHttpServer(sealed);
export const sealHttp2Sender = (): Http2Server => createHttp2Server(sealed);

export function socketSender(): SocketServer {
  return createServer(async (socket) => {
    socket.on('error', () => {});
    try {
      for (;;) {
        const request = await readRequest(socket);
        await answer(socket, request.target, request).catch(() => {
          socket.end('HTTP/1.1 500 Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
        });
      }
    } catch {
      socket.end(); // no further request
    }
  });
}

/** Takes uploads: accepts those whose verdict is good, and says which it was. */
export function uploadServer(): Server {
  return createHttpServer(async (req, res) => {
    const body = verify(req);
    const { code } = await drain(body);
    const { kind } = await body.verdict;
    res.writeHead(code === undefined ? 200 : 400).end(kind);
  });
}

/** A gateway: whatever is asked is asked of the URL that `upstream` gives at the time. */
export function relaySender(upstream: () => string): Server {
  return createHttpServer((_req, res) => {
    get(upstream(), { headers: requestHeaders(), agent: false }, (message) => {
      relay(message, res);
    }).on('error', () => res.headersSent || res.writeHead(502).end());
  });
}
