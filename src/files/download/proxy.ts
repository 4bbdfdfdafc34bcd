/**
 * The way to a server through an HTTP proxy: absolute-form for http (RFC 9112 §3.2.2), a tunnel by CONNECT for https
 * (RFC 9110 §9.3.6), in which TLS is with the server itself.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP, type Socket } from 'node:net';
import type { FieldPairs } from '../../core/fields.ts';
import { systemReason } from '../system-reason.ts';
import { StatusError } from './status-error.ts';

/** Gives the proxy for a URL, if there is one. */
export type ProxyFor = (url: URL) => URL | undefined;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * By the environment, as curl has it: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, in capitals as well. In CGI
 * a request can set HTTP_PROXY (by its field Proxy): it does not count there.
 *
 * @param given instead of the environment's, for every URL; what `no_proxy` names is still asked directly
 * @throws TypeError for a proxy that is not an http: or https: URL
 */
export function proxyByEnvironment(env: Environment, given?: string): ProxyFor {
  const isCgi = env.REQUEST_METHOD !== undefined;
  const named = (name: string) => [name, ...(isCgi && name === 'http_proxy' ? [] : [name.toUpperCase()])];
  const first = (...names: string[]) => names.flatMap(named).find((name) => env[name]);
  const isExcepted = exceptions(env[first('no_proxy') ?? ''] ?? '');
  return (url) => {
    const name = first(`${url.protocol.slice(0, -1)}_proxy`, 'all_proxy') ?? '';
    const proxy = given ?? env[name] ?? '';
    return proxy === '' || isExcepted(url) ? undefined : proxyUrl(proxy, given === undefined ? name : '--proxy');
  };
}

/**
 * @param source what is to be mended
 * @throws TypeError for one that is not an http: or https: URL; without a scheme it is an http: one
 */
function proxyUrl(text: string, source: string): URL {
  const address = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  const forms = 'http://host:port, or the same with https: and with user:password@ before the host';
  throw new TypeError(`A proxy is ${forms}; what ${source} has is neither`);
}

/** `*`, or hosts with all that is below them, addresses, and networks; each may have a port. */
function exceptions(list: string): (url: URL) => boolean {
  const entries = list.split(/[\s,]+/).filter((entry) => entry !== '');
  return ({ hostname, port, protocol }) => {
    const host = hostname
      .replace(/^\[|\]$/g, '')
      .toLowerCase()
      .replace(/\.$/, '');
    const at = port || (protocol === 'https:' ? '443' : '80');
    return entries.some((entry) => {
      if (entry === '*') return true;
      const [, name = '', ofPort] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
      // An IPv6 address has colons of its own.
      const whole = isIP(entry) === 6 ? entry.toLowerCase() : name;
      if (isIP(entry) !== 6 && ofPort !== undefined && ofPort !== at) return false;
      if (whole.includes('/')) return isWithin(whole, host);
      const suffix = whole.replace(/^\*?\./, '').replace(/\.$/, '');
      return suffix !== '' && (host === suffix || (isIP(host) === 0 && host.endsWith(`.${suffix}`)));
    });
  };
}

function isWithin(network: string, host: string): boolean {
  const [address = '', prefix = ''] = network.split('/');
  const version = isIP(address);
  if (version === 0 || isIP(host) !== version || !/^\d{1,3}$/.test(prefix)) return false;
  const family = version === 6 ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  try {
    list.addSubnet(address, Number(prefix), family);
  } catch {
    return false;
  }
  return list.check(host, family);
}

/** What tells the proxy who asks. */
export function proxyFields({ username, password }: URL): FieldPairs {
  if (username === '' && password === '') return [];
  const credentials = [username, password].map(decoded).join(':');
  return [['Proxy-Authorization', `Basic ${Buffer.from(credentials).toString('base64')}`]];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new TypeError('The user name or the password of the proxy is not percent-encoded: write % as %25');
  }
}

/** What reaches the proxy itself. */
export function proxyAddress({ hostname, port, protocol }: URL) {
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port || (protocol === 'https:' ? 443 : 80) };
}

/**
 * Asks the proxy for a connection to the server.
 *
 * @returns what cancels it
 */
export function openTunnel(
  proxy: URL,
  url: URL,
  userAgent: string | undefined,
  onDone: (error: Error | null, socket?: Socket) => void,
): () => void {
  const authority = `${url.hostname}:${url.port || 443}`;
  const send = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
  const agent: FieldPairs = userAgent === undefined ? [] : [['User-Agent', userAgent]];
  const headers = [['Host', authority], ...agent, ...proxyFields(proxy)].flat();
  const request = send({ ...proxyAddress(proxy), method: 'CONNECT', path: authority, headers, agent: false });
  const refused = ({ statusCode = 0, statusMessage = '', headers }: IncomingMessage) => {
    const message = `The proxy ${proxy.host} answered HTTP ${statusCode} ${statusMessage} to CONNECT ${authority}`;
    onDone(new StatusError(message, statusCode, headers['retry-after']));
  };
  request.on('connect', (response, socket, rest) => {
    const { statusCode = 0 } = response;
    if (statusCode >= 200 && statusCode < 300 && rest.length === 0) return onDone(null, socket);
    socket.destroy();
    refused(response);
  });
  // A proxy that does not know CONNECT may answer as to any request.
  request.on('response', (response) => {
    request.destroy();
    refused(response);
  });
  request.on('error', (error: NodeJS.ErrnoException) => {
    if (error.syscall === 'connect' || error.syscall === 'getaddrinfo' || error instanceof AggregateError)
      return onDone(error);
    const message = `The proxy ${proxy.host} gave no answer to CONNECT ${authority}: ${systemReason(error)}`;
    onDone(new Error(message, { cause: error }));
  });
  request.end();
  return () => request.destroy();
}
