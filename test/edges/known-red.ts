/** Cells that are not right yet, by kind. A cell that has become right fails the test until it is off this list. */
import type { Asking, Scenario } from './clients.ts';
import { ROWS } from './rows.ts';

interface KnownRed {
  subjects: string[];
  scenarios: Scenario[];
  askings: Asking[];
  reason: string;
  /** It depends on timing: what comes of it is printed, and asserted neither way. */
  isUnsteady?: boolean;
}

const EVERY: Asking[] = ['HTTP/1.1', 'asked', 'HTTP/1.0'];
const SUBJECTS = ROWS.map(({ subject }) => subject);
const KOA = SUBJECTS.filter((subject) => subject.startsWith('koa'));
const LATE_COMPRESSION = SUBJECTS.filter((subject) => subject.endsWith(' late') && subject.includes('compression'));

export const KNOWN_RED: KnownRed[] = [
  {
    subjects: KOA,
    scenarios: ['whole', 'middle', 'slow', 'head'],
    askings: EVERY,
    reason:
      'ctx.respond = false leaves 404, which Koa has set before, as the status of a response that nobody gave one',
  },
  { subjects: KOA, scenarios: ['leaves'], askings: ['asked'], reason: 'the same: verify is not asked of a 404' },
  {
    subjects: LATE_COMPRESSION,
    scenarios: ['whole', 'middle', 'slow', 'leaves'],
    askings: EVERY,
    reason: 'what replaces write and end after respond(res) sets Content-Encoding, and sees only part of the content',
  },
  {
    subjects: ["source.on('error', () => res.end())"],
    scenarios: ['before'],
    askings: EVERY,
    reason: 'a foreign end() before the first byte sends an empty 200',
  },
  {
    subjects: SUBJECTS.filter((one) => !LATE_COMPRESSION.includes(one) && one !== 'on-headers that throws'),
    scenarios: ['leaves'],
    askings: ['HTTP/1.0'],
    reason: 'an HTTP/1.0 client that leaves is not noticed before the next write or idleTimeout, but for a race',
    isUnsteady: true,
  },
];

export function knownRed(subject: string, scenario: Scenario, asking: Asking): KnownRed | undefined {
  return KNOWN_RED.find(
    (one) => one.subjects.includes(subject) && one.scenarios.includes(scenario) && one.askings.includes(asking),
  );
}
