/** What a process did with its CPU, as text beside the page: the functions of a .cpuprofile by their own time. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const FOLDER = new URL('profiles/', import.meta.url);
/** Functions that are listed. */
const MAX_LINES = 60;

interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
}

/**
 * Writes the text for the profile that a process left in a folder, which is removed.
 *
 * @returns the name of the text, seen from the page
 */
export function summarize(folder: string, title: string): string {
  const text = profileText(folder, title);
  rmSync(folder, { recursive: true });
  mkdirSync(FOLDER, { recursive: true });
  const name = `${title.replaceAll(/[^a-z0-9]+/gi, '-').replaceAll(/^-|-$/g, '')}.txt`;
  writeFileSync(new URL(name, FOLDER), text);
  return `profiles/${name}`;
}

export function profileText(folder: string, title: string): string {
  // Each thread leaves one, and the loader of TypeScript has a thread: CPU.<day>.<time>.<pid>.<thread>.<number>.cpuprofile
  const main = readdirSync(folder).find((file) => file.split('.')[4] === '0')!;
  return toText(JSON.parse(readFileSync(path.join(folder, main), 'utf8')) as CpuProfile, title);
}

function toText({ nodes, samples, timeDeltas }: CpuProfile, title: string): string {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  let total = 0;
  samples.forEach((id, at) => {
    const name = names.get(id)!;
    if (name === '(idle)') return;
    const time = timeDeltas[at]!;
    total += time;
    times.set(name, (times.get(name) ?? 0) + time);
  });
  const lines = [...times]
    .sort(([, one], [, other]) => other - one)
    .slice(0, MAX_LINES)
    .map(([name, time]) => `${((100 * time) / total).toFixed(1).padStart(5)} %  ${name}`);
  const head = `${title}: own time of each function, of ${(total / 1e6).toFixed(2)} s that were sampled, warm-up included.`;
  return `${[head, ...lines].join('\n')}\n`;
}

function nameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName || '(anonymous)';
  if (url === '') return name;
  return `${name} ${url.replace(/^.*\/(dist|bench|node_modules)\//, '$1/')}:${lineNumber + 1}`;
}
