/** What `compression` holds when a body fails: all of it comes before the failure, however long the compressor takes. */
import http, { type ServerResponse } from 'node:http';
import http2 from 'node:http2';
import { createRequire } from 'node:module';
import { brotliDecompressSync, constants, inflateSync, unzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { requestHeaders, respond, seal } from '../../src/node/index.ts';
import { listen } from '../support/servers.ts';

/** Each is a turn of its own in the threads of zlib. */
const LINES = Array.from({ length: 30_000 }, (_, id) => `${id},a name\n`);
const TEXT = LINES.join('');

const FLUSHED = { finishFlush: constants.Z_SYNC_FLUSH };
const DECODERS: Record<string, (data: Buffer) => Buffer> = {
  gzip: (data) => unzipSync(data, FLUSHED),
  deflate: (data) => inflateSync(data, FLUSHED),
  br: (data) => brotliDecompressSync(data, { finishFlush: constants.BROTLI_OPERATION_FLUSH }),
};

type Compress = (req: object, res: object, next: () => void) => void;
type Create = () => Compress;

const require = createRequire(import.meta.url); // they have no types
const compression = require('compression') as Create;
const compression17 = require('compression-1.7') as Create;

function writing(compress: Compress, begin: (res: ServerResponse) => Pick<ServerResponse, 'write' | 'destroy'>) {
  return (req: object, res: ServerResponse) => {
    seal(res);
    compress(req, res, () => {
      res.setHeader('Content-Type', 'text/csv');
      const body = begin(res);
      for (const line of LINES) body.write(line);
      body.destroy(new Error('the database is gone'));
    });
  };
}

interface Failed {
  text: string;
  status: unknown;
  isCut: boolean;
}

async function failedOverHttp(port: number, coding: string, asks: boolean): Promise<Failed> {
  const headers = { ...(asks && requestHeaders()), 'Accept-Encoding': coding };
  return new Promise((resolve, reject) => {
    const request = http.get({ port, headers, agent: false }, (message) => {
      const data: Buffer[] = [];
      message.on('data', (piece) => data.push(piece)).on('error', () => {});
      message.on('close', () => {
        const text = DECODERS[coding]!(Buffer.concat(data)).toString();
        resolve({ text, status: message.trailers['x-stream-status'], isCut: !message.complete });
      });
    });
    request.on('error', reject);
  });
}

describe.each([
  ['compression 1.8', compression, ['gzip', 'deflate', 'br']],
  ['compression 1.7', compression17, ['gzip', 'deflate']],
])('%s', (_name, create, codings) => {
  describe.each(codings)('%s', (coding) => {
    test.each([
      ['seal, not asked', false, (res: ServerResponse) => res],
      ['seal, asked', true, (res: ServerResponse) => res],
      ['respond', true, (res: ServerResponse) => respond(res).on('error', () => {})],
    ])('all that was written comes before the failure: %s', async (title, asks, begin) => {
      const server = http.createServer(writing(create(), begin as never));
      const { text, status, isCut } = await failedOverHttp(await listen(server), coding, asks);
      expect(text.length).toBe(TEXT.length);
      expect(text).toBe(TEXT);
      const isTold = title === 'seal, asked';
      expect(isCut).toBe(!isTold);
      if (isTold) expect(status).toMatch(/^error;bytes=\d+;type=source_error$/);
    });
  });

  test('a client that takes its time', async () => {
    const server = http.createServer(writing(create(), (res) => res));
    const port = await listen(server);
    const data: Buffer[] = [];
    const message = await new Promise<http.IncomingMessage>((resolve) => {
      http.get({ port, headers: { ...requestHeaders(), 'Accept-Encoding': 'gzip' }, agent: false }, resolve);
    });
    message.pause();
    await new Promise((resolve) => setTimeout(resolve, 200));
    for await (const piece of message) data.push(piece);
    expect(DECODERS.gzip!(Buffer.concat(data)).toString()).toBe(TEXT);
    expect(message.trailers['x-stream-status']).toMatch(/^error;/);
  });
});

test('compression 1.8 over HTTP/2', async () => {
  const server = http2.createServer(writing(compression(), (res) => res) as never);
  const session = http2.connect(`http://127.0.0.1:${await listen(server as never)}`);
  const stream = session.request({ ...requestHeaders({ connection: false }), 'accept-encoding': 'gzip' });
  let status: unknown;
  stream.on('trailers', (fields) => (status = fields['x-stream-status']));
  const data: Buffer[] = [];
  for await (const piece of stream) data.push(piece);
  session.close();
  expect(DECODERS.gzip!(Buffer.concat(data)).toString()).toBe(TEXT);
  expect(status).toMatch(/^error;bytes=\d+;type=source_error$/);
});
