/**
 * An origin for download: each connection is answered with octets written by hand, one after the other, so that every
 * response breaks exactly where it is to break. And the directory that is downloaded into.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { DownloadOptions } from '../../../src/files/download/download.ts';
import { type Answer, type RawServer, rawServer } from '../../support/peers.ts';

export const CONTENT = Buffer.from(Array.from({ length: 4000 }, (_, line) => `${line} and its line\n`).join(''));
export const ETAG = '"one"';

/** Answers each connection with the next one; the last one again and again. */
export function scripted(...answers: [Answer, ...Answer[]]): Promise<RawServer> {
  let next = 0;
  return rawServer((socket, request) => {
    const answer = answers[Math.min(next++, answers.length - 1)]!;
    if (typeof answer === 'string') socket.end(answer, 'latin1');
    else answer(socket, request);
  });
}

export function digestOf(content: Buffer, algorithm: 'sha-256' | 'sha-512' = 'sha-256'): string {
  return `${algorithm}=:${createHash(algorithm.replace('-', '')).update(content).digest('base64')}:`;
}

export function head(status: string, ...fields: string[]): string {
  return `HTTP/1.1 ${[status, ...fields].join('\r\n')}\r\n\r\n`;
}

export const SEALING = ['Transfer-Encoding: chunked', 'Trailer: X-Stream-Status, Content-Digest'] as const;

export function chunk(content: Buffer): string {
  return content.length === 0 ? '' : `${content.length.toString(16)}\r\n${content.toString('latin1')}\r\n`;
}

/** The body of a sealed response that is whole. */
export function sealed(content: Buffer, ...trailers: string[]): string {
  const lines = [`X-Stream-Status: ok;bytes=${content.length}`, `Content-Digest: ${digestOf(content)}`, ...trailers];
  return `${chunk(content)}0\r\n${lines.join('\r\n')}\r\n\r\n`;
}

/** The body of a response that says that it has failed, with a digest of what it sent. */
export function failed(content: Buffer): string {
  const status = `X-Stream-Status: error;bytes=${content.length};type=source_error;details="no more"`;
  return `${chunk(content)}0\r\n${status}\r\nContent-Digest: ${digestOf(content)}\r\n\r\n`;
}

/** A response of the rest from `first`, sealed. */
export function sealedRest(first: number, ...fields: string[]): string {
  const range = `Content-Range: bytes ${first}-${CONTENT.length - 1}/${CONTENT.length}`;
  return head('206 Partial Content', `ETag: ${ETAG}`, range, ...SEALING, ...fields) + sealed(CONTENT.subarray(first));
}

/** A response of the rest from `first`, as any server sends it. */
export function plainRest(first: number, { etag = ETAG, fields = [] as string[] } = {}): string {
  const range = `Content-Range: bytes ${first}-${CONTENT.length - 1}/${CONTENT.length}`;
  const length = `Content-Length: ${CONTENT.length - first}`;
  const rest = CONTENT.subarray(first).toString('latin1');
  return head('206 Partial Content', `ETag: ${etag}`, range, length, ...fields) + rest;
}

/** A response of the whole as any server sends it, of which only `bytes` come. */
export function plainStart(bytes: number, ...fields: string[]): string {
  const start = CONTENT.subarray(0, bytes).toString('latin1');
  return head('200 OK', `ETag: ${ETAG}`, `Content-Length: ${CONTENT.length}`, ...fields) + start;
}

/** The value of a field in a request as it came. */
export function fieldOf(request: string | undefined, name: string): string | undefined {
  return new RegExp(`^${name}: ([^\\r]*)`, 'im').exec(request ?? '')?.[1];
}

export async function directory(): Promise<string> {
  const created = await realpath(await mkdtemp(path.join(tmpdir(), 'download ')));
  onTestFinished(() => rm(created, { recursive: true, force: true }));
  return created;
}

/** No test waits for the next request. */
export const AT_ONCE: DownloadOptions = { retryDelay: () => 0 };
