/**
 * Runs every probe of a version against every ending, each in a process of its own, several times: what does not come
 * out the same each time is named.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { inParallel } from './parallel.ts';
import { start } from './process.ts';
import {
  FRAMINGS,
  type Kind,
  keyOf,
  PROBES,
  type Probe,
  type Row,
  type Run,
  signatureOf,
  TRUNCATIONS,
} from './record.ts';
import { CHUNK_BYTES, type Ending, type Framing, TRUNCATED_BYTES } from './server.ts';

export interface Setting {
  port: number;
  binary: string;
  version: string;
  /** The address of the library's module, for versions that it supports. */
  library?: string | undefined;
  repeats: number;
}

const EXPERIMENTAL_FETCH = '--experimental-fetch';

interface Case {
  kind: Kind;
  framing: Framing;
  ending: Ending;
}

export async function measure(setting: Setting): Promise<Row> {
  const row: Row = { version: setting.version, runs: {}, unsteady: {} };
  const absences = new Map<Probe, Run>();
  await inParallel(casesOf(setting), availableParallelism() + 1, async (item) => {
    const runs: Run[] = [];
    for (let i = 0; i < setting.repeats; i++) runs.push(await runCase(setting, item, absences));
    const key = keyOf(item.kind, item.framing, item.ending);
    row.runs[key] = runs[0]!;
    const ways = new Set(runs.map(signatureOf));
    if (ways.size > 1) row.unsteady[key] = [...ways];
  });
  return row;
}

function casesOf({ library }: Setting): Case[] {
  const kinds: Kind[] = [...PROBES, 'fetch?close', ...(library === undefined ? [] : ['verify' as const])];
  const endings = [...TRUNCATIONS, 'complete'] as const;
  return FRAMINGS.flatMap((framing) => endings.flatMap((ending) => kinds.map((kind) => ({ kind, framing, ending }))));
}

/** What a version does not have it has for no ending: one look is enough. */
async function runCase(setting: Setting, item: Case, absences: Map<Probe, Run>): Promise<Run> {
  const probe = item.kind === 'fetch?close' ? 'fetch' : item.kind;
  const known = absences.get(probe);
  if (known !== undefined) return known;
  const path = `/${item.framing}/${item.ending}${item.kind === 'fetch?close' ? '?close' : ''}`;
  const run = await runProbe(setting, probe, path);
  if (isAbsence(run)) absences.set(probe, run);
  else checkComparable(run, item, `Node ${setting.version}, ${item.kind}, ${path}`);
  return run;
}

async function runProbe({ binary, port, library }: Setting, probe: Probe, path: string): Promise<Run> {
  if (probe === 'verify') return start(binary, [fileOf('verify.mjs'), String(port), path, library!]);
  const args = [fileOf('client.cjs'), String(port), path, probe];
  const run = await start(binary, args);
  if (probe !== 'fetch' || !isAbsence(run)) return run;
  const flagged = await start(binary, [EXPERIMENTAL_FETCH, ...args]);
  if (flagged.notices.length === 0 || isAbsence(flagged)) return run; // none: there is no such option
  return { ...flagged, notices: [{ on: 'process', event: EXPERIMENTAL_FETCH }, ...flagged.notices] };
}

function isAbsence({ notices }: Run): boolean {
  return notices[0]?.event === 'absent';
}

/** Throws where a run cannot be compared: the control failed, or not all octets came that were to come. */
function checkComparable({ notices, crash }: Run, { ending }: Case, what: string): void {
  const failure = crash ?? notices.find(({ event }) => event === 'failure')?.error?.message;
  if (ending === 'complete' && failure !== undefined)
    throw new Error(`${what}: the complete response fails: ${failure}`);
  const pieces = notices.filter(({ event }) => event === 'data' || event === 'write');
  const octets = pieces.reduce((sum, piece) => sum + piece.octets!, 0);
  const expected = ending === 'complete' ? 2 * CHUNK_BYTES : TRUNCATED_BYTES;
  if (pieces.length > 0 && octets !== expected) throw new Error(`${what}: ${octets} octets came, not ${expected}`);
}

function fileOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
