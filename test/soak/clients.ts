/** The two receivers as clients that ask through a proxy, and what became of one exchange. */
import { createHash } from 'node:crypto';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { HeadError } from '../../src/core/errors.ts';
import type { BodyError, Verdict } from '../../src/core/verdict.ts';
import { requestHeaders } from '../../src/node/head/request-headers.ts';
import { receive } from '../../src/node/receive/receive.ts';
import type { ReceivedBody } from '../../src/node/receive/received-body.ts';
import { verify } from '../../src/node/receive/verify.ts';

export interface Outcome {
  /** Undefined if there was no response to judge. */
  kind: Verdict['kind'] | undefined;
  code: string | undefined;
  /** Of the error. */
  message: string | undefined;
  bytes: number;
  sha256: string;
  /** The port of the client's end, to ask the proxy by. */
  port: number;
}

export interface Client {
  /** Asks for one target, and goes when it has had more than `leaveAfter` octets of content. */
  ask(target: string, leaveAfter: number): Promise<Outcome>;
  close(): void;
}

/** A raw socket, kept for the next exchange where it may be. */
export class ReceiveClient implements Client {
  readonly #proxyPort: number;
  readonly #patience: number;
  #socket: Socket | undefined;

  /** @param patience milliseconds for a head, and without an octet */
  constructor(proxyPort: number, patience: number) {
    this.#proxyPort = proxyPort;
    this.#patience = patience;
  }

  async ask(target: string, leaveAfter: number): Promise<Outcome> {
    if (this.#socket === undefined || this.#socket.destroyed || !this.#socket.writable) {
      this.#socket = connect({ port: this.#proxyPort, host: '127.0.0.1', noDelay: true }).on('error', () => {});
      await new Promise((resolve) => this.#socket!.once('connect', resolve).once('close', resolve));
    }
    const socket = this.#socket;
    const port = socket.localPort!;
    const lines = Object.entries({ Host: 'a', ...requestHeaders() }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET ${target} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
    const options = { headTimeout: this.#patience, idleTimeout: this.#patience, totalTimeout: 60_000 };
    return read(
      () => port,
      leaveAfter,
      async () => (await receive(socket, options)).body,
    );
  }

  close(): void {
    this.#socket?.destroy();
  }
}

/** `http.get`, with an agent that keeps its one connection where it may. */
export class VerifyClient implements Client {
  readonly #proxyPort: number;
  readonly #patience: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  /** @param patience milliseconds for a head, and without an octet */
  constructor(proxyPort: number, patience: number) {
    this.#proxyPort = proxyPort;
    this.#patience = patience;
  }

  ask(target: string, leaveAfter: number): Promise<Outcome> {
    let port = 0;
    return read(
      () => port,
      leaveAfter,
      () =>
        new Promise<ReceivedBody>((resolve, reject) => {
          const options = { port: this.#proxyPort, host: '127.0.0.1', path: target, headers: requestHeaders() };
          const request = get({ ...options, agent: this.#agent, timeout: this.#patience });
          request.on('socket', (socket) => {
            const note = () => {
              port = socket.localPort ?? port;
            };
            if (socket.connecting) socket.once('connect', note);
            else note();
          });
          request.on('timeout', () => request.destroy(new HeadError('ERR_HEAD_TIMEOUT', 'No head came in time')));
          request.on('error', reject);
          request.on('response', (response: IncomingMessage) => {
            request.setTimeout(0);
            resolve(verify(response, { idleTimeout: this.#patience, totalTimeout: 60_000 }));
          });
        }),
    );
  }

  close(): void {
    this.#agent.destroy();
  }
}

async function read(port: () => number, leaveAfter: number, begin: () => Promise<ReceivedBody>): Promise<Outcome> {
  const hash = createHash('sha256');
  let bytes = 0;
  let error: BodyError | undefined;
  let body: ReceivedBody | undefined;
  try {
    body = await begin();
    for await (const data of body) {
      bytes += (data as Buffer).length;
      hash.update(data as Buffer);
      if (bytes > leaveAfter) break; // which destroys the body
    }
  } catch (cause) {
    error = cause as BodyError;
  }
  const kind = (await body?.verdict)?.kind;
  const { code, message } = error ?? {};
  return { kind, code, message, bytes, sha256: hash.digest('hex'), port: port() };
}
