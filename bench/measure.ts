/**
 * A suite, measured: every implementation in a process of its own, in turn, and that for several rounds, so that a slow
 * minute of the machine or an unlucky process does not decide.
 */
import { bestOf, type Outcome, type Report, type Task } from './measurement.ts';
import { linesFrom } from './processes.ts';
import { megabytesPerSecond } from './sections.ts';
import type { SuiteFile } from './suite.ts';
import { formatNumber } from './wire/tables.ts';

export interface Effort {
  rounds: number;
  /** Seconds for each shape, implementation and round. */
  maxTime: number;
}

export async function measureSuite(
  suite: SuiteFile,
  { rounds, maxTime }: Effort,
  log: (line: string) => void,
): Promise<Outcome[]> {
  const outcomes = suite.implementations.map(({ name }): Outcome => ({ implementation: name, measurements: [] }));
  for (let round = 1; round <= rounds; round++) {
    for (const outcome of outcomes) {
      if (outcome.absence !== undefined) continue;
      const task: Task = { suite: suite.name, implementation: outcome.implementation, maxTime };
      for await (const report of linesFrom('child.ts', task)) add(outcome, report as Report);
      const speeds = outcome.measurements.map(({ samples }) => formatNumber(megabytesPerSecond(bestOf(samples))));
      const result = outcome.absence === undefined ? `${speeds.join(', ')} MB/s` : `left out. ${outcome.absence}`;
      log(`${suite.name}, round ${round} of ${rounds}, ${outcome.implementation}: ${result}`);
    }
  }
  return outcomes;
}

function add(outcome: Outcome, report: Report): void {
  if ('absence' in report) {
    outcome.absence = report.absence;
    return;
  }
  const earlier = outcome.measurements.find(({ shape }) => shape === report.shape);
  if (earlier === undefined) outcome.measurements.push(report);
  else earlier.samples.push(...report.samples);
}
