/** One GET by `node:http`, its redirects followed (RFC 9110 §15.4), to a body that is being verified. */
import { type Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { HeadError, type HeadErrorCode } from '../../core/errors.ts';
import { type FieldPairs, fieldValue, withoutFields } from '../../core/fields.ts';
import type { Require } from '../../core/verifier.ts';
import { BorrowedHash } from '../../node/borrowed-hash.ts';
import type { ReceivedBody } from '../../node/receive/received-body.ts';
import { type VerifyOptions, verifyFor } from '../../node/receive/verify.ts';
import { systemReason } from '../system-reason.ts';
import { openTunnel, type ProxyFor, proxyAddress, proxyFields } from './proxy.ts';
import { StatusError } from './status-error.ts';

export interface Reply {
  /** Where it came from, after all redirects. */
  url: URL;
  message: IncomingMessage;
  body: ReceivedBody;
  /** What the body is checked with: to be begun by whoever reads it. */
  hash: BorrowedHash;
  /** Lets go of the connection. */
  close(): void;
}

/** In the order in which they are sent. */
export type RequestFields = FieldPairs;

export interface RequestSettings {
  verifying: VerifyOptions;
  signal: AbortSignal | undefined;
  headTimeout: number;
  maxRedirects: number;
  /** The agent for a URL; by default a connection for each request. */
  agent: ((url: URL) => Agent | undefined) | undefined;
  /** `GET` by default. */
  method?: 'GET' | 'HEAD';
  /** Without an agent. */
  proxyFor?: ProxyFor;
  /** Without an agent. */
  tls?: { ca?: Buffer; rejectUnauthorized?: boolean };
  /** Milliseconds until there is a connection, with TLS and through proxies; 0 for no bound. */
  connectTimeout?: number;
}

/** Fields that are for the first origin only. */
const PRIVATE_FIELDS = ['authorization', 'cookie', 'proxy-authorization'];

/** The fields that go on to where a redirect leads: a Host is of one request only. */
function fieldsAfterRedirect(sent: RequestFields, from: URL, to: URL): RequestFields {
  return withoutFields(sent, from.origin === to.origin ? ['host'] : ['host', ...PRIVATE_FIELDS]);
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * @returns a response that is no redirect; its body has not been read
 * @throws StatusError for a redirect to nowhere, to another scheme, or one too many; HeadError ERR_NO_RESPONSE,
 *   ERR_HEAD_MALFORMED, ERR_HEAD_LIMIT, ERR_HEAD_TIMEOUT; the signal's reason
 */
export async function requestFollowing(start: URL, headers: RequestFields, settings: RequestSettings): Promise<Reply> {
  let url = start;
  let sent = headers;
  for (let redirects = 0; ; redirects++) {
    const reply = await request(url, sent, settings);
    const { statusCode = 0, headers: received } = reply.message;
    if (!REDIRECTS.has(statusCode)) return reply;
    reply.close();
    // A Location should be ASCII; octets beyond it are UTF-8 on the web, and latin1 in Node's headers.
    const location = received.location && Buffer.from(received.location, 'latin1').toString('utf8');
    if (location === undefined || !URL.canParse(location, url.href)) {
      throw new StatusError(`HTTP ${statusCode} without a Location that can be followed`, statusCode);
    }
    if (redirects >= settings.maxRedirects) {
      const { href } = withoutCredentials(new URL(location, url));
      throw new StatusError(`More than ${settings.maxRedirects} redirects; the last one to ${href}`, statusCode);
    }
    const next = new URL(location, url);
    if (next.protocol !== 'http:' && next.protocol !== 'https:') {
      throw new StatusError(`HTTP ${statusCode} redirects to ${next.protocol} which is not followed`, statusCode);
    }
    sent = fieldsAfterRedirect(sent, url, next);
    url = next;
  }
}

/**
 * The reply's body as a stream that ends only on a good verdict, for what is no file.
 *
 * @throws StatusError for a response that is not the whole content
 */
export async function openVerified(url: URL, headers: RequestFields, settings: RequestSettings & { require: Require }) {
  const reply = await requestFollowing(url, headers, settings);
  if (isWhole(reply, headers, settings.require)) {
    reply.hash.begin(undefined);
    return reply;
  }
  reply.close();
  throw statusError(reply);
}

/**
 * Whether the response has all that was asked for: the whole content, or the part of a Range of the user's own. A 204 is
 * no content that could be proven; a 200 with a Content-Range is a part of something, whatever its status says.
 */
export function isWhole(reply: Reply, sent: RequestFields, require: Require): boolean {
  const { statusCode = 0 } = reply.message;
  if (statusCode < 200 || statusCode > 299) return false;
  if ((statusCode === 204 || statusCode === 205) && require === 'always') return false;
  return !isPart(reply) || asksForPart(sent);
}

export function isPart({ message: { statusCode, headers } }: Reply): boolean {
  return statusCode === 206 || headers['content-range'] !== undefined;
}

/** By a Range of the user's own. */
export function asksForPart(sent: RequestFields): boolean {
  return fieldValue(sent, 'range') !== undefined;
}

/** A number of bytes, as Content-Length has it. */
export function lengthFrom(field: string | string[] | undefined): number | undefined {
  return typeof field === 'string' && /^\d{1,15}$/.test(field) ? Number(field) : undefined;
}

/** The status is not one of what was asked for. */
export function statusError({ url, message }: Reply): StatusError {
  const { statusCode = 0, statusMessage, headers } = message;
  return new StatusError(`HTTP ${statusCode} ${statusMessage} for ${url.href}`, statusCode, headers['retry-after']);
}

function withoutCredentials(url: URL): URL {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  return bare;
}

function request(url: URL, headers: RequestFields, settings: RequestSettings): Promise<Reply> {
  const { verifying, signal, headTimeout, connectTimeout = 0 } = settings;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const bare = withoutCredentials(url);
    const hasHost = fieldValue(headers, 'host') !== undefined;
    const fields = hasHost ? headers : [['Host', bare.host] as [string, string], ...headers];
    let sent: ClientRequest | undefined;
    let cancelTunnel = () => {};
    const giveUp = (reason: unknown) => {
      settle();
      cancelTunnel();
      sent?.destroy();
      reject(reason);
    };
    const onAbort = () => giveUp(signal?.reason);
    const { host } = bare;
    const onTimeout = () => {
      const message = `No whole response head came from ${host} for ${headTimeout} ms`;
      giveUp(new HeadError('ERR_HEAD_TIMEOUT', message, { bytes: 0 }));
    };
    const onLate = () => {
      const message = `There was no connection to ${host} after ${connectTimeout} ms`;
      giveUp(new HeadError('ERR_NO_RESPONSE', message, { bytes: 0 }));
    };
    const timer = headTimeout > 0 ? setTimeout(onTimeout, headTimeout) : undefined;
    const connecting = connectTimeout > 0 ? setTimeout(onLate, connectTimeout) : undefined;
    const settle = () => {
      clearTimeout(timer);
      clearTimeout(connecting);
      signal?.removeEventListener('abort', onAbort);
    };
    signal?.addEventListener('abort', onAbort);
    try {
      sent = clientRequest(bare, fields, settings, (cancel) => {
        cancelTunnel = cancel;
      });
    } catch (error) {
      return giveUp(error); // of the application's agent, or for a proxy that is none
    }
    const isSecure = bare.protocol === 'https:';
    sent.on('socket', (socket) => {
      if (sent?.reusedSocket || (!isSecure && !socket.connecting)) clearTimeout(connecting);
      else socket.once(isSecure ? 'secureConnect' : 'connect', () => clearTimeout(connecting));
    });
    sent.on('error', (error) => {
      settle();
      reject(
        headError(error, host, settings.agent?.(bare) === undefined ? settings.proxyFor?.(bare)?.host : undefined),
      );
    });
    const onUpgrade = () => {
      giveUp(new HeadError('ERR_HEAD_MALFORMED', '101 Switching Protocols, which was not asked for'));
    };
    sent.on('upgrade', onUpgrade);
    sent.once('response', (message) => {
      if (message.statusCode === 101) return onUpgrade();
      settle();
      // At once: bytes that the parser gives out before are not checked.
      const hash = new BorrowedHash();
      const body = verifyFor('verify', message, verifying, hash.createHasher);
      const close = () => {
        body.destroy();
        sent.destroy();
      };
      resolve({ url: bare, message, body, hash, close });
    });
    sent.end();
  });
}

