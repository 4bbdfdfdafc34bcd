/** The claims of a published account of 2024, which tested Node 4.0 to 21.6, one by one. */
import type { Claim, Fact } from './facts.ts';
import { has, hasClosedIncomplete, isFetchBehindFlag, outcomeOf, runOf, WAYS } from './readings.ts';
import { describeError, PROBES, type Row, type Run, signatureOf } from './record.ts';
import type { Ending, Framing } from './server.ts';
import { isAtLeast } from './versions.ts';

const since = (bound: string, then: string, before?: string) => (row: Row) =>
  isAtLeast(row.version, bound) ? then : before;

const emission =
  (probe: 'events' | 'pipe', on: 'response' | 'destination', event: string): Fact['measured'] =>
  (row, framing, ending) =>
    has(on, event)(runOf(row, probe, framing, ending)!) ? 'emitted' : 'not emitted';

const reading =
  (name: string): Fact['measured'] =>
  (row, framing, ending) =>
    WAYS.find((way) => way.name === name)!.read(row, framing, ending);

const telling = (name: string, bound: string): Fact => ({
  name,
  measured: reading(name),
  claimed: (row) => {
    if (isAtLeast(row.version, bound)) return 'tells';
    return reading(name)(row, 'chunked', 'fin', []) === 'absent' ? undefined : 'silent';
  },
});

const message: Fact['measured'] = (row, framing, ending) =>
  describeError(outcomeOf(runOf(row, 'finished', framing, ending))?.error).trim() || 'no error';

const unheard = (run: Run) => (run.exit === 0 ? 'nothing is thrown' : `the process ends: ${run.crash ?? run.exit}`);

const FIRST_OF_SPAN = '17.3.0';
const inSpan = ({ version }: Row) => isAtLeast(version, FIRST_OF_SPAN) && !isAtLeast(version, '21.7.0');

const sameAsFirst = (name: string, see: (row: Row, framing: Framing, ending: Ending) => string): Fact => ({
  name,
  measured: (row, framing, ending, rows) => {
    const first = rows.find(({ version }) => version === FIRST_OF_SPAN);
    if (first === undefined) return `${FIRST_OF_SPAN} was not measured`;
    return see(row, framing, ending) === see(first, framing, ending) ? 'the same' : 'different';
  },
  claimed: (row) => (inSpan(row) ? 'the same' : undefined),
});

const signatures =
  (probes: readonly (typeof PROBES)[number][], of?: Ending) => (row: Row, framing: Framing, ending: Ending) =>
    probes.map((probe) => signatureOf(runOf(row, probe, framing, of ?? ending)!)).join('\n');

const OLD_PROBES = PROBES.filter((probe) => probe !== 'fetch');

export const CLAIMS: readonly Claim[] = [
  {
    text: 'Before 13.0 a truncated response emits `end`',
    facts: [
      {
        name: '`end`',
        measured: emission('events', 'response', 'end'),
        claimed: since('13.0.0', 'not emitted', 'emitted'),
      },
    ],
  },
  {
    text: '`pipeline` and `finished` report it since 12.10',
    facts: [telling('`pipeline`', '12.10.0'), telling('`finished`', '12.10.0')],
  },
  {
    text: '`for await` throws since 15.0, and the response emits `error`, only with a listener',
    facts: [
      telling('`for await`', '15.0.0'),
      {
        name: '`error` with a listener',
        measured: emission('events', 'response', 'error'),
        claimed: since('15.0.0', 'emitted', 'not emitted'),
      },
      {
        name: 'without a listener',
        measured: (row, framing, ending) => unheard(runOf(row, 'unheard', framing, ending)!),
        claimed: () => 'nothing is thrown',
      },
    ],
  },
  {
    text: '`finished` says "aborted" rather than "Premature close" since 16.0',
    facts: [
      {
        name: 'message of `finished`',
        measured: message,
        claimed: (row) =>
          isAtLeast(row.version, '12.10.0') ? since('16.0.0', '"aborted"', '"Premature close"')(row) : undefined,
      },
    ],
  },
  {
    text: '`readableEnded` tells since 13.0 and not in 12.9',
    facts: [telling('`.readableEnded`', '13.0.0')],
  },
  {
    text: '`destroyed` never tells',
    facts: [
      {
        name: '`.destroyed`',
        measured: reading('`.destroyed`'),
        claimed: (row) => (reading('`.destroyed`')(row, 'chunked', 'fin', []) === 'absent' ? undefined : 'silent'),
      },
    ],
  },
  {
    text: '`pipe` ends its destination only before 13.0',
    facts: [
      {
        name: "the destination's `finish`",
        measured: emission('pipe', 'destination', 'finish'),
        claimed: since('13.0.0', 'not emitted', 'emitted'),
      },
    ],
  },
  {
    text: '`close` with `complete === false` tells on every version',
    facts: [
      {
        name: '`close`',
        measured: (row, framing, ending) =>
          hasClosedIncomplete(runOf(row, 'events', framing, ending)!) ? 'comes, incomplete' : 'does not',
        claimed: () => 'comes, incomplete',
      },
      {
        name: 'the same after a complete response',
        measured: (row, framing) =>
          hasClosedIncomplete(runOf(row, 'events', framing, 'complete')!) ? 'comes, incomplete' : 'does not',
        claimed: () => 'does not',
      },
    ],
  },
  {
    text: '`fetch` is there since 16.15 and rejects',
    note:
      'From 16.15 on Node 16, and from 17.5 on Node 17, `fetch` is there only under `--experimental-fetch`; by default ' +
      'since 18.0. It rejects, unless the head says `Connection: close` and the coding is chunked: then a cut body, by ' +
      'FIN or by RST, is a success on the versions named. Which head the account used is not known here.',
    facts: [
      {
        name: '`fetch`',
        measured: (row) =>
          reading('`fetch`')(row, 'chunked', 'fin', []) === 'absent'
            ? 'absent'
            : isFetchBehindFlag(row)
              ? 'under a flag'
              : 'there',
        claimed: since('16.15.0', 'there', 'absent'),
      },
      {
        name: 'where it is, a head without `Connection`',
        measured: reading('`fetch`'),
        claimed: (row) => (reading('`fetch`')(row, 'chunked', 'fin', []) === 'absent' ? undefined : 'tells'),
      },
      {
        name: 'where it is, a head with `Connection: close`',
        measured: reading('closing `fetch`'),
        claimed: (row) => (reading('`fetch`')(row, 'chunked', 'fin', []) === 'absent' ? undefined : 'tells'),
      },
    ],
  },
  {
    text: 'Nothing changed from 17.3 to 21.6',
    note:
      'For a truncated response read through `node:http`, nothing did. `fetch` came within the span, and changed what it ' +
      'says of a cut `Connection: close` response; and after a complete response the order of `close` events changed.',
    facts: [
      sameAsFirst('events, order and properties of a truncated response, against 17.3.0', signatures(OLD_PROBES)),
      sameAsFirst('`fetch`', (row, framing, ending) => reading('`fetch`')(row, framing, ending, [])),
      sameAsFirst('closing `fetch`', (row, framing, ending) => reading('closing `fetch`')(row, framing, ending, [])),
      sameAsFirst('the same events of a complete response', signatures(OLD_PROBES, 'complete')),
    ],
  },
];
