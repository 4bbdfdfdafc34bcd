/**
 * One implementation in a process of its own: runs its shapes one by one and prints a line of JSON for each. The task
 * comes as JSON in the first argument.
 */
import type Benchmark from 'benchmark';
import type { Report, Task } from './measurement.ts';
import { measurementOf, named } from './suite.ts';
import { suiteNamed } from './suites.ts';

const MIN_SAMPLES = 5;

const task: Task = JSON.parse(process.argv[2]!);
const file = suiteNamed(task.suite);
const absence = named(file.implementations, task.implementation).absence?.();
if (absence !== undefined) report({ absence });
else await run();

async function run(): Promise<void> {
  const suite = await file.createSuite(task.implementation, { maxTime: task.maxTime, minSamples: MIN_SAMPLES });
  suite.on('cycle', (event: Benchmark.Event) => {
    const benchmark = event.target as unknown as Benchmark;
    if (benchmark.error) throw benchmark.error;
    report(measurementOf(benchmark));
  });
  suite.run({ async: true });
}

function report(line: Report): void {
  console.log(JSON.stringify(line));
}
