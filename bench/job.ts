/**
 * A job of a user that crosses a socket: a server and a client, each in a process of its own (side.ts), fresh for each
 * run. The sides run in turn; what their clients got has to be the same.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { summarize } from './profile.ts';
import { isMet, type Measured, type Row } from './row.ts';

/**
 * Starts listening, and returns the port; and the process, if it is another program. `upstream` is the port of the job's
 * upstream, if it has one.
 */
export type Serve = (upstream: number) => Promise<number | { port: number; pid: number }>;
/** Does so much work, and returns what has to be the same for all sides; and its own figures, if the process has not. */
export type Load = (port: number, work: number) => Promise<string | ({ proof: string } & Partial<Usage>)>;

export interface Job {
  measured: 'server' | 'client';
  upstream?: Serve;
  servers: Record<string, Serve>;
  clients: Record<string, Load>;
  /** Names of a server and a client. */
  sides: Record<string, [server: string, client: string]>;
  rows: Row[];
  /** How much work: before anything is measured, in a quick run, in a full one. Its unit is the job's. */
  work: { warmUp: number; quick: number; full: number };
  /** Of a full run; 2 in a quick one. */
  runs?: number;
}

/** Seconds, seconds, KiB. */
export interface Usage {
  time: number;
  CPU: number;
  memory: number;
}

export type Question = { port: number; work: number } | 'mark' | 'report';
export type Answer = Usage & { proof: string };

const SIDE = fileURLToPath(new URL('side.ts', import.meta.url));
const MAX_SILENCE_MS = 300_000;

/**
 * @param isProfiled whether our side of each missed target is run once more, for its profile
 * @param until after this time of `performance.now` no side is begun: what has been measured counts
 */
export async function runJob(
  name: string,
  isQuick: boolean,
  log: (line: string) => void,
  { isProfiled = false, until = Number.POSITIVE_INFINITY } = {},
): Promise<Measured[]> {
  const { job } = (await import(new URL(`jobs/${name}.ts`, import.meta.url).href)) as { job: Job };
  const work = isQuick ? job.work.quick : job.work.full;
  const runs = isQuick ? 2 : (job.runs ?? 5);
  const samples: Record<string, Answer[]> = {};
  for (let i = 0; i < runs; i++) {
    for (const side of Object.keys(job.sides)) {
      if (performance.now() > until) break;
      const sample = await runSide(name, job, side, work);
      samples[side] = [...(samples[side] ?? []), sample];
      log(`  ${name}, ${side}: ${sample.time.toFixed(3)} s, ${sample.CPU.toFixed(3)} s of CPU`);
    }
  }
  const proofs = new Set(Object.values(samples).flatMap((all) => all.map(({ proof }) => proof)));
  if (proofs.size > 1) throw new Error(`${name}: the outputs differ: ${[...proofs].join(' / ')}`);
  const rows = job.rows.flatMap((row) => measure(row, samples, job.measured));
  for (const row of rows) {
    if (!isProfiled || isMet(row) !== false) continue;
    const folder = mkdtempSync(path.join(tmpdir(), 'bench-profile-'));
    await runSide(name, job, row.ours, work, folder);
    row.profile = summarize(folder, `${name}, ${row.ours}`);
  }
  return rows;
}

/** @param profiles where the measured process is to leave its profile */
async function runSide(name: string, job: Job, side: string, work: number, profiles?: string): Promise<Answer> {
  const [server, client] = job.sides[side]!;
  const processes: ChildProcess[] = [];
  const start = async (role: string, entry: string, upstream = 0): Promise<[ChildProcess, number]> => {
    const isProfiled = profiles !== undefined && role === `${job.measured}s`;
    const execArgv = [
      ...(isProfiled ? ['--cpu-prof', `--cpu-prof-dir=${profiles}`] : []),
      '--expose-gc',
      '--import',
      'tsx',
    ];
    const child = fork(SIDE, [name, role, entry, String(upstream)], { execArgv });
    processes.push(child);
    return [child, await answerOf<number>(child)];
  };
  try {
    const upstream = job.upstream === undefined ? 0 : (await start('upstream', ''))[1];
    const [serving, port] = await start('servers', server, upstream);
    const [loading] = await start('clients', client);
    const ask = <T>(child: ChildProcess, question: Question) => {
      child.send(question);
      return answerOf<T>(child);
    };
    const before = await ask<Usage>(serving, 'mark');
    if (job.work.warmUp > 0) await ask(loading, { port, work: job.work.warmUp });
    await ask(serving, 'mark');
    const client_ = await ask<Answer>(loading, { port, work });
    const server_ = await ask<Usage>(serving, 'report');
    const CPU = job.measured === 'server' ? server_.CPU : client_.CPU;
    return { proof: client_.proof, time: client_.time, CPU, memory: server_.memory - before.memory };
  } finally {
    // Each ends by itself then, and takes with it what it has made.
    for (const child of processes.filter(({ connected }) => connected)) {
      child.disconnect();
      await once(child, 'exit');
    }
  }
}

async function answerOf<T>(child: ChildProcess): Promise<T> {
  const signal = AbortSignal.timeout(MAX_SILENCE_MS);
  const dead = once(child, 'exit', { signal }).then(() => {
    throw new Error('A process of the benchmark has ended; what it said stands above');
  });
  const [answer] = await Promise.race([once(child, 'message', { signal }), dead]);
  return answer as T;
}

function measure(row: Row, samples: Record<string, Answer[]>, measured: string): Measured[] {
  const by = row.by === 'speed' ? 'CPU' : row.by;
  const [ours, theirs] = [row.ours, row.theirs].map((side) => samples[side]?.map((sample) => sample[by]));
  if (ours === undefined || theirs === undefined) return []; // a peer that is not installed, or no time
  const compare = (pick: (values: number[]) => number) => {
    if (by === 'memory') return (pick(ours) - pick(theirs)) / (row.each ?? 1);
    return row.by === 'speed' ? pick(theirs) / pick(ours) : pick(ours) / pick(theirs);
  };
  const best = (values: number[]) => Math.min(...values);
  const unit = by === 'memory' ? 'KiB' : by === 'CPU' ? `s of the ${measured}'s CPU` : 's';
  const figures = `${best(ours).toPrecision(3)} · ${best(theirs).toPrecision(3)} ${unit}`;
  return [{ ...row, best: compare(best), median: compare(median), figures }];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
