/** The memory of responses that are open and idle, over that of as many sockets which are held open with no response. */
import { execFileSync } from 'node:child_process';
import type { Ratio, Section } from '../report.ts';
import type { Kind, Memory } from './idle/server.ts';
import { nodeProgram, Peer } from './processes.ts';
import { formatNumber, NONE, toTable } from './tables.ts';

const COUNT = 10_000;
const QUICK_COUNT = 2_000;
/** Opened before the first look, so that code and tables are not taken for the memory of a response. */
const WARM_UP_COUNT = 500;
/** Files that a process has open besides its connections. */
const OTHER_FILES = 100;
const WANTED_KIB = 8;

const KINDS: readonly { kind: Kind; label: string; wanted?: number }[] = [
  { kind: 'bare', label: 'a socket, its request read' },
  { kind: 'respond-socket', label: 'respond(socket)', wanted: WANTED_KIB },
  { kind: 'respond-response', label: 'respond(res)' },
  { kind: 'server-response', label: 'res.write' },
];

/** The growth of a process for each connection, octets. */
export async function memoryOf(kind: Kind, count: number): Promise<Memory> {
  const server = new Peer(`the idle server, ${kind}`, nodeProgram('idle/server.ts', [kind], ['--expose-gc']));
  const client = new Peer('the idle client', nodeProgram('idle/client.ts'));
  try {
    const { port } = await server.next<{ port: number }>();
    await client.ask({ port, count: WARM_UP_COUNT });
    const before = await server.ask<Memory>({});
    await client.ask({ port, count });
    const after = await server.ask<Memory & { open: number }>({});
    if (after.open !== count + WARM_UP_COUNT) throw new Error(`${kind}: ${after.open} are open, not ${count}`);
    const each = (what: keyof Memory) => (after[what] - before[what]) / count;
    return { heap: each('heap'), external: each('external'), resident: each('resident') };
  } finally {
    await Promise.all([server.stop(), client.stop()]);
  }
}

export async function measureIdleMemory(quick: boolean, log: (line: string) => void): Promise<Section> {
  const wish = quick ? QUICK_COUNT : COUNT;
  const limit = openFilesLimit();
  const count = Math.min(wish, limit - OTHER_FILES - WARM_UP_COUNT);
  const lowered =
    count < wish ? `Only ${count} instead of ${wish}: a process may have ${limit} files open here (ulimit -n).` : '';
  if (lowered !== '') log(`idle memory: ${lowered.toUpperCase()}`);
  const ratios: Ratio[] = [];
  const rows: string[][] = [];
  let bare: Memory | undefined;
  for (const { kind, label, wanted } of KINDS) {
    const memory = await memoryOf(kind, count);
    bare ??= memory;
    const over = kibibytes(memory.heap + memory.external - bare.heap - bare.external);
    const cells = [memory.heap, memory.external, memory.resident].map((octets) => formatNumber(kibibytes(octets)));
    rows.push([label, ...cells, kind === 'bare' ? NONE : `${formatNumber(over)}${wanted ? ` (${wanted})` : ''}`]);
    if (wanted !== undefined) ratios.push({ id: `idle-memory/${kind}/kib`, value: over, atMost: wanted });
    log(`idle memory, ${label}: ${formatNumber(kibibytes(memory.heap + memory.external))} KiB each`);
  }
  const markdown = [
    `${count.toLocaleString('en-US')} connections open at once, each with one small write made and idle since: KiB for each. ` +
      'The last column is heap and external memory over those of a bare socket; in brackets what is wanted at most.',
    ...(lowered === '' ? [] : [lowered]),
    toTable(['', 'heap', 'external', 'resident', 'over a socket'], rows),
    'What this does not show: the memory of the kernel, and, in the columns but the third, what the runtime keeps ' +
      'outside of the heap without counting it. Every server is a process of its own.',
  ].join('\n\n');
  return { name: 'idle memory', markdown, ratios, charts: [] };
}

/** Node raises the soft limit to the hard one for itself when it starts. */
function openFilesLimit(): number {
  if (process.platform === 'win32') return Number.POSITIVE_INFINITY;
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit);
}

function kibibytes(octets: number): number {
  return octets / 1024;
}
