/** One request and its response over a socket of its own, for `demo`. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type FieldPairs, serializeFieldLines } from '../../core/fields.ts';
import { type ReceivedResponse, type ReceiveOptions, receive } from '../../node/receive/receive.ts';

/** A connection for the URL. Failing to connect shows when the socket is used. */
export function open(url: URL): Socket {
  const host = url.hostname.replace(/^\[|\]$/g, ''); // IPv6 has brackets in a URL
  if (url.protocol === 'http:') return connect(Number(url.port || 80), host);
  return connectTls({
    port: Number(url.port || 443),
    host,
    servername: isAddress(host) ? '' : host,
    ALPNProtocols: ['http/1.1'],
  });
}

/** Sends a GET request and reads the response to it. */
export function exchange(
  socket: Socket,
  url: URL,
  fields: FieldPairs,
  options: ReceiveOptions = {},
): Promise<ReceivedResponse> {
  socket.on('error', () => {}); // receive tells it
  const isNamed = fields.some(([name]) => name.toLowerCase() === 'host');
  const lines = serializeFieldLines(isNamed ? fields : [['Host', url.host], ...fields]);
  socket.write(`GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines}\r\n`, 'latin1');
  return receive(socket, options);
}

function isAddress(host: string): boolean {
  return host.includes(':') || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}
