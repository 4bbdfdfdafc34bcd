/** Strategy: sendFile over HTTP/2, on a response and on a bare stream, asked by Node's own client on one session. */
import { writeFile } from 'node:fs/promises';
import http2 from 'node:http2';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { sendFile } from '../../../src/files/send-file.ts';
import * as s from './serving.ts';

const CONTENT = 'hello world';
const ASKING = { te: 'trailers', 'x-want-stream-status': '?1' };

const onResponse = (file: string) => http2.createServer((_, res) => void sendFile(res, file).catch(() => {}));
const onStream = (file: string) => {
  const server = http2.createServer();
  return server.on('stream', (stream, headers) => {
    const request = { method: headers[':method'], httpVersion: '2.0', headers };
    sendFile(stream, file, { request }).catch(() => {});
  });
};

interface Seen {
  status: number | undefined;
  headers: http2.IncomingHttpHeaders;
  body: string;
  trailers: http2.IncomingHttpHeaders;
  rstCode: number;
}

async function client(server: http2.Http2Server) {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    session.destroy();
    server.close();
  });
  return (headers: http2.OutgoingHttpHeaders = {}) =>
    new Promise<Seen>((resolve) => {
      const seen: Seen = { status: undefined, headers: {}, body: '', trailers: {}, rstCode: 0 };
      const stream = session.request(headers);
      stream.on('response', (head) => Object.assign(seen, { status: head[':status'], headers: head }));
      stream.on('trailers', (trailers) => Object.assign(seen, { trailers }));
      stream.setEncoding('latin1').on('data', (data: string) => {
        seen.body += data;
      });
      stream.on('error', () => {}).on('close', () => resolve({ ...seen, rstCode: stream.rstCode ?? 0 }));
    });
}

describe.each([
  ['a response', onResponse],
  ['a stream', onStream],
])('on %s', (_, serverFor) => {
  test('the whole, a part, preconditions, HEAD, and what is not there', async () => {
    const file = path.join(await s.directory(), 'file.txt');
    await writeFile(file, CONTENT);
    const get = await client(serverFor(file));
    const plain = await get();
    expect(plain).toMatchObject({ status: 200, body: CONTENT, trailers: {}, rstCode: 0 });
    expect(plain.headers).toMatchObject({
      ...{ etag: s.etag(CONTENT), 'content-length': '11', 'repr-digest': s.digestField(CONTENT) },
      'content-type': 'text/plain; charset=utf-8',
    });
    expect(plain.headers['cache-control']).toBeUndefined();
    const sealed = await get({ ...ASKING, range: 'bytes=6-' });
    expect(sealed).toMatchObject({ status: 206, body: 'world', rstCode: 0 });
    expect(sealed.headers['content-range']).toBe('bytes 6-10/11');
    expect(sealed.trailers).toMatchObject({ 'x-stream-status': 'ok;bytes=5' });
    expect((await get({ 'if-none-match': s.etag(CONTENT) })).status).toBe(304);
    expect((await get({ range: 'bytes=11-' })).status).toBe(416);
    const head = await get({ ':method': 'HEAD' });
    expect(head).toMatchObject({ status: 200, body: '', headers: { etag: s.etag(CONTENT) } });
    expect((await (await client(serverFor(`${file}.no`)))()).status).toBe(404);
  });
});
