/**
 * From an implementation and its shapes to a Benchmark.Suite. Every shape's output is compared with its fixture before
 * anything is timed, which also warms the code up; every timed iteration has to give as many octets as the checked one.
 * Only one shape's fixture is alive at a time: a small-chunk one is some 260,000 objects for the collector to visit.
 */
import Benchmark from 'benchmark';
import { type Fixture, type Shape, titleOf } from './fixtures.ts';
import { startKeeping, stopKeeping, takeCount } from './sink.ts';

/** The shortest sample of Benchmark.js. */
const SAMPLE_MS = 50;
const CALIBRATION_MS = 100;

/** Works through the fixture's input, giving its output to the sink. Done when it returns, or when its promise is. */
export type Work = (input: Buffer[]) => void | Promise<void>;

export interface Implementation {
  /** For the command line. */
  name: string;
  /** For readers. */
  label: string;
  /** Why this Node cannot run it, if so. */
  absence?(): string | undefined;
  load(): Promise<Work>;
  isAsync?: boolean;
  /** Whether the output is right, where it is not to equal the fixture's. */
  isRight?(output: Buffer, fixture: Fixture): boolean;
}

/** One implementation's speed over another's. */
export interface Ratio {
  of: string;
  over: string;
  /** The one path on which the two do the same work; all of them by default. */
  path?: string;
}

export interface SuiteFile {
  name: string;
  /** What is measured, as a sentence or two for the results. */
  about: string;
  /** What the figures do not show. */
  caveat: string;
  shapes: readonly Shape[];
  implementations: readonly Implementation[];
  ratios: readonly Ratio[];
  createSuite(implementation: string, options?: Benchmark.Options): Promise<Benchmark.Suite>;
}

export async function buildSuite(
  implementation: Implementation,
  shapes: readonly Shape[],
  fixtureOf: (shape: Shape) => Fixture,
  options: Benchmark.Options,
): Promise<Benchmark.Suite> {
  const work = await implementation.load();
  const suite = new Benchmark.Suite(implementation.label);
  for (const shape of shapes) {
    const fixture = fixtureOf(shape);
    const octets = await check(implementation, work, shape, fixture);
    const initCount = await calibrate(work, fixture.input);
    let input: Buffer[] = [];
    const verify = () => {
      const count = takeCount();
      if (count !== octets) throw new Error(`${titleOf(shape)}: ${count} octets came out, expected ${octets}`);
    };
    const runSync = () => {
      work(input);
      verify();
    };
    const runAsync = async (deferred: { resolve(): void }) => {
      await work(input);
      verify();
      deferred.resolve();
    };
    suite.add(titleOf(shape), {
      ...options,
      initCount,
      defer: implementation.isAsync === true,
      fn: implementation.isAsync ? runAsync : runSync,
      onStart: () => {
        input = fixtureOf(shape).input;
        globalThis.gc?.();
      },
      onComplete: () => {
        input = [];
      },
    });
  }
  return suite;
}

/** Runs once and compares. Returns how many octets came out. */
async function check(implementation: Implementation, work: Work, shape: Shape, fixture: Fixture): Promise<number> {
  takeCount();
  startKeeping();
  await work(fixture.input);
  const output = stopKeeping();
  const isRight = implementation.isRight?.(output, fixture) ?? output.equals(fixture.output);
  if (!isRight) {
    throw new Error(`${implementation.label}, ${titleOf(shape)}: the output differs from the fixture`);
  }
  return takeCount();
}

/**
 * How many iterations fill a sample. Benchmark.js starts with a sample of one and keeps it; a single interruption then
 * weighs as much as hundreds of iterations later on: 70 ms made 28,000 MB/s into 590 (measured).
 */
async function calibrate(work: Work, input: Buffer[]): Promise<number> {
  const start = performance.now();
  let fastest = Infinity;
  let before = start;
  for (let rounds = 0; rounds < 3 || before - start < CALIBRATION_MS; rounds++) {
    await work(input);
    const after = performance.now();
    fastest = Math.min(fastest, after - before);
    before = after;
  }
  takeCount();
  return Math.max(1, Math.ceil(SAMPLE_MS / fastest));
}

/** The implementation of this name. */
export function named(implementations: readonly Implementation[], name: string): Implementation {
  const found = implementations.find((implementation) => implementation.name === name);
  if (found === undefined) throw new TypeError(`No implementation is named ${name}`);
  return found;
}
