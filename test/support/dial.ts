/**
 * What an observer who knows no HTTP sees of a loopback connection: octets, and how they ended. Requests are written as
 * octets, and answers are read with string operations only.
 */
import { connect } from 'node:net';
import { onTestFinished } from 'vitest';
import { Wire } from './wire.ts';

/** One request for each row of spec-notes/x-stream-status.md 3; `path` and further field lines where a test needs them. */
export const get = (fields = '', path = '/') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
export const PLAIN = get();
export const TRAILERS = get('TE: trailers\r\nConnection: TE\r\n');
export const AWARE = get('TE: trailers\r\nConnection: TE\r\nX-Want-Stream-Status: ?1\r\n');
/** Reads the status, and has not asked for trailers. */
export const ASKING = get('X-Want-Stream-Status: ?1\r\n');
export const OLD = 'GET / HTTP/1.0\r\n\r\n';
export const HEAD = PLAIN.replace('GET', 'HEAD');

export const LAST_CHUNK = '0\r\n\r\n';
/** A failure that nobody has described, for a client that reads the status and gets no trailers. */
export const ABORT_CHUNK = abortChunk('source_error');

export function abortChunk(type: string): string {
  return `1;x-stream-status="error;type=${type}"\r\n`;
}

/** A new connection on which this has been sent. */
export function dial(port: number, request = ''): Wire {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  onTestFinished(() => {
    socket.destroy();
  });
  const wire = new Wire(socket);
  if (request !== '') wire.send(request);
  return wire;
}

export interface Message {
  statusLine: string;
  /** Values by lower-case name, in the order in which they came. */
  fields: Record<string, string[]>;
  /** What stands behind the head, as it is on the wire. */
  body: string;
}

/** Reads a message as RFC 9112 §2.1 draws it. */
export function messageFrom(octets: string): Message {
  const [head, body] = splitOnce(octets, '\r\n\r\n');
  const [statusLine, ...lines] = head.split('\r\n');
  const fields: Record<string, string[]> = {};
  for (const line of lines) {
    const [name, value] = splitOnce(line, ': ');
    const key = name.toLowerCase();
    fields[key] = [...(fields[key] ?? []), value];
  }
  return { statusLine: statusLine!, fields, body };
}

/** Walks over the chunks of a body: their data, and what stands where the next chunk's data would not be whole. */
export function unchunk(body: string): { data: string; rest: string } {
  const data: string[] = [];
  let at = 0;
  for (;;) {
    const line = /^([0-9a-f]+)\r\n/i.exec(body.slice(at, at + 20));
    const size = line === null ? 0 : Number.parseInt(line[1]!, 16);
    if (line === null || size === 0) return { data: data.join(''), rest: body.slice(at) };
    const start = at + line[0].length;
    at = start + size + 2;
    if (body.slice(at - 2, at) !== '\r\n') throw new Error(`No CRLF behind the chunk at octet ${start}`);
    data.push(body.slice(start, at - 2));
  }
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  if (at === -1) throw new Error(`There is no ${JSON.stringify(separator)} in ${JSON.stringify(text)}`);
  return [text.slice(0, at), text.slice(at + separator.length)];
}
