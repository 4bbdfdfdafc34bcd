/**
 * The Encoder writing into a Writable, a chunk a write, against the http.ServerResponse of Node, which has no chunked
 * encoder apart from its streams.
 */
import type Benchmark from 'benchmark';
import { discardingSocket, feed } from './discarding-socket.ts';
import { ENCODE_SHAPES, ENCODE_SIZES } from './encode-shapes.ts';
import { loadCore } from './library.ts';
import { isRightResponse, loadServerResponse } from './peers/server-response.ts';
import { buildSuite, type Implementation, named, type SuiteFile, type Work } from './suite.ts';

const shapes = ENCODE_SHAPES.slice(0, ENCODE_SIZES.length);

/** The Writable says when it has enough, not the ticks of the fixture. */
const inputOf: Implementation['inputOf'] = ({ input }) => [input.flat()];

const implementations: readonly Implementation[] = [
  { name: 'encoder', label: 'Encoder', load: loadEncoder, isAsync: true, inputOf },
  {
    name: 'server-response',
    label: 'http.ServerResponse',
    load: loadServerResponse,
    isAsync: true,
    inputOf,
    isRight: isRightResponse,
  },
];

/** The socket is corked for a tick, as ServerResponse does it. */
async function loadEncoder(): Promise<Work> {
  const { Encoder } = await loadCore();
  return ([writes = []]) => {
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
    return feed(writes, { socket, write, end });
  };
}

export function createSuite(implementation: string, options: Benchmark.Options = {}): Promise<Benchmark.Suite> {
  return buildSuite(named(implementations, implementation), shapes, options);
}

export const encodeWritable: SuiteFile = {
  name: 'encode-writable',
  about:
    'The same body, a chunk a write on either side, into a Writable that discards it: what the Encoder costs where it ' +
    'is used by hand, against the http.ServerResponse of Node.',
  caveat:
    'The Writable is no socket: no system call and no network is part of any figure. A ServerResponse also writes a ' +
    'head, once a body. Nothing is coalesced here.',
  shapes,
  implementations,
  comparisons: [{ name: 'server-response', of: 'encoder', over: 'server-response' }],
  createSuite,
};
