/**
 * The other side of the program: a server that answers with octets written by hand, a client that sends them, and Node's
 * own http client, which knows nothing of this library. All on the loopback, and all ended with their test.
 */
import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { HELLO_WORLD, HELLO_WORLD_SHA_256 } from './hashing.ts';
import { listen as listening } from './servers.ts';
import { Transcript } from './transcript.ts';

export { listening };

export interface RawServer {
  /** With a slash at its end. */
  url: string;
  port: number;
  /** The request heads that came, in order. */
  requests: string[];
}

/** What to do with a connection once a request head has come on it; a text is sent, and FIN behind it. */
export type Answer = string | ((socket: Socket, request: string) => void);

export async function rawServer(answer: Answer): Promise<RawServer> {
  const requests: string[] = [];
  const server = createServer((socket) => answerWith(socket, answer, requests));
  const port = await listening(server);
  return { url: `http://127.0.0.1:${port}/`, port, requests };
}

/** Reads one request head, then answers it. */
export function answerWith(socket: Socket, answer: Answer, requests: string[]): void {
  let head = '';
  socket.on('error', () => {});
  socket.on('data', function onData(data: Buffer) {
    head += data.toString('latin1');
    if (!head.includes('\r\n\r\n')) return;
    socket.off('data', onData).resume();
    requests.push(head);
    if (typeof answer === 'string') socket.end(answer, 'latin1');
    else answer(socket, head);
  });
}

export function hasIpv6Loopback(): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(0, '::1', () => server.close(() => resolve(true)));
  });
}

/** A port on which nothing listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export interface Dialled {
  socket: Socket;
  received: Transcript;
  /** All that came, once the other side has closed: with FIN, or with the error's code. */
  closed: Promise<{ text: string; error: string | undefined }>;
}

/** A connection that stays open for writing until the other side closes. */
export async function dial(port: number, octets = ''): Promise<Dialled> {
  const socket = connect(port, '127.0.0.1');
  const received = new Transcript();
  socket.on('data', (data: Buffer) => received.add(data));
  let error: string | undefined;
  socket.on('error', (cause: NodeJS.ErrnoException) => {
    error = cause.code;
  });
  const closed = new Promise<{ text: string; error: string | undefined }>((resolve) => {
    socket.once('close', () => {
      received.end();
      resolve({ text: received.text, error });
    });
  });
  onTestFinished(async () => {
    socket.destroy();
    await closed;
  });
  await once(socket, 'connect');
  if (octets !== '') socket.write(octets, 'latin1');
  return { socket, received, closed };
}

/** What comes back for these octets until the other side closes. */
export async function exchange(port: number, octets: string): Promise<string> {
  return (await (await dial(port, octets)).closed).text;
}

export interface Answered {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  trailers: NodeJS.Dict<string>;
  /** What http.request believes: undefined for an end, or the message of the error. */
  error: string | undefined;
}

/** One request by `http.request`, with its path sent as it is. */
export function ask(port: number, path: string, method = 'GET', headers: Record<string, string> = {}) {
  return new Promise<Answered>((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
      const pieces: Buffer[] = [];
      let error: string | undefined;
      response.on('data', (data: Buffer) => pieces.push(data));
      response.on('error', (cause) => {
        error = cause.message;
      });
      response.on('close', () => {
        const { statusCode = 0, headers, trailers } = response;
        resolve({ status: statusCode, headers, trailers, body: Buffer.concat(pieces), error });
      });
    });
    request.on('error', reject).end();
  });
}

/** A response of 19 octets with its seal, as a server that announces it sends it. */
export const SEALED = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Stream-Status, Content-Digest\r\n\r\n13\r\n${HELLO_WORLD}\r\n0\r\nX-Stream-Status: ok;bytes=19\r\nContent-Digest: ${HELLO_WORLD_SHA_256}\r\n\r\n`;

/** The fields by which a client asks for the status and its digest. */
export const ASKING = {
  TE: 'trailers',
  Connection: 'TE',
  'X-Want-Stream-Status': '?1',
  'Want-Content-Digest': 'sha-256=10',
} as const;
