/** What a claim is made of, and how it is examined: every fact on every version and ending of which it says something. */

import { describeRanges, rangesOf } from './ranges.ts';
import { FRAMINGS, type Row, TRUNCATIONS } from './record.ts';
import type { Ending, Framing } from './server.ts';

/** What was measured, and what is claimed, which has no say in the first. */
export interface Fact {
  name: string;
  measured(row: Row, framing: Framing, ending: Ending, rows: readonly Row[]): string;
  /** Undefined where nothing is claimed. */
  claimed(row: Row): string | undefined;
}

export interface Claim {
  text: string;
  facts: readonly Fact[];
  /** What is to be said where it does not agree. */
  note?: string;
}

export interface Finding {
  text: string;
  result: 'agrees' | 'does not agree everywhere' | 'not measured';
  /** What was measured, a line a fact. */
  evidence: string[];
  /** Where a fact is not as claimed. */
  differences: string[];
  note: string | undefined;
}

export function examine(claim: Claim, rows: readonly Row[]): Finding {
  const evidence: string[] = [];
  const differences: string[] = [];
  let isMeasured = false;
  for (const { name, measured, claimed } of claim.facts) {
    const summarize = (row: Row) => join((framing, ending) => measured(row, framing, ending, rows));
    const all = rangesOf(rows, (row) => (claimed(row) === undefined ? undefined : summarize(row)));
    isMeasured ||= all.length > 0;
    evidence.push(`${name}: ${describeRanges(all) || 'no version measured'}`);
    const others = rangesOf(rows, (row) => {
      const [claim, value] = [claimed(row), summarize(row)];
      return claim === undefined || claim === value ? undefined : `${value} where the claim is "${claim}"`;
    });
    if (others.length > 0) differences.push(`${name}: ${describeRanges(others)}`);
  }
  const { text, note } = claim;
  return { text, result: isMeasured ? resultOf(differences) : 'not measured', evidence, differences, note };
}

function resultOf(differences: readonly string[]): Finding['result'] {
  return differences.length === 0 ? 'agrees' : 'does not agree everywhere';
}

/** One value if it is that of every ending, or of every ending of a framing. */
function join(see: (framing: Framing, ending: Ending) => string): string {
  const byFraming = FRAMINGS.map((framing) => {
    const values = TRUNCATIONS.map((ending) => ({ ending, value: see(framing, ending) }));
    const [first] = values;
    if (values.every(({ value }) => value === first!.value)) return { framing, value: first!.value };
    return { framing, value: values.map(({ ending, value }) => `${value} for ${ending}`).join(', ') };
  });
  const [first] = byFraming;
  if (byFraming.every(({ value }) => value === first!.value)) return first!.value;
  return byFraming.map(({ framing, value }) => `${value} for ${framing}`).join(', ');
}
