/** Everything that the probes have written, in order, told once for neighbouring versions that agree. */

import { describeRanges, type Range, rangesOf, spanOf } from './ranges.ts';
import { has, runOf } from './readings.ts';
import { FRAMINGS, type Kind, type Notice, PROBES, type Row, signatureOf, TRUNCATIONS } from './record.ts';
import type { Ending } from './server.ts';

const KINDS: readonly Kind[] = [...PROBES, 'fetch?close', 'verify'];
const ENDINGS: readonly Ending[] = ['fin', 'rst', 'complete'];

/** A block of text for each probe: the endings, and what came on which versions. */
export function describeSequences(rows: readonly Row[]): { probe: Kind; text: string }[] {
  return KINDS.map((probe) => {
    const able = rows.filter((row) => runOf(row, probe, 'chunked', 'complete') !== undefined);
    const lines = ENDINGS.flatMap((ending) => {
      const [chunked, length] = FRAMINGS.map((framing) =>
        linesOf(rangesOf(able, (row) => shorten(signatureOf(runOf(row, probe, framing, ending)!)))),
      );
      if (String(chunked) === String(length)) return [`chunked/${ending} and length/${ending}`, ...chunked!];
      return [`chunked/${ending}`, ...chunked!, `length/${ending}`, ...length!];
    });
    return { probe, text: lines.join('\n') };
  });
}

/** Each two neighbours, and the probes in which they show anything different. */
export function changesOf(rows: readonly Row[]): { between: string; probes: Kind[] }[] {
  return rows.slice(1).map((row, i) => {
    const probes = KINDS.filter((probe) => {
      const pairs = FRAMINGS.flatMap((framing) =>
        ENDINGS.map((ending) => [row, rows[i]!].map((each) => runOf(each, probe, framing, ending))),
      );
      return pairs.some(([now, before]) => now && before && signatureOf(now) !== signatureOf(before));
    });
    return { between: `${rows[i]!.version} to ${row.version}`, probes };
  });
}

/** The one event that is recorded and is no way of noticing. */
export function describeAborts(rows: readonly Row[]): string {
  const kindsWith = (row: Row, on: Notice['on']) =>
    KINDS.filter((kind) =>
      FRAMINGS.some((framing) =>
        TRUNCATIONS.some((ending) => {
          const run = runOf(row, kind, framing, ending);
          return run !== undefined && has(on, 'abort')(run);
        }),
      ),
    ).join(' and ');
  const of = (on: Notice['on']) => describeRanges(rangesOf(rows, (row) => kindsWith(row, on) || undefined)) || 'never';
  return `\`abort\` of the response: ${of('response')}; of the request: in ${of('request')}.`;
}

function linesOf(ranges: readonly Range<string>[]): string[] {
  return ranges.map((range) => `  ${spanOf(range).padEnd(20)} ${range.value}`);
}

/** The response is what most of it is about. */
function shorten(signature: string): string {
  return signature
    .replaceAll('response ', '')
    .replaceAll('destination ', 'destination.')
    .replaceAll('request ', 'request.')
    .replaceAll('outcome ', '')
    .replace('process --', '--')
    .replace(/process exit( \[\w*\])?, exit 0$/, 'exit$1')
    .replace(/, exit 0$/, '');
}
