/**
 * One kind of message that grows, in a process of its own: the Decoder's best CPU time for each size. The sizes take
 * turns, so that a disturbance does not fall on one of them alone. Prints the points as a line of JSON.
 */
import { cpuSeconds } from './cpu-time.ts';
import type { Point } from './fit.ts';
import { growingNamed } from './growth.ts';
import { loadCore } from './library.ts';
import { take } from './sink.ts';

export interface GrowthTask {
  name: string;
  passes: number;
}

/** The shortest sample: `process.cpuUsage` counts in microseconds. */
const SAMPLE_SECONDS = 0.02;
/** Until the code is as fast as it gets: cold, the small sizes come out dear, and a quadratic cost looks linear. */
const WARM_UP_SECONDS = 0.6;

const task: GrowthTask = JSON.parse(process.argv[2]!);
const { sizes, make } = growingNamed(task.name);
const { Decoder } = await loadCore();
const messages = sizes.map((size) => ({ size, reads: make(size), seconds: Infinity }));
for (const warmUpEnd = cpuSeconds() + WARM_UP_SECONDS; cpuSeconds() < warmUpEnd; ) {
  for (const { reads } of messages) sample(reads);
}
for (let pass = 0; pass < task.passes; pass++) {
  for (const message of messages) message.seconds = Math.min(message.seconds, sample(message.reads));
}
const points: Point[] = messages.map(({ size, seconds }) => ({ size, seconds }));
console.log(JSON.stringify(points));

function decode(reads: readonly Buffer[]): void {
  const decoder = new Decoder({ onData: take });
  for (const read of reads) decoder.write(read);
  if (!decoder.done) throw new Error('The decoder is not done', { cause: decoder.error });
}

/** Seconds of CPU time for a message. No collection is forced: its threads would go on into the sample. */
function sample(reads: readonly Buffer[]): number {
  const start = cpuSeconds();
  let elapsed = 0;
  let count = 0;
  for (let batch = 1; elapsed < SAMPLE_SECONDS; batch *= 2) {
    for (let i = 0; i < batch; i++) decode(reads);
    count += batch;
    elapsed = cpuSeconds() - start;
  }
  return elapsed / count;
}