/** The request on its way: straight, through the application's agent, or through a proxy. */
function clientRequest(
  url: URL,
  fields: RequestFields,
  { agent, proxyFor, tls = {}, method = 'GET' }: RequestSettings,
  onTunnel: (cancel: () => void) => void,
): ClientRequest {
  const isSecure = url.protocol === 'https:';
  const send = isSecure ? httpsRequest : httpRequest;
  const secure = isSecure ? { ALPNProtocols: ['http/1.1'], ...tls } : {};
  const headers = fields.flat();
  const own = agent?.(url);
  const proxy = own === undefined ? proxyFor?.(url) : undefined;
  if (proxy === undefined) return send(url, { method, headers, agent: own ?? false, ...secure });
  if (!isSecure) {
    const sendToProxy = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
    const options = { ...proxyAddress(proxy), method, path: url.href, agent: false as const };
    return sendToProxy({ ...options, headers: [...fields, ...proxyFields(proxy)].flat() });
  }
  const userAgent = fieldValue(fields, 'user-agent');
  const createConnection = (_options: unknown, onCreated: (error: Error | null, socket: Socket) => void) => {
    const cancel = openTunnel(proxy, url, userAgent, (error, socket) => {
      if (socket === undefined) return onCreated(error, undefined as unknown as Socket);
      const servername = isIP(url.hostname.replace(/^\[|\]$/g, '')) ? '' : url.hostname;
      onCreated(null, connectTls({ socket, servername, ...secure }));
    });
    onTunnel(cancel);
    return undefined;
  };
  return send(url, { method, headers, createConnection: createConnection as never });
}

/** Which of our errors it is that no response head came. */
function headError(cause: NodeJS.ErrnoException, host: string, proxy: string | undefined): HeadError {
  const { code = '' } = cause;
  const { syscall } = (cause instanceof AggregateError ? cause.errors[0] : cause) as NodeJS.ErrnoException;
  const isRefused = code.startsWith('HPE_') && code !== 'HPE_INVALID_EOF_STATE';
  let ours: HeadErrorCode = isRefused ? 'ERR_HEAD_MALFORMED' : 'ERR_NO_RESPONSE';
  if (code === 'HPE_HEADER_OVERFLOW') ours = 'ERR_HEAD_LIMIT';
  const reason = systemReason(cause);
  let message = `No response came from ${host}: ${reason}`;
  if (isRefused) message = `Node's parser refused the message head from ${host}: ${reason}`;
  const isConnecting = syscall === 'connect' || syscall === 'getaddrinfo';
  if (isConnecting) message = `${proxy === undefined ? host : `The proxy ${proxy}`} cannot be reached: ${reason}`;
  return new HeadError(ours, message, { bytes: 0, cause });
}
