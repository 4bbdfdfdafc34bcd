/**
 * What comes after the end of a compressed stream. A decompressor stops there, and the reader of fetch is told of an end before
 * the message has one: what becomes of the body then nobody would hear (nodejs/node#7502 is the kind).
 */
import { createHash } from 'node:crypto';
import { setImmediate as nextRound } from 'node:timers/promises';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { verifyInterceptor } from '../../src/undici/interceptor.ts';
import { verdictOf } from '../../src/undici/verdict-of.ts';
import { origin } from '../support/servers.ts';
import { agentOf, CLIENTS, COPIES, streamErrorIn } from './clients.ts';

const TEXT = 'some text '.repeat(20_000);
const CODINGS = { gzip: gzipSync(TEXT), deflate: deflateSync(TEXT), br: brotliCompressSync(TEXT) };
const PADDING = Buffer.alloc(512);

const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Stream-Status, Content-Digest\r\n';

const chunk = (data: Buffer) =>
  Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')]);

function sealOf(content: Buffer): string {
  const digest = createHash('sha256').update(content).digest('base64');
  return `0\r\nX-Stream-Status: ok;bytes=${content.length}\r\nContent-Digest: sha-256=:${digest}:\r\n\r\n`;
}

/** Gives the pieces, one after the other, and then ends like this. */
async function urlOf(coding: string, pieces: Buffer[], end: string | 'cut'): Promise<string> {
  const port = await origin(async (socket) => {
    socket.write(`${HEAD}Content-Encoding: ${coding}\r\n\r\n`);
    for (const piece of pieces) {
      socket.write(chunk(piece));
      for (let round = 0; round < 100; round++) await nextRound(); // so that the piece comes by itself
    }
    if (end === 'cut') socket.destroy();
    else socket.write(end);
  });
  return `http://127.0.0.1:${port}/`;
}

const FAILED = '0\r\nX-Stream-Status: error;type=source_error\r\n\r\n';

describe.each(CLIENTS.filter(({ name }) => name.includes('fetch')))('$name', ({ read }) => {
  describe.each(Object.entries(CODINGS))('%s', (coding, coded) => {
    const WAYS: [name: string, pieces: Buffer[]][] = [
      ['zeros by themselves', [coded, PADDING]],
      ['zeros in the piece that ends the stream', [Buffer.concat([coded, PADDING])]],
      ['zeros in several pieces', [coded.subarray(0, 20), coded.subarray(20), PADDING, PADDING, PADDING]],
    ];

    test.each(WAYS)('%s, then a cut', async (_, pieces) => {
      const { streamError, verdict } = await read(await urlOf(coding, pieces, 'cut'));
      expect(streamError?.code).toBe('ERR_BODY_TRUNCATED');
      expect(verdict.kind).toBe('truncated');
    });

    test.each(WAYS)('%s, then a failure', async (_, pieces) => {
      const { streamError } = await read(await urlOf(coding, pieces, FAILED));
      expect(streamError?.code).toBe('ERR_BODY_FAILED');
    });

    test.each(WAYS)('%s, sealed: the text, and complete', async (_, pieces) => {
      const { data, error, verdict } = await read(await urlOf(coding, pieces, sealOf(Buffer.concat(pieces))));
      expect(error).toBeUndefined();
      expect(data).toBe(TEXT);
      expect(verdict).toMatchObject({ kind: 'complete', digest: 'match' });
    });
  });
});

describe.each(COPIES)('$name', (copy) => {
  /** Runs of zeros of every length up to far beyond what is held back, at the start, between pieces and at the end. */
  const run = (length: number) => [
    Buffer.alloc(length),
    Buffer.from('x'),
    Buffer.alloc(length),
    Buffer.alloc(length + 1),
  ];
  const pieces = [0, 1, 7, 4096, 300_000].flatMap(run).filter(({ length }) => length > 0);

  test('bytes that are not decompressed come as they were sent', async () => {
    const content = Buffer.concat(pieces);
    const dispatcher = agentOf(copy).compose(verifyInterceptor());
    const response = await copy.undici.request(await urlOf('gzip', pieces, sealOf(content)), { dispatcher });
    const received: Buffer[] = [];
    for await (const piece of response.body) received.push(Buffer.from(piece));
    expect(Buffer.concat(received).equals(content)).toBe(true);
    expect((await verdictOf(response)).kind).toBe('complete');
  });

  test.each(copy.undici.interceptors.decompress === undefined ? [] : ['decompress'])(
    'verify, %s: zeros, then a cut',
    async () => {
      const dispatcher = agentOf(copy).compose(verifyInterceptor(), copy.undici.interceptors.decompress());
      const url = await urlOf('gzip', [CODINGS.gzip, PADDING], 'cut');
      const { body } = await copy.undici.request(url, { dispatcher });
      const error = await body.text().catch((reason) => reason);
      expect(streamErrorIn(error)?.code).toBe('ERR_BODY_TRUNCATED');
    },
  );
});
