/**
 * Answers requests for files below a root with `respond`: the handler of `serve`, and the origin of `demo`. A part of a
 * file is sealed as any other content: the digest and the count are of that part. Who wants a Repr-Digest gets it in a
 * trailer: of a whole file it costs nothing to read, of a part a read of what is before it.
 */
import { createHash, type Hash } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { preferredDigest, serializeContentDigest } from '../../core/content-digest.ts';
import { listMembers } from '../../core/fields.ts';
import type { RequestHead } from '../../node/head/message-head.ts';
import { type RespondOptions, respond } from '../../node/send/respond.ts';
import type { Handler } from './connection.ts';
import { etagOf } from './etag.ts';
import { contentTypeOf, type Found, find, readFileContent } from './files.ts';
import { rangeFor } from './range.ts';

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
    const { source, ...options } = answerFor(request, found, failAfter);
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

function answerFor(
  request: RequestHead,
  found: Found,
  failAfter: number | undefined,
): RespondOptions & { source: Source } {
  switch (found.kind) {
    case 'file':
      return answerForFile(request, found, failAfter);
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

function answerForFile(
  request: RequestHead,
  { path, bytes, stats }: Found & { kind: 'file' },
  failAfter: number | undefined,
): RespondOptions & { source: Source } {
  const etag = etagOf(stats);
  const range = rangeFor(request, bytes, etag);
  const headers = { 'Content-Type': contentTypeOf(path), ETag: etag, 'Accept-Ranges': 'bytes' };
  if (range === 'unsatisfiable') {
    return {
      status: 416,
      headers: { 'Content-Type': 'text/plain', ETag: etag, 'Content-Range': `bytes */${bytes}` },
      source: [Buffer.from(`416 ${STATUS_CODES[416]}\n`)],
    };
  }
  const digest = reprDigestFor(request);
  if (range === undefined) {
    return {
      headers,
      ...digest?.options,
      source: readFileContent(path, bytes, failAfter, { stats, hash: digest?.hash }),
    };
  }
  const { first, last } = range;
  return {
    status: 206,
    headers: { ...headers, 'Content-Range': `bytes ${first}-${last}/${bytes}` },
    // What is behind the part is not read, so there is no digest of the whole for a part that ends before it does.
    ...(last + 1 === bytes && digest?.options),
    source: readFileContent(path, last + 1 - first, failAfter, {
      ...{ first, stats },
      hash: last + 1 === bytes ? digest?.hash : undefined,
    }),
  };
}

/** A hash of the whole file, and the trailer for it, if the request wants one and reads trailers (RFC 9530 §3, §4). */
function reprDigestFor({ headers }: RequestHead): { hash: Hash; options: Partial<RespondOptions> } | undefined {
  const wanted = headers['want-repr-digest'];
  const algorithm = typeof wanted === 'string' ? preferredDigest(wanted) : undefined;
  if (algorithm === undefined || algorithm === 'none' || !listMembers(headers.te).includes('trailers'))
    return undefined;
  const hash = createHash(algorithm.replace('-', ''));
  const fields = (): [string, string][] => [['Repr-Digest', serializeContentDigest([[algorithm, hash.digest()]])]];
  return { hash, options: { extraTrailers: { names: ['Repr-Digest'], fields } } };
}

/** The messages of this program's own errors may be sent; those of the file system name paths, and may not. */
function sayWhy(error: unknown) {
  const isOurs = error instanceof Error && !('code' in error);
  return isOurs ? { type: 'source_error', details: error.message } : undefined;
}
