/** `import 'chunked-trailers/seal'`: once for a process, by what Node publishes of requests and connections. */
import http from 'node:http';
import http2, { type Http2Server } from 'node:http2';
import { pipeline, Readable, type Writable } from 'node:stream';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { seal } from '../../../src/node/seal/seal.ts';
import { respond } from '../../../src/node/send/respond.ts';
import { AWARE, dial, LAST_CHUNK, messageFrom, PLAIN } from '../../support/dial.ts';
import { HELLO_WORLD } from '../../support/hashing.ts';
import { failing, listen, listenHttp2, serve } from '../../support/servers.ts';
import { CHUNK, FAILED_SEAL, SEAL } from '../endings-table.ts';

beforeAll(() => import('../../../src/node/seal/every.ts'));

test('servers that know nothing of it are sealed', async () => {
  const server = http.createServer(({ url }, res) => {
    const source = url === '/fails' ? failing([HELLO_WORLD]) : Readable.from([HELLO_WORLD]);
    pipeline(source as Readable, res, () => {});
  });
  const port = await listen(server);
  const wire = dial(port, AWARE);
  expect(messageFrom(await wire.until('=:\r\n\r\n')).body).toBe(CHUNK + SEAL);
  wire.send(AWARE.replace('/', '/fails'));
  expect(messageFrom(await wire.until('=:\r\n\r\n')).body).toBe(CHUNK + FAILED_SEAL);
  wire.send(PLAIN);
  expect(messageFrom(await wire.until(LAST_CHUNK)).body).toBe(CHUNK + LAST_CHUNK);
});

test('seal adds options, and respond takes it off', async () => {
  const { port } = await serve(({ url }, res) => {
    if (url === '/respond') return void pipeline(Readable.from([HELLO_WORLD]), respond(res), () => {});
    seal(res, { digest: false }).write(HELLO_WORLD);
    res.end();
  });
  const wire = dial(port, AWARE);
  expect(messageFrom(await wire.until('bytes=19\r\n\r\n')).body).toBe(
    `${CHUNK}0\r\nX-Stream-Status: ok;bytes=19\r\n\r\n`,
  );
  wire.send(AWARE.replace('/', '/respond'));
  expect(messageFrom(await wire.until('=:\r\n\r\n')).body).toBe(CHUNK + SEAL);
});

test.each<[string, (server: Http2Server) => void]>([
  ["'request'", (server) => server.on('request', (req, res) => pipe(req.url, res as never))],
  ["'stream'", (server) => server.on('stream', (stream, headers) => pipe(headers[':path'], stream))],
])('servers of HTTP/2: %s', async (_, prepare) => {
  const server = http2.createServer();
  prepare(server);
  const session = http2.connect(`http://127.0.0.1:${await listenHttp2(server)}`);
  onTestFinished(() => session.destroy());
  const ask = async (path: string, headers: object) => {
    const stream = session.request({ ':path': path, ...headers }).on('error', () => {});
    let trailers: object | undefined;
    stream.on('trailers', (fields) => {
      trailers = { ...fields };
    });
    stream.resume();
    await new Promise((resolve) => stream.once('close', resolve));
    return { rstCode: stream.rstCode, status: trailers && Reflect.get(trailers, 'x-stream-status') };
  };
  const both = { te: 'trailers', 'x-want-stream-status': '?1' };
  expect(await ask('/', both)).toEqual({ rstCode: 0, status: 'ok;bytes=19' });
  expect(await ask('/fails', both)).toEqual({ rstCode: 0, status: 'error;bytes=19;type=source_error' });
  expect(await ask('/fails', {})).toEqual({ rstCode: 2, status: undefined });
});

/** Nobody listens to the source. */
function pipe(url: string | undefined, destination: Writable): void {
  Readable.from(url === '/fails' ? failing([HELLO_WORLD]) : [HELLO_WORLD])
    .on('error', () => {})
    .pipe(destination);
}
