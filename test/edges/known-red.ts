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

const SUBJECTS = ROWS.map(({ subject }) => subject);

export const KNOWN_RED: KnownRed[] = [
  {
    subjects: SUBJECTS.filter((one) => one !== 'on-headers that throws'),
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
