/** Requests as clients write them, one `respond` to one of them, and a naive reading of what comes back. */
import type { Socket } from 'node:net';
import { type PipelineSource, pipeline } from 'node:stream';
import { readRequest } from '../../../src/node/head/read-request.ts';
import { type RespondOptions, respond, type StreamResponse } from '../../../src/node/send/respond.ts';
import { type Connection, connection } from '../../support/sockets.ts';
import { Wire } from '../../support/wire.ts';

/** One for each row of spec-notes/x-stream-status.md 3. */
export const PLAIN = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
export const TRAILERS = 'GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n';
export const AWARE = `${TRAILERS.slice(0, -2)}X-Want-Stream-Status: ?1\r\n\r\n`;
/** Reads the status, and has not asked for trailers. */
export const ASKING = `${PLAIN.slice(0, -2)}X-Want-Stream-Status: ?1\r\n\r\n`;
export const OLD = 'GET / HTTP/1.0\r\n\r\n';

export const LAST_CHUNK = '0\r\n\r\n';
/** What a failure without a description looks like to a client that reads the status and gets no trailers. */
export const ABORT_CHUNK = '1;x-stream-status="error;type=source_error"\r\n';

export interface Answer extends Connection {
  wire: Wire;
  response: StreamResponse;
  /** Settles when `pipeline` calls back: with its error, if there is one. */
  outcome: Promise<Error | undefined>;
}

/** Sends the request, reads it at the other end, and pipes the source into the response. */
export async function answer(
  request: string,
  source: PipelineSource<Buffer | string>,
  options: RespondOptions = {},
  ends?: Connection,
): Promise<Answer> {
  const { client, server } = ends ?? (await connection());
  const wire = new Wire(client);
  wire.send(request);
  return { client, server, wire, ...(await answerNext(server, source, options)) };
}

/** Reads the next request on the socket and pipes the source into the response to it. */
export async function answerNext(
  server: Socket,
  source: PipelineSource<Buffer | string>,
  options: RespondOptions = {},
): Promise<Pick<Answer, 'response' | 'outcome'>> {
  const response = respond(server, { request: await readRequest(server), ...options });
  const outcome = new Promise<Error | undefined>((resolve) => {
    pipeline(source as PipelineSource<Buffer>, response, (error) => resolve(error ?? undefined));
  });
  return { response, outcome };
}

/** Gives the pieces, then fails. */
export async function* failing(pieces: string[], error: unknown = new Error('the disk is gone')) {
  yield* pieces;
  throw error;
}

export interface Message {
  statusLine: string;
  /** By lower-case name. A name that comes twice is an error of the test. */
  fields: Record<string, string>;
  /** What stands behind the head, as it is on the wire. */
  body: string;
}

/** Reads a message as RFC 9112 §2.1 draws it, with string operations only. */
export function messageFrom(octets: string): Message {
  const [head, body] = splitOnce(octets, '\r\n\r\n');
  const [statusLine, ...lines] = head.split('\r\n');
  const fields: Record<string, string> = {};
  for (const line of lines) {
    const [name, value] = splitOnce(line, ': ');
    if (name.toLowerCase() in fields) throw new Error(`${name} came twice`);
    fields[name.toLowerCase()] = value;
  }
  return { statusLine: statusLine!, fields, body };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  if (at === -1) throw new Error(`There is no ${JSON.stringify(separator)} in ${JSON.stringify(text)}`);
  return [text.slice(0, at), text.slice(at + separator.length)];
}
