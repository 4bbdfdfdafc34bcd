/**
 * What each way of noticing a truncation makes of it. One rule for all of them: a way tells if what it shows of the cut
 * response differs from what it shows, on the same version, of the complete one.
 */
import {
  FRAMINGS,
  type Kind,
  keyOf,
  type Notice,
  type Probe,
  type Row,
  type Run,
  type State,
  TRUNCATIONS,
} from './record.ts';
import type { Ending, Framing } from './server.ts';

/** `stuck`: no answer ever comes. `absent`: the version does not have it. */
export type Reading = 'tells' | 'silent' | 'stuck' | 'absent';

export interface Way {
  name: string;
  about: string;
  read(row: Row, framing: Framing, ending: Ending): Reading;
}

/** The readings of a way on a version, over both framings and both endings. */
export interface Cell {
  kind: Reading | 'mixed';
  /** Which of them tell, if not all do; or what is to be added. */
  text: string;
}

export const WAYS: readonly Way[] = [
  { name: 'no `end`', about: "the response's `end` does not come", read: compare('events', has('response', 'end')) },
  { name: '`aborted` event', about: 'of the response', read: compare('events', has('response', 'aborted')) },
  { name: 'response `error`', about: 'with a listener to it', read: compare('events', has('response', 'error')) },
  {
    name: 'request `error`',
    about: 'while the response is being read',
    read: compare('events', has('request', 'error')),
  },
  {
    name: 'incomplete `close`',
    about: "`complete` is `false` in the listener to the response's `close`",
    read: compare('events', hasClosedIncomplete),
  },
  property('aborted'),
  property('readableEnded'),
  property('destroyed'),
  {
    name: '`pipe`',
    about: 'the destination is not ended (and learns nothing else)',
    read: compare('pipe', has('destination', 'finish')),
  },
  { name: '`pipeline`', about: '`stream.pipeline` calls back with an error', read: readOutcome('pipeline') },
  { name: '`finished`', about: '`stream.finished` calls back with an error', read: readOutcome('finished') },
  { name: '`for await`', about: 'over the response throws', read: readOutcome('iteration') },
  { name: '`fetch`', about: 'the promise of the text is rejected', read: readOutcome('fetch') },
  {
    name: 'closing `fetch`',
    about: 'the same where the head says `Connection: close`',
    read: readOutcome('fetch?close'),
  },
  { name: '`verify()`', about: 'of this library fails the stream', read: readOutcome('verify') },
];

export function cellOf(way: Way, row: Row): Cell {
  const all = FRAMINGS.flatMap((framing) =>
    TRUNCATIONS.map((ending) => ({ framing, ending, reading: way.read(row, framing, ending) })),
  );
  const [first] = all;
  if (all.every(({ reading }) => reading === first!.reading))
    return { kind: first!.reading, text: remarkOn(way, row, first!.reading) };
  const telling = all.filter(({ reading }) => reading === 'tells');
  const common = (['framing', 'ending'] as const).find(
    (key) => telling.length === 2 && telling[0]![key] === telling[1]![key],
  );
  const names = common ? [telling[0]![common]] : telling.map(({ framing, ending }) => `${framing}/${ending}`);
  return { kind: 'mixed', text: names.join(' ').replace('fin', 'FIN').replace('rst', 'RST') || 'varies' };
}

function remarkOn({ name }: Way, row: Row, reading: Reading): string {
  if (reading === 'absent') return '';
  if (name === '`fetch`' && isFetchBehindFlag(row)) return 'flag';
  return name === '`verify()`' ? verdictOf(row) : '';
}

/** What `verify()` concluded of the cut responses. */
function verdictOf(row: Row): string {
  const kinds = FRAMINGS.flatMap((framing) =>
    TRUNCATIONS.map(
      (ending) => runOf(row, 'verify', framing, ending)?.notices.find(({ on }) => on === 'verdict')?.event,
    ),
  );
  return [...new Set(kinds)].map((kind) => kind ?? 'none').join(', ');
}

export function isFetchBehindFlag(row: Row): boolean {
  return row.runs[keyOf('fetch', 'chunked', 'complete')]?.notices[0]?.on === 'process';
}

export function runOf(row: Row, kind: Kind, framing: Framing, ending: Ending): Run | undefined {
  return row.runs[keyOf(kind, framing, ending)];
}

export function outcomeOf(run: Run | undefined): Notice | undefined {
  return run?.notices.find(({ on }) => on === 'outcome');
}

/** What is to be seen when nothing can happen any more. */
export function lastStateOf(run: Run): State | undefined {
  return run.notices.findLast(({ state }) => state !== undefined)?.state;
}

export function has(on: Notice['on'], event: string): (run: Run) => boolean {
  return (run) => run.notices.some((notice) => notice.on === on && notice.event === event);
}

export function hasClosedIncomplete(run: Run): boolean {
  return run.notices.some(
    ({ on, event, state }) => on === 'response' && event === 'close' && state?.complete === false,
  );
}

function property(name: keyof State): Way {
  return {
    name: `\`.${name}\``,
    about: 'the property of the response, looked at when nothing can happen any more',
    read: compare('events', (run) => lastStateOf(run)?.[name]),
  };
}

/** Compares with the complete response. Undefined in both is absence. */
function compare(probe: Probe, see: (run: Run) => boolean | undefined): Way['read'] {
  return (row, framing, ending) => {
    const cut = see(runOf(row, probe, framing, ending)!);
    const complete = see(runOf(row, probe, framing, 'complete')!);
    if (cut === undefined && complete === undefined) return 'absent';
    return cut === complete ? 'silent' : 'tells';
  };
}

function readOutcome(kind: Kind): Way['read'] {
  return (row, framing, ending) => {
    const run = runOf(row, kind, framing, ending);
    const outcome = outcomeOf(run)?.event;
    if (run === undefined || outcome === 'absent') return 'absent';
    if (outcome === undefined) return run.exit === 0 || typeof run.exit === 'string' ? 'stuck' : 'tells';
    return outcome === outcomeOf(runOf(row, kind, framing, 'complete'))?.event ? 'silent' : 'tells';
  };
}
