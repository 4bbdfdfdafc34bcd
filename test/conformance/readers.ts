/** Our receivers, as the runner of spec-notes/conformance calls a recipient: from a URL to what was concluded. */
import { once } from 'node:events';
import http from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import https from 'node:https';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Agent, request } from 'undici';
import { BodyError, type Verdict } from '../../src/core/verdict.ts';
import type { Require } from '../../src/core/verifier.ts';
import { requestHeaders } from '../../src/node/head/request-headers.ts';
import { receive } from '../../src/node/receive/receive.ts';
import { verify } from '../../src/node/receive/verify.ts';
import { verdictOf, verifyInterceptor } from '../../src/undici/index.ts';
import { ChunkedDecoderStream } from '../../src/web/chunked-decoder-stream.ts';
import { createHasher } from '../support/hashing.ts';
import { latin1 } from '../support/octets.ts';
import { drain } from '../support/servers.ts';

export interface Found {
  verdict: string;
  accepted: boolean;
  content?: string;
  type?: string;
}

export interface Asked {
  method: string;
  require: Require;
  /** Seconds. */
  idleTimeout: number;
}

type Reader = (url: string, asked: Asked) => Promise<Found>;

function foundFrom({ kind, status }: Verdict, error: unknown, content?: string): Found {
  const type = status?.kind === 'error' ? (status.type ?? '') : '';
  return { verdict: kind, accepted: error === undefined, type, ...(content !== undefined && { content }) };
}

/** A head that is refused has no verdict: what was not read cannot be accepted either. */
const noVerdict = (error: unknown): Found => ({
  verdict: `no verdict (${(error as { code?: string }).code ?? error})`,
  accepted: false,
});

/** The certificate of the runner's server has signed itself. */
const UNTRUSTED = { rejectUnauthorized: false };

const viaReceive: Reader = async (url, { method, require, idleTimeout }) => {
  const { protocol, port } = new URL(url);
  const to = { port: Number(port), host: '127.0.0.1' };
  const socket = protocol === 'https:' ? connectTls({ ...to, ...UNTRUSTED }) : connect(to);
  socket.write(`${method} / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\nX-Want-Stream-Status: ?1\r\n\r\n`);
  try {
    const { body } = await receive(socket, { method, require, idleTimeout: idleTimeout * 200 });
    const { data, code } = await drain(body);
    return foundFrom(await body.verdict, code, data);
  } catch (error) {
    return noVerdict(error);
  } finally {
    socket.destroy();
  }
};

const viaVerify: Reader = (url, { method, require, idleTimeout }) =>
  new Promise((resolve) => {
    const { request: ask } = url.startsWith('https:') ? https : http;
    const asked = ask(url, { method, headers: requestHeaders(), agent: false, ...UNTRUSTED }, async (message) => {
      asked.off('error', refuse).on('error', () => {}); // the message tells of what comes from here on
      const body = verify(message, { require, idleTimeout: idleTimeout * 200 });
      const { data, code } = await drain(body);
      resolve(foundFrom(await body.verdict, code, data));
    });
    const refuse = (error: Error) => resolve(noVerdict(error));
    asked.on('upgrade', (_message, socket) => {
      socket.destroy();
      refuse(new Error('101'));
    });
    asked.on('error', refuse).end();
  });

/** Of a response of HTTP/2. */
export const viaVerifyHttp2: Reader = async (url, { method, require }) => {
  const session = connectHttp2(url).on('error', () => {});
  const stream = session.request({ ':method': method, ':path': '/', ...requestHeaders({ connection: false }) });
  try {
    const [headers] = await once(stream, 'response');
    const body = verify(stream, { require, headers });
    const { data, code } = await drain(body);
    return foundFrom(await body.verdict, code, data);
  } catch (error) {
    return noVerdict(error);
  } finally {
    session.destroy();
  }
};

const viaUndici: Reader = async (url, { method, require, idleTimeout }) => {
  const dispatcher = new Agent({ bodyTimeout: idleTimeout * 200, maxHeaderSize: 65_536, connect: UNTRUSTED });
  try {
    const response = await request(url, {
      method: method as 'GET',
      headers: requestHeaders({ connection: false }),
      dispatcher: dispatcher.compose(verifyInterceptor({ require })),
    });
    let content = '';
    let error: unknown;
    try {
      for await (const piece of response.body) content += latin1(piece as Uint8Array);
    } catch (cause) {
      error = cause;
    }
    return foundFrom(await verdictOf(response), error, content);
  } catch (error) {
    return error instanceof BodyError ? foundFrom(error.verdict, error) : noVerdict(error);
  } finally {
    await dispatcher.destroy();
  }
};

/** For the vectors in content: what a page would do. */
export const viaFetch: Reader = async (url) => {
  const decoder = new ChunkedDecoderStream({ require: 'always', createHasher });
  let content = '';
  let error: unknown;
  try {
    const response = await fetch(url, { headers: { Accept: 'application/vnd.chunked-trailers' } });
    for await (const piece of response.body!.pipeThrough(decoder)) content += latin1(piece);
  } catch (cause) {
    error = cause;
  }
  return foundFrom(await decoder.verdict, error, content);
};

export const READERS: Readonly<Record<string, Reader>> = {
  receive: viaReceive,
  verify: viaVerify,
  verifyInterceptor: viaUndici,
};
