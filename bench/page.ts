/** bench/results.md: written from what was measured, and read again to compare with. */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { isMet, type Measured } from './row.ts';

const SIGNS = { CPU: 'CPU', time: 'elapsed', memory: 'KiB more', speed: 'times as fast' } as const;

function toTable(rows: readonly Measured[]): string {
  const lines = rows.map((row) => {
    const { title, by, target, best, median, figures, why = '', profile } = row;
    const met = isMet(row);
    const reason = profile === undefined ? why : `${why} [Profile](${profile}).`.trim();
    const wanted = target === undefined ? '–' : `${by === 'speed' ? '≥' : '≤'} ${target}`;
    const verdict = met === undefined ? '' : met ? 'yes' : 'no';
    return `| ${title} | ${SIGNS[by]} | ${wanted} | ${format(best)} | ${format(median)} | ${verdict} | ${figures} | ${met ? '' : reason} |`;
  });
  const header = '| what | compared | target | best | median | met | best of ours · of theirs | why not |';
  return [header, '|---|---|---|---|---|---|---|---|', ...lines].join('\n');
}

const format = (value: number) => (Math.abs(value) < 10 ? value.toFixed(2) : value.toFixed(0));

export function toPage(jobs: readonly Measured[], parts: readonly Measured[], isQuick: boolean): string {
  const load = loadavg().map((value) => value.toFixed(1));
  const kernel = execFileSync('uname', ['-sr'], { encoding: 'utf8' }).trim();
  const machine = `${cpus()[0]?.model}, ${cpus().length} cores, ${kernel}, Node ${process.versions.node}`;
  const date = new Date().toISOString().slice(0, 10);
  const missed = [...jobs, ...parts].filter((row) => isMet(row) === false).length;
  const judged = [...jobs, ...parts].filter((row) => isMet(row) !== undefined).length;
  return `# What it costs

Made by \`npm run bench${isQuick ? ' -- --quick' : ''}\` on ${machine}, ${date}, load average ${load.join(', ')} at its end.
${isQuick ? 'This was a **quick** run: two runs a side, on a machine that had other work. Read it as an order of magnitude.\n' : ''}
${judged - missed} of ${judged} targets are met. Each figure is ours ÷ theirs, so that less is better, unless it says "times as
fast". \`best\` compares the best run of each side and decides; \`median\` shows how steady that is.

![How far each figure is from its target](results.svg)

## The jobs

Each side has processes of its own, new for each run; the sides take turns, and what their clients got is compared. CPU is
that of the process named, all threads and the kernel's time for it.

${toTable(jobs)}

## The parts

In process, with benchmark.js: samples by its own choice, the mean with its margin of error. The output of each case is
checked before it is timed. No stream, socket or system call is part of a figure, but for ChunkedDecoder's streams. Decoding
starts from reads that are copied to where a socket would write them, and the best time of that alone is taken off both sides.

${toTable(parts)}
`;
}

/** A row of a page, as far as it can be read again. */
export interface Reported {
  title: string;
  /** Whether more is better. */
  isSpeed: boolean;
  isMemory: boolean;
  target: number | undefined;
  best: number;
}

export function readPage(page: string): Reported[] {
  const rows = page.matchAll(
    /^\| (.+?) \| (CPU|elapsed|KiB more|times as fast) \| (?:–|[≤≥] (.+?)) \| (-?[\d.]+) \|/gm,
  );
  return Array.from(rows, ([, title, sign, target, best]) => ({
    title: title!,
    isSpeed: sign === SIGNS.speed,
    isMemory: sign === SIGNS.memory,
    target: target === undefined ? undefined : Number(target),
    best: Number(best),
  }));
}
