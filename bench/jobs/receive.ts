/** Receiving a body in chunks of 64 KiB: the checks beside the client without them. The work is in MiB. */
import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { connect } from 'node:net';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Agent, request } from 'undici';
import { toChunked } from '../chunked.ts';
import { cut, makeBody } from '../fixtures.ts';
import type { Job, Load } from '../job.ts';
import { node, undici } from '../library.ts';
import { HOST, onSocket, SEALED } from './http.ts';

const BLOCK = makeBody(1024 * 1024);
const CHUNKS = toChunked(cut(BLOCK, 65536)).subarray(0, -'0\r\n\r\n'.length);

/** What `/64/1` asks for: 64 MiB, sealed. Made beforehand, so that the server takes little of the machine. */
const serve = onSocket(async (socket) => {
  const { target } = await node.readRequest(socket);
  const [, size, seal] = target.split('/').map(Number);
  const hash = createHash('sha256');
  if (seal) for (let i = 0; i < size!; i++) hash.update(BLOCK);
  const announced = seal ? 'Trailer: X-Stream-Status, Content-Digest\r\n' : '';
  socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n${announced}\r\n`);
  for (let i = 0; i < size!; i++) if (!socket.write(CHUNKS)) await once(socket, 'drain');
  const digest = `Content-Digest: sha-256=:${hash.digest('base64')}:\r\n`;
  const trailers = seal ? `X-Stream-Status: ok;bytes=${size! * BLOCK.length}\r\n${digest}` : '';
  socket.end(`0\r\n${trailers}\r\n`);
});

/** Counts what arrives, and hashes it where a peer is to do the same work. */
class Sink extends Writable {
  bytes = 0;
  readonly #hash: Hash | undefined;
  constructor(hash?: Hash) {
    super();
    this.#hash = hash;
  }
  override _write(data: Buffer, _encoding: string, callback: () => void): void {
    this.bytes += data.length;
    this.#hash?.update(data);
    callback();
  }
}

const get = (port: number, path: string) => once(http.get({ host: HOST, port, path, headers: SEALED }), 'response');
const counted =
  (run: (port: number, size: number, sink: Sink) => Promise<void>, hashes = false): Load =>
  async (port, size) => {
    const sink = new Sink(hashes ? createHash('sha256') : undefined);
    await run(port, size, sink);
    if (sink.bytes !== size * BLOCK.length) throw new Error(`${sink.bytes} bytes have come`);
    return `${sink.bytes} bytes`;
  };

const httpGet = async (port: number, size: number, sink: Sink) => pipeline((await get(port, `/${size}/0`))[0], sink);
const verified = (seal: number) => async (port: number, size: number, sink: Sink) => {
  const body = node.verify((await get(port, `/${size}/${seal}`))[0]);
  await pipeline(body, sink);
  const { kind } = await body.verdict;
  if (kind !== (seal ? 'complete' : 'unverified')) throw new Error(`The verdict is ${kind}`);
};
const requested =
  (dispatcher: Agent | ReturnType<Agent['compose']>, seal: number) => async (port: number, size: number, sink: Sink) =>
    pipeline((await request(`http://${HOST}:${port}/${size}/${seal}`, { dispatcher, headers: {} })).body, sink);

async function received(port: number, size: number, sink: Sink): Promise<void> {
  const socket = connect(port, HOST);
  socket.write(`GET /${size}/0 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  const { body } = await node.receive(socket);
  await pipeline(body, sink);
}

/** The raw socket does not know where the content is; the framing is subtracted. */
const raw: Load = async (port, size) => {
  const socket = connect(port, HOST);
  socket.write(`GET /${size}/0 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  let bytes = 0;
  socket.on('data', (data) => {
    bytes += data.length;
  });
  await once(socket, 'end');
  if (bytes < size * CHUNKS.length) throw new Error(`${bytes} bytes have come`);
  return `${size * BLOCK.length} bytes`;
};

const clients: Job['clients'] = {
  'http.get': counted(httpGet),
  'http.get, sha-256': counted(httpGet, true),
  verify: counted(verified(0)),
  'verify, sealed': counted(verified(1)),
  'undici, sha-256': counted(requested(new Agent(), 0), true),
  'interceptor, sealed': counted(requested(new Agent().compose(undici.verifyInterceptor()), 1)),
  receive: counted(received),
  'raw socket': raw,
};

export const job: Job = {
  measured: 'client',
  servers: { serve },
  clients,
  sides: Object.fromEntries(Object.keys(clients).map((name) => [name, ['serve', name]])),
  rows: [
    { title: 'verify, no digest, beside http.get', ours: 'verify', theirs: 'http.get', by: 'CPU', target: 1.15 },
    {
      title: 'verify with sha-256, beside http.get and bare sha-256',
      ours: 'verify, sealed',
      theirs: 'http.get, sha-256',
      by: 'CPU',
      target: 1.1,
    },
    {
      title: 'verifyInterceptor with sha-256, beside undici.request and bare sha-256',
      ours: 'interceptor, sealed',
      theirs: 'undici, sha-256',
      by: 'CPU',
      target: 1.1,
    },
    {
      title: 'receive(socket), beside a raw socket that counts',
      ours: 'receive',
      theirs: 'raw socket',
      by: 'CPU',
      target: 1.3,
      why: 'A Readable between the socket and its reader, where the raw side only counts; when V8 collects its garbage differs from run to run.',
    },
  ],
  work: { warmUp: 128, quick: 256, full: 2048 },
};
