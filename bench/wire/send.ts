/** The senders, each serving in a process of its own, to a client that only counts. */
import { assertRight } from './check.ts';
import type { Run } from './contest.ts';
import type { Question, Reply } from './counting-client.ts';
import { type Load, SIZES, targetOf } from './load.ts';
import type { Entered, Entrant, Match, Size } from './match.ts';
import { nodeProgram, Peer, type Program } from './processes.ts';
import { bun, deno, type FindOptions, type Found, go } from './runtimes.ts';

const SLAB_BYTES = 65536;

export interface Sender {
  name: string;
  label: string;
  isSealed?: boolean;
  /** Whether it has the trace as well. */
  hasTrace?: boolean;
  find(options: FindOptions): Promise<Found>;
}

export const senders: readonly Sender[] = [
  ours('respond-socket', 'respond(socket)'),
  ours('respond-response', 'respond(res)'),
  ours('server-response', 'res.write'),
  { ...ours('respond-socket', 'respond(socket), sealed'), name: 'respond-socket-sealed', isSealed: true },
  {
    name: 'framed',
    label: 'raw socket, framed before',
    find: async () => nodeProgram('senders/framed.ts', [`${SLAB_BYTES}`]),
  },
  { name: 'bun', label: 'Bun, ReadableStream', find: (options) => bun('pull', options) },
  { name: 'bun-direct', label: 'Bun, direct stream', find: (options) => bun('direct', options) },
  { name: 'deno', label: 'Deno, ReadableStream', find: deno },
  { name: 'go', label: 'Go net/http', find: go },
];

function ours(name: string, label: string): Sender {
  return { name, label, hasTrace: true, find: async () => nodeProgram(`senders/${name}.ts`) };
}

/** @param client from startClient */
export async function enterSender(
  { name, isSealed = false }: Sender,
  program: Program,
  client: Peer,
): Promise<Entered> {
  const server = new Peer(name, program);
  try {
    const { port } = await server.next<{ port: number }>();
    const get = async (load: Load, isChecked: boolean) => {
      const question: Question = { port, target: targetOf(load), isSealed, isChecked };
      const [reply, { cpuSeconds }] = await Promise.all([
        client.ask<Reply>(question),
        server.next<{ cpuSeconds: number }>(),
      ]);
      return { ...reply, cpuSeconds };
    };
    return {
      check: async (load) => assertRight(name, load, (await get(load, true)).checked!, isSealed),
      run: (load): Promise<Run> => get(load, false),
      stop: () => server.stop(),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

export function startClient(): Peer {
  return new Peer('the counting client', nodeProgram('counting-client.ts'));
}

export async function sendMatch(sizes: readonly Size[] = [...SIZES, 'trace']): Promise<Match & { client: Peer }> {
  const client = startClient();
  const entrants: Entrant[] = [];
  const absences: string[] = [];
  for (const sender of senders) {
    const found = await sender.find({ installs: true });
    if ('absence' in found) {
      absences.push(`${sender.label}, ${found.absence}`);
      continue;
    }
    entrants.push({
      name: sender.name,
      label: sender.label,
      ...(!sender.hasTrace && { sizes: SIZES }),
      enter: () => enterSender(sender, found, client),
    });
  }
  return { ...SEND, sizes, entrants, absences, client };
}

/** What is wanted, by the largest size that it holds for. */
function upTo(...bounds: [size: number, atLeast: number][]): (size: Size) => number | undefined {
  return (size) => (size === 'trace' ? undefined : bounds.find(([bound]) => size <= bound)?.[1]);
}

const overNode = (of: string, prefix: string, cpu: (size: Size) => number | undefined) => [
  { prefix, of, over: 'server-response', figure: 'cpu' as const, atLeast: cpu },
  { prefix, of, over: 'server-response', figure: 'throughput' as const, atLeast: () => 1 },
];

const SEND: Pick<Match, 'name' | 'about' | 'caveat' | 'comparisons'> = {
  name: 'send',
  about:
    'A server writes the same piece of so many octets over and over, and waits for `drain` when `write()` says so. ' +
    'The client is a raw socket in another process that counts octets. It sends no `TE`, so nothing is hashed, but for ' +
    'the sealed column, which has a status and a sha-256 in its trailers. The last row is text as a language model ' +
    'gives it: tokens of 1 to 12 octets, one `write` each, a burst of them a tick.',
  caveat:
    'The CPU time is that of the sending process, the kernel’s part of it included, from the request to the last octet ' +
    'in the hands of the kernel. Client and server share the machine, so a throughput is that of the two together, and ' +
    'where the client is the slower one, more throughput does not show. Each run takes about as long, not as many octets. ' +
    'What is written in one tick is one chunk with us, every write is one with `res.write`, and Go and the direct stream ' +
    'of Bun gather by the bufferful: the content is the same, the framing is not. Bun and Deno are asked by their own ' +
    'APIs, which are not those of Node.',
  comparisons: [
    ...overNode('respond-socket', 'send-socket', upTo([16, 12], [64, 8], [256, 6], [1024, 2.5], [65536, 1.4])),
    ...overNode('respond-response', 'send-response', upTo([16, 10], [64, 6], [256, 4], [1024, 2], [65536, 1.1])),
    {
      prefix: 'send-socket',
      of: 'respond-socket',
      over: 'framed',
      figure: 'throughput',
      atLeast: (size) => (size !== 'trace' && size >= 1024 ? 0.9 : null),
    },
    {
      prefix: 'send-socket',
      of: 'respond-socket',
      over: 'go',
      figure: 'throughput',
      atLeast: (size) => (size !== 'trace' && size <= 16384 ? 1 : undefined),
    },
  ],
};
