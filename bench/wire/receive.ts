/** The receivers, each in a process of its own, of octets that were framed beforehand. */
import { assertRight } from './check.ts';
import type { Run } from './contest.ts';
import { type Load, octetsOf, SIZES, targetOf } from './load.ts';
import type { Entered, Match, Size } from './match.ts';
import { nodeProgram, Peer } from './processes.ts';
import type { Question, Reply } from './receivers/receiving.ts';

const SLAB_BYTES = 2 ** 20;

export interface Receiver {
  name: string;
  label: string;
  file: string;
  isSealed?: boolean;
}

export const receivers: readonly Receiver[] = [
  { name: 'receive', label: 'receive(socket)', file: 'receive' },
  { name: 'http-get', label: 'http.get', file: 'http-get' },
  { name: 'undici-request', label: 'undici.request', file: 'undici-request' },
  { name: 'fetch', label: 'fetch', file: 'fetch' },
  { name: 'receive-sealed', label: 'receive(socket), sealed', file: 'receive', isSealed: true },
];

export interface Source {
  port: number;
  server: Peer;
}

export async function startSource(): Promise<Source> {
  const server = new Peer('the server of framed octets', nodeProgram('senders/framed.ts', [`${SLAB_BYTES}`]));
  const { port } = await server.next<{ port: number }>();
  return { server, port };
}

export function enterReceiver({ name, file, isSealed = false }: Receiver, { port, server }: Source): Entered {
  const client = new Peer(name, nodeProgram(`receivers/${file}.ts`));
  const get = async (load: Load, isChecked: boolean) => {
    const question: Question = { port, target: targetOf(load), isSealed, isChecked };
    const [reply] = await Promise.all([client.ask<Reply>(question), server.next()]);
    const { octets } = reply;
    if (octets !== octetsOf(load)) throw new Error(`${name}, ${question.target}: ${octets} octets came`);
    return reply;
  };
  return {
    check: async (load) => {
      const { octets, sha256 } = await get(load, true);
      assertRight(name, load, { octets, sha256: sha256! }, isSealed);
    },
    run: (load): Promise<Run> => get(load, false),
    stop: () => client.stop(),
  };
}

export async function receiveMatch(sizes: readonly Size[] = SIZES): Promise<Match & { source: Source }> {
  const source = await startSource();
  const entrants = receivers.map((receiver) => ({
    name: receiver.name,
    label: receiver.label,
    enter: async () => enterReceiver(receiver, source),
  }));
  return { ...RECEIVE, sizes, entrants, absences: [], source };
}

const CPU_WANTED: Readonly<Record<number, number>> = {
  16: 12,
  64: 12,
  256: 9,
  1024: 5,
  4096: 2.5,
  16384: 1.2,
  65536: 1.2,
};

const RECEIVE: Pick<Match, 'name' | 'about' | 'caveat' | 'comparisons'> = {
  name: 'receive',
  about:
    'A server in another process writes chunks of so many octets, framed beforehand, a mebibyte at a time; the receiver ' +
    'counts the content that comes by `data` events, or by a reader for `fetch`. No status is announced, so nothing is ' +
    'hashed, but for the sealed column, where `receive` checks the status and a sha-256. It is told to hash with that ' +
    'alone (`digest`); by default it hashes with sha-512 as well, since it learns which one was sent only at the end.',
  caveat:
    'The CPU time is that of the receiving process, the kernel’s part of it included, from the response head to the end ' +
    'of the body. The server has the other core to itself, and from some size on it is what limits the throughput of the ' +
    'faster ones. Each run takes about as long, not as many octets. Nothing is done with the content.',
  comparisons: [
    {
      prefix: 'receive',
      of: 'receive',
      over: 'http-get',
      figure: 'cpu',
      atLeast: (size) => CPU_WANTED[Number(size)],
    },
    { prefix: 'receive', of: 'receive', over: 'http-get', figure: 'throughput', atLeast: () => 1 },
    { prefix: 'receive', of: 'receive', over: 'undici-request', figure: 'cpu', atLeast: () => undefined },
    { prefix: 'receive', of: 'receive', over: 'fetch', figure: 'cpu', atLeast: () => undefined },
  ],
};
