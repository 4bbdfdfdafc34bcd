/** sendFile on both kinds of targets, a ServerResponse and a raw socket, and a directory of files for it. */
import { createHash } from 'node:crypto';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import http from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { type SendFileOptions, type SentFile, sendFile } from '../../../src/files/send-file.ts';
import { readRequest } from '../../../src/node/head/read-request.ts';
import { listen } from '../../support/servers.ts';

export interface Serving {
  port: number;
  /** What each call came to, in order. */
  sent: Promise<SentFile>[];
}

export type Before = (res: http.ServerResponse) => void;

/** @param before what the application does first, on a ServerResponse */
export async function overHttp(file: string, options: SendFileOptions = {}, before?: Before): Promise<Serving> {
  const sent: Promise<SentFile>[] = [];
  const server = http.createServer((_req, res) => {
    before?.(res);
    keep(sent, sendFile(res, file, options));
  });
  return { port: await listen(server), sent };
}

export async function overSocket(file: string, options: SendFileOptions = {}): Promise<Serving> {
  const sent: Promise<SentFile>[] = [];
  const server = createServer({ allowHalfOpen: true }, async (socket) => {
    socket.on('error', () => {});
    for (;;) {
      const request = await readRequest(socket).catch(() => undefined);
      if (request === undefined) return void socket.end();
      await keep(sent, sendFile(socket, file, { ...options, request }));
    }
  });
  return { port: await listen(server), sent };
}

export const TARGETS = [
  ['node:http', overHttp],
  ['a raw socket', overSocket],
] as const;

async function keep(sent: Promise<SentFile>[], one: Promise<SentFile>): Promise<void> {
  sent.push(one);
  await one.catch(() => {});
}

export async function directory(): Promise<string> {
  const created = await realpath(await mkdtemp(path.join(tmpdir(), 'send file ')));
  onTestFinished(() => rm(created, { recursive: true, force: true }));
  return created;
}

export function sha256(content: Uint8Array | string): Buffer {
  return createHash('sha256').update(content).digest();
}

export function digestField(content: Uint8Array | string): string {
  return `sha-256=:${sha256(content).toString('base64')}:`;
}

export function etag(content: Uint8Array | string): string {
  return `"${sha256(content).toString('base64url').slice(0, 27)}"`;
}
