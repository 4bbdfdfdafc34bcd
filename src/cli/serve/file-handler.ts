/** Answers requests for files below a root: the handler of `serve`, and the origin of `demo`. The files are `sendFile`'s. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { answerWithFile, type Answered as FileAnswered } from '../../files/send-file.ts';
import type { RequestHead } from '../../node/head/message-head.ts';
import { type RespondOptions, respond } from '../../node/send/respond.ts';
import type { Handler } from './connection.ts';
import { type Found, find } from './files.ts';

export interface Answered extends FileAnswered {
  request: RequestHead;
  milliseconds: number;
}

export interface FileHandlerOptions {
  root: string;
  /** Breaks every file response after this many bytes. */
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
    const options = { request, describeError: sayWhy, signal };
    const answered =
      found.kind === 'file'
        ? await answerWithFile(socket, found.path, { ...options, root: found.root, errorResponse: inText }, failAfter)
        : await answerWithText(socket, { ...options, ...textFor(found) });
    onAnswered?.({ ...answered, request, milliseconds: performance.now() - start });
  };
}

type Text = RespondOptions & { request: RequestHead; text: string };

async function answerWithText(socket: Socket, { text, ...options }: Text): Promise<FileAnswered> {
  const content = options.request.method === 'HEAD' ? [] : [Buffer.from(text)];
  const response = respond(socket, options);
  const error = await pipeline(Readable.from(content), response).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const bytes = content[0]?.length ?? 0;
  return { status: options.status ?? 200, bytes, ending: response.ending ?? 'none', error };
}

function textFor(found: Exclude<Found, { kind: 'file' }>) {
  if (found.kind === 'directory') {
    const headers = { 'Content-Type': 'text/plain; charset=utf-8' };
    return { headers, text: found.names.map((name) => `${asInUrl(name)}\n`).join('') };
  }
  const { status } = found;
  const headers = { 'Content-Type': 'text/plain', ...(status === 405 && { Allow: 'GET, HEAD' }) };
  return { status, headers, text: line(status) };
}

/** As a URL has them: one name a line, whatever the name is. */
function asInUrl(name: string): string {
  return name.replace(/[%?#\0-\x1f\x7f-\x9f]/g, encodeURIComponent);
}

/** What is no failure of the program's own, in the same words as elsewhere. */
function inText(error: unknown) {
  const { statusCode: status } = error as { statusCode?: number };
  if (status === undefined || status >= 500) return undefined;
  return { status, headers: { 'Content-Type': 'text/plain' }, body: line(status) };
}

function line(status: number): string {
  return `${status} ${STATUS_CODES[status]}\n`;
}

/** The messages of this program's own errors may be sent; those of the file system name paths, and may not. */
function sayWhy(error: unknown) {
  const isOurs = error instanceof Error && !('code' in error);
  return isOurs ? { type: 'source_error', details: error.message } : undefined;
}
