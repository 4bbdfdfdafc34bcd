/** Answers requests for files below a root with `respond`: the handler of `serve`, and the origin of `demo`. */
import { STATUS_CODES } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { RequestHead } from '../node/message-head.ts';
import { type RespondOptions, respond } from '../node/response.ts';
import type { Handler } from './connection.ts';
import { contentTypeOf, type Found, find, readFileContent } from './files.ts';

export interface Answered {
  request: RequestHead;
  status: number;
  /** Octets of content that were read for the client. */
  bytes: number;
  ending: string;
  error: unknown;
  milliseconds: number;
}

export interface FileHandlerOptions {
  root: string;
  /** Breaks every file response after this many octets. */
  failAfter?: number | undefined;
  /** Ends responses on their way as failures. */
  signal?: AbortSignal;
  onAnswered?: (answered: Answered) => void;
}

export function fileHandler({ root, failAfter, signal, onAnswered }: FileHandlerOptions): Handler {
  return async (request, socket) => {
    const start = performance.now();
    const isKnown = request.method === 'GET' || request.method === 'HEAD';
    const found: Found = isKnown ? await find(root, request.target) : { kind: 'refused', status: 405 };
    const { source, ...options } = answerFor(found, failAfter);
    const status = options.status ?? 200;
    const answered: Answered = { request, status, bytes: 0, ending: 'none', error: undefined, milliseconds: 0 };
    const response = respond(socket, { ...options, request, describeError: sayWhy, ...(signal && { signal }) });
    const counted = async function* () {
      for await (const data of source) {
        answered.bytes += data.length;
        yield data;
      }
    };
    try {
      if (request.method === 'HEAD') await pipeline(Readable.from([]), response);
      else await pipeline(counted, response);
    } catch (error) {
      answered.error = error;
    }
    answered.ending = response.ending ?? 'none';
    if (answered.ending === 'error-response') answered.status = 500;
    answered.milliseconds = performance.now() - start;
    onAnswered?.(answered);
  };
}

type Source = Iterable<Buffer> | AsyncIterable<Buffer>;

function answerFor(found: Found, failAfter: number | undefined): RespondOptions & { source: Source } {
  switch (found.kind) {
    case 'file':
      return {
        headers: { 'Content-Type': contentTypeOf(found.path) },
        source: readFileContent(found.path, found.bytes, failAfter),
      };
    case 'directory':
      return {
        headers: { 'Content-Type': 'text/plain; charset=utf-8' },
        source: [Buffer.from(found.names.map((name) => `${name}\n`).join(''))],
      };
    case 'refused':
      return {
        status: found.status,
        headers: { 'Content-Type': 'text/plain', ...(found.status === 405 && { Allow: 'GET, HEAD' }) },
        source: [Buffer.from(`${found.status} ${STATUS_CODES[found.status]}\n`)],
      };
  }
}

/** The messages of this program's own errors may be sent; those of the file system name paths, and may not. */
function sayWhy(error: unknown) {
  const isOurs = error instanceof Error && !('code' in error);
  return isOurs ? { type: 'source_error', details: error.message } : undefined;
}
