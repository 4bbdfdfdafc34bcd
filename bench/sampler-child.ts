/**
 * One implementation in a process of its own that takes samples when it is asked to, so that two of them can take turns:
 * a shape's name comes as a message, the best CPU time for an octet goes back. `null` says that it cannot run here.
 */
import { cpuSeconds } from './cpu-time.ts';
import { shapeNamed } from './fixtures.ts';
import { calibrate, named, prepare, type Run } from './suite.ts';
import { suiteNamed } from './suites.ts';

/** A suite's implementation, as JSON in the first argument. */
export interface SamplerTask {
  suite: string;
  implementation: string;
}

const SAMPLE_SECONDS = 0.05;

const task: SamplerTask = JSON.parse(process.argv[2]!);
const suite = suiteNamed(task.suite);
const implementation = named(suite.implementations, task.implementation);
let current: { name: string; run: Run; count: number } | undefined;

process.on('message', (name: string) => {
  sample(name).then(
    (seconds) => process.send!(seconds),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.send!(implementation.absence?.() ?? null);

async function sample(name: string): Promise<number> {
  if (current?.name !== name) {
    const run = await prepare(implementation, shapeNamed(suite.shapes, name));
    current = { name, run, count: await calibrate(run, SAMPLE_SECONDS) };
  }
  const { run, count } = current;
  const start = cpuSeconds();
  for (let i = 0; i < count; i++) await run.once();
  return (cpuSeconds() - start) / (count * run.octets);
}
