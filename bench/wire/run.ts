/**
 * What crosses a socket: `measureWire` for `npm run bench`, and a program of its own for who works on one part of it,
 * which measures dist/ as it is and writes nothing.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Section } from '../report.ts';
import { FULL, QUICK } from './contest.ts';
import { measureFirstOctet } from './first-octet.ts';
import { measureIdleMemory } from './idle-memory.ts';
import { play, type Size } from './match.ts';
import { receiveMatch } from './receive.ts';
import { sendMatch } from './send.ts';

export interface WireOptions {
  quick: boolean;
  /** One of PARTS; all of them by default. */
  only?: string;
  /** Only these sizes of `receive` and `send`. */
  sizes?: readonly Size[];
  /** Only these entrants of `receive` and `send`, by name. */
  peers?: readonly string[];
  log(line: string): void;
}

const PARTS: Readonly<Record<string, (options: WireOptions) => Promise<Section>>> = {
  receive: async (options) => {
    const { source, ...match } = await receiveMatch(options.sizes);
    try {
      return await play(narrow(match, options), options.quick ? QUICK : FULL, options.log);
    } finally {
      await source.server.stop();
    }
  },
  send: async (options) => {
    const { client, ...match } = await sendMatch(options.sizes);
    try {
      return await play(narrow(match, options), options.quick ? QUICK : FULL, options.log);
    } finally {
      await client.stop();
    }
  },
  'first-octet': ({ quick, log }) => measureFirstOctet(quick, log),
  'idle-memory': ({ quick, log }) => measureIdleMemory(quick, log),
};

/** @throws TypeError if `only` names no part */
export async function measureWire(options: WireOptions): Promise<Section[]> {
  const { only } = options;
  if (only !== undefined && !Object.hasOwn(PARTS, only)) {
    throw new TypeError(`No part is named ${only}; there are ${Object.keys(PARTS).join(', ')}`);
  }
  const sections: Section[] = [];
  for (const [name, measure] of Object.entries(PARTS)) {
    if (only === undefined || only === name) sections.push(await measure(options));
  }
  return sections;
}

function narrow<T extends { entrants: readonly { name: string }[] }>(match: T, { peers }: WireOptions): T {
  if (peers === undefined) return match;
  return { ...match, entrants: match.entrants.filter(({ name }) => peers.includes(name)) };
}

const HELP = `Usage: npx tsx bench/wire/run.ts [options]

Measures dist/ as it is, and prints the tables.

  --only <part>    ${Object.keys(PARTS).join(', ')}
  --quick          shorter runs, and rougher figures
  --sizes <sizes>  16,64,trace: only these, of receive and send
  --peers <names>  respond-socket,server-response: only these, of receive and send
  --help           this text
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      sizes: { type: 'string' },
      peers: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const { only, quick, sizes, peers } = values;
  const sections = await measureWire({
    quick,
    ...(only !== undefined && { only }),
    ...(sizes !== undefined && { sizes: sizes.split(',').map((size) => (size === 'trace' ? size : Number(size))) }),
    ...(peers !== undefined && { peers: peers.split(',') }),
    log: (line) => process.stderr.write(`${line}\n`),
  });
  for (const { name, markdown } of sections) console.log(`\n## ${name}\n\n${markdown}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main();
  } catch (error) {
    console.error(`bench/wire: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
