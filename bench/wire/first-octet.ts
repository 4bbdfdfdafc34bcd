/** How long a write is under way, from the call to the octets at the client: the first one, and a small one later on. */
import type { Ratio, Section } from '../report.ts';
import { median } from './contest.ts';
import type { Ages, Question } from './latency/client.ts';
import { nodeProgram, Peer } from './processes.ts';
import { formatNumber, formatRatio, toTable } from './tables.ts';

const WARM_UP_ROUNDS = 100;
const ROUNDS = 600;
const QUICK_ROUNDS = 200;
/** No later, that is; two servers that are the same differ by up to 7 % in a quick run, and by 4 as a rule (measured). */
const WANTED = 1.05;

const OURS = { 'respond-socket': 'respond(socket)', 'respond-response': 'respond(res)' } as const;
const THEIRS = 'server-response';
const KINDS = { first: 'the first write', later: 'a write later on' } as const;

/** @returns by the name of the server */
export async function agesOf(rounds: number, warmUpRounds = 0): Promise<Record<string, Ages>> {
  const server = new Peer('the server of the first octet', nodeProgram('latency/server.ts'));
  const client = new Peer('the client of the first octet', nodeProgram('latency/client.ts'));
  try {
    const ports = await server.next<Question['ports']>();
    await client.ask({ ports, rounds: warmUpRounds });
    return await client.ask({ ports, rounds });
  } finally {
    await Promise.all([server.stop(), client.stop()]);
  }
}

export async function measureFirstOctet(quick: boolean, log: (line: string) => void): Promise<Section> {
  const ages = await agesOf(quick ? QUICK_ROUNDS : ROUNDS, WARM_UP_ROUNDS);
  const ratios: Ratio[] = [];
  const rows = [...Object.entries(OURS), [THEIRS, 'res.write'] as const].map(([name, label]) => [
    label,
    ...(['first', 'later'] as const).flatMap((kind) => {
      const ours = ages[name]![kind];
      const cells = [formatNumber(median(ours)), formatNumber(percentile(ours, 0.9))];
      if (name === THEIRS) return [...cells, ''];
      const value = median(ours) / median(ages[THEIRS]![kind]);
      ratios.push({ id: `first-octet/${kind}/${name}`, value, atMost: WANTED });
      return [...cells, `${formatRatio(value)} (${WANTED})`];
    }),
  ]);
  for (const { id, value } of ratios) log(`${id}: ${formatRatio(value)}`);
  const header = Object.values(KINDS).flatMap((kind) => [`${kind}, µs`, '90 % within, µs', '÷ res.write']);
  const markdown = [
    'From the call of `write()` to the octets at the client, microseconds: medians, and what nine of ten stay within. ' +
      'The servers share a process and are asked in turn by a client in another; each writes the time into what it ' +
      'writes, on a clock that both processes read. Less is better; in brackets what is wanted.',
    toTable(['', ...header], rows),
    'What this does not show: most of it is the kernel waking the client up, which is the same for all, and which ' +
      'varies by a few percent from run to run.',
  ].join('\n\n');
  return { name: 'first octet', markdown, ratios, charts: [] };
}

function percentile(values: readonly number[], share: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length * share)]!;
}
