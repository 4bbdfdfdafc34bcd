/**
 * The two clients that are judged, over real sockets: `receive` on one, and `verify` under `http.get`. Each gives what
 * became of the body. Three things fail the test at once: a case that has not settled in time, an exception that is no
 * BodyError, and a body that says one thing by its stream and another by its verdict.
 */
import http from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { DIGEST_ALGORITHMS } from '../../src/core/content-digest.ts';
import { HeadError } from '../../src/core/errors.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import { BodyError } from '../../src/core/verdict.ts';
import type { Require } from '../../src/core/verifier.ts';
import { pairsFrom } from '../../src/node/receive/message-source.ts';
import { receive } from '../../src/node/receive/receive.ts';
import { verify } from '../../src/node/receive/verify.ts';
import { CASE_TIMEOUT } from './form.ts';
import { type Outcome, promiseOf } from './tally.ts';

export interface ClientOptions {
  require: Require;
  idleTimeout?: number;
  headTimeout?: number;
  /** Request fields. */
  fields?: Readonly<Record<string, string>>;
}

export type Ask = (port: number, path: string, options: ClientOptions, watch?: Watch) => Promise<Outcome>;

export interface Watch {
  /** Is given the socket of the client. */
  opened(socket: Socket): void;
  /** To be waited for between the request and reading, so that a bound on silence does not run before. */
  played: Promise<void>;
}

export const CLIENTS: readonly [name: string, ask: Ask][] = [
  ['receive', askByReceive],
  ['verify', askByVerify],
];

/** `receive` on a raw socket, which gets no 'error' listener from here. */
async function askByReceive(port: number, path: string, options: ClientOptions, watch?: Watch): Promise<Outcome> {
  const { fields = {}, ...receiving } = options;
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  watch?.opened(socket);
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n${lines.join('')}\r\n`);
  try {
    await watch?.played;
    const { body, statusCode, rawHeaders } = await inTime(
      receive(socket, { digest: DIGEST_ALGORITHMS, ...receiving }),
      path,
    );
    return { ...(await read(body, path)), promise: promiseOf(statusCode, rawHeaders) };
  } catch (error) {
    if (!(error instanceof HeadError)) throw error;
    return noHead();
  } finally {
    socket.destroy();
  }
}

/** `verify` in the 'response' handler of `http.get`. An error before that is the request's own, whatever its class. */
async function askByVerify(port: number, path: string, options: ClientOptions, watch?: Watch): Promise<Outcome> {
  const { fields = {}, require, idleTimeout } = options;
  const target = { host: '127.0.0.1', port, path, agent: false as const, headers: fields };
  let message: http.IncomingMessage | undefined;
  const outcome = new Promise<Outcome>((resolve, reject) => {
    const onError = () => resolve(noHead());
    const request = http.get(target, (response) => {
      message = response;
      request.off('error', onError);
      const body = verify(response, {
        require,
        digest: DIGEST_ALGORITHMS,
        ...(idleTimeout !== undefined && { idleTimeout }),
      });
      const promise = promiseOf(response.statusCode!, pairsFrom(response.rawHeaders));
      read(body, path).then((result) => resolve({ ...result, promise }), reject);
    });
    request.on('error', onError);
    request.on('socket', (socket) => watch?.opened(socket));
  });
  try {
    return await inTime(outcome, path);
  } finally {
    message?.destroy();
  }
}

function noHead(): Outcome {
  return {
    ended: false,
    kind: undefined,
    data: Buffer.alloc(0),
    promise: { status: false, nothing: false, success: false },
  };
}

type Body = Readable & { verdict: Promise<Verdict> };

/** Reads to the end, and holds what the stream did against its verdict. */
async function read(body: Body, path: string): Promise<Omit<Outcome, 'promise'>> {
  const pieces: Buffer[] = [];
  let ended = false;
  let error: Error | undefined;
  const closed = new Promise<void>((resolve) => {
    body
      .on('data', (data: Buffer) => pieces.push(data))
      .on('end', () => {
        ended = true;
      })
      .on('error', (cause) => {
        error = cause;
      })
      .on('close', resolve);
  });
  await inTime(closed, path);
  const verdict = await inTime(body.verdict, path);
  error ??= body.errored ?? undefined; // it may have failed before there was a listener
  if (ended === (error !== undefined)) throw new Error(`${path}: ended: ${ended}, and failed with ${error}`);
  if (error !== undefined) {
    assertBodyError(error);
    if (error.verdict !== verdict) throw new Error(`${path}: the error has another verdict than the body`);
  }
  return { ended, kind: verdict.kind, data: Buffer.concat(pieces) };
}

function assertBodyError(error: unknown): asserts error is BodyError {
  if (!(error instanceof BodyError)) throw new Error('an exception that is no BodyError', { cause: error });
  const { code } = (error.cause ?? {}) as NodeJS.ErrnoException;
  if (code !== undefined && /^(?:EADDR|EMFILE|ECONNREFUSED)/.test(code)) throw error; // of this machine, not of the case
}

async function inTime<T>(promise: Promise<T>, path: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${path} hangs: nothing for ${CASE_TIMEOUT} ms`)), CASE_TIMEOUT);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
