/**
 * Encoding: pieces in, one chunk each, chunked octets out. By itself, against a plain copy of the same pieces; and into
 * a Writable, against the http.ServerResponse of Node, which has no chunked encoder apart from its streams.
 */
import type Benchmark from 'benchmark';
import { discardingSocket, feed } from './discarding-socket.ts';
import { ENCODE_SHAPES, encodeFixture } from './fixtures.ts';
import { loadCore } from './library.ts';
import { isRightResponse, loadServerResponse } from './server-response.ts';
import { take, takeRange } from './sink.ts';
import { buildSuite, type Implementation, named, type SuiteFile, type Work } from './suite.ts';

/** Small enough to stay in a cache, which is to the copy's advantage. */
const COPY_BYTES = 64 * 1024;

const implementations: readonly Implementation[] = [
  { name: 'encoder', label: 'Encoder', load: loadEncoder },
  { name: 'encoder-writable', label: 'Encoder into a Writable', load: loadEncoderWritable, isAsync: true },
  {
    name: 'server-response',
    label: 'http.ServerResponse into a Writable',
    load: loadServerResponse,
    isAsync: true,
    isRight: isRightResponse,
  },
  {
    name: 'memcpy',
    label: 'memcpy',
    load: loadCopy,
    isRight: (output, { input }) => output.equals(Buffer.concat(input)),
  },
];

async function loadEncoder(): Promise<Work> {
  const { Encoder } = await loadCore();
  return (pieces) => {
    const encoder = new Encoder();
    for (const piece of pieces) {
      for (const octets of encoder.write(piece)) take(octets);
    }
    for (const octets of encoder.end()) take(octets);
  };
}

/** The socket is corked for a tick, as ServerResponse does it. */
async function loadEncoderWritable(): Promise<Work> {
  const { Encoder } = await loadCore();
  return (pieces) => {
    const encoder = new Encoder();
    const socket = discardingSocket();
    const uncork = () => socket.uncork();
    const write = (piece: Buffer) => {
      if (socket.writableCorked === 0) {
        socket.cork();
        process.nextTick(uncork);
      }
      let wantsMore = true;
      for (const octets of encoder.write(piece)) wantsMore = socket.write(octets);
      return wantsMore;
    };
    const end = (done: () => void) => {
      for (const octets of encoder.end()) socket.write(octets);
      socket.end(done);
    };
    return feed(pieces, { socket, write, end });
  };
}

async function loadCopy(): Promise<Work> {
  const target = new Uint8Array(COPY_BYTES);
  return (pieces) => {
    let at = 0;
    for (const piece of pieces) {
      if (at + piece.length > COPY_BYTES) at = 0;
      target.set(piece, at);
      takeRange(target, at, at + piece.length);
      at += piece.length;
    }
  };
}

export function createSuite(implementation: string, options: Benchmark.Options = {}): Promise<Benchmark.Suite> {
  return buildSuite(named(implementations, implementation), ENCODE_SHAPES, encodeFixture, options);
}

export const encode: SuiteFile = {
  name: 'encode',
  about:
    'A body of 4 MiB written in pieces of each size, each of which becomes a chunk. The Encoder alone stands against a ' +
    'copy of the same pieces; the Encoder writing into a Writable against an http.ServerResponse writing into one. ' +
    'Paths: copied, the Encoder copies the data behind its chunk header; by reference, it hands it on as it came.',
  caveat:
    'From 4096 octets on the Encoder copies nothing, so its figure there is the cost of making a chunk, not a bandwidth, ' +
    'and has no ratio to a copy. The Writable discards what it gets: no system call and no network is part of any ' +
    'figure. A ServerResponse also writes a head, once a body.',
  shapes: ENCODE_SHAPES,
  implementations,
  ratios: [
    { of: 'encoder-writable', over: 'server-response' },
    { of: 'encoder', over: 'memcpy', path: 'copied' },
  ],
  createSuite,
};
