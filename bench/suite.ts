/**
 * From an implementation and its shapes to a Benchmark.Suite. Every shape's output is compared with its fixture before
 * anything is timed, which also warms the code up; every timed iteration has to give as many octets as the checked one.
 * Benchmark.js drives; a sample's CPU time is read where it has been taken, since the clock of a shared machine also
 * runs for others. Only one shape's fixture is alive at a time: a small-chunk one is some 260,000 objects for the
 * collector to visit.
 */
import Benchmark from 'benchmark';
import { cpuSeconds } from './cpu-time.ts';
import type { Fixture, Shape } from './fixtures.ts';
import type { Measurement } from './measurement.ts';
import { startKeeping, stopKeeping, takeCount } from './sink.ts';

/** The shortest sample of Benchmark.js. */
const SAMPLE_SECONDS = 0.05;
const CALIBRATION_SECONDS = 0.1;

/** Works through a fixture's input, giving its output to the sink. Done when it returns, or when its promise is. */
export type Work = (input: Buffer[][]) => void | Promise<void>;

export interface Implementation {
  /** For the command line, and the ratios' ids. */
  name: string;
  /** For readers. */
  label: string;
  /** Why it cannot run here, if so. */
  absence?(): string | undefined;
  load(): Promise<Work>;
  isAsync?: boolean;
  /** What it works on, where that is not the fixture's input. */
  inputOf?(fixture: Fixture): Buffer[][];
  /** Whether the output is right, where it is not to equal the fixture's. */
  isRight?(output: Buffer, fixture: Fixture): boolean;
}

/** One implementation's speed over another's. */
export interface Comparison {
  /** The last part of the ratios' ids: `decode/16/wasm`. */
  name: string;
  of: string;
  over: string;
  /** The shapes on which the two do the same work; all of them by default. */
  shapes?: readonly string[];
  /** What the project wants, by shape, where it wants something. */
  atLeast?: Readonly<Record<string, number>>;
}

export interface SuiteFile {
  name: string;
  /** What is measured, as a sentence or two for the results. */
  about: string;
  /** What the figures do not show. */
  caveat: string;
  shapes: readonly Shape[];
  implementations: readonly Implementation[];
  comparisons: readonly Comparison[];
  createSuite(implementation: string, options?: Benchmark.Options): Promise<Benchmark.Suite>;
}

/** Where a Benchmark of `buildSuite` keeps what was measured. */
const measured = new WeakMap<object, Measurement>();

export async function buildSuite(
  implementation: Implementation,
  shapes: readonly Shape[],
  options: Benchmark.Options,
): Promise<Benchmark.Suite> {
  const suite = new Benchmark.Suite(implementation.label);
  for (const shape of shapes) {
    const run = await prepare(implementation, shape);
    const initCount = await calibrate(run);
    run.release();
    const measurement: Measurement = { shape: shape.name, samples: [] };
    let before = 0;
    let count = 0;
    const runSync = () => {
      count++;
      run.once();
    };
    const runAsync = async (deferred: { resolve(): void }) => {
      count++;
      await run.once();
      deferred.resolve();
    };
    suite.add(shape.title, {
      ...options,
      initCount,
      defer: implementation.isAsync === true,
      fn: implementation.isAsync ? runAsync : runSync,
      onStart: () => {
        run.renew();
        globalThis.gc?.();
        count = 0;
        before = cpuSeconds();
      },
      onCycle: () => {
        const now = cpuSeconds();
        measurement.samples.push((now - before) / (count * run.octets));
        count = 0;
        before = now;
      },
      onComplete: () => run.release(),
    });
    measured.set((suite as unknown as ArrayLike<object>)[suite.length - 1]!, measurement);
  }
  return suite;
}

export function measurementOf(benchmark: Benchmark): Measurement {
  const found = measured.get(benchmark);
  if (found === undefined) throw new TypeError('No Benchmark of buildSuite');
  return found;
}

/** A shape in an implementation's hands. */
export interface Run {
  /** One iteration; throws if as much did not come out as when it was checked. */
  once(): void | Promise<void>;
  /** How many octets an iteration is told in. */
  octets: number;
  /** Lets go of the input. */
  release(): void;
  /** Makes it again. */
  renew(): void;
}

/** Runs once and compares the output. */
export async function prepare(implementation: Implementation, { name, make }: Shape): Promise<Run> {
  const work = await implementation.load();
  const inputOf = (fixture: Fixture) => implementation.inputOf?.(fixture) ?? fixture.input;
  const fixture = make();
  let input = inputOf(fixture);
  takeCount();
  startKeeping();
  await work(input);
  const output = stopKeeping();
  const expected = takeCount();
  if (!(implementation.isRight?.(output, fixture) ?? output.equals(fixture.output))) {
    throw new Error(`${implementation.label}, ${name}: the output differs from the fixture`);
  }
  const verify = () => {
    const count = takeCount();
    if (count !== expected) throw new Error(`${name}: ${count} octets came out, expected ${expected}`);
  };
  return {
    octets: fixture.octets,
    once: implementation.isAsync
      ? async () => {
          await work(input);
          verify();
        }
      : () => {
          work(input);
          verify();
        },
    release: () => {
      input = [];
    },
    renew: () => {
      input = inputOf(make());
    },
  };
}

/**
 * How many iterations fill a sample. Benchmark.js starts with a sample of one and keeps it; a single interruption then
 * weighs as much as hundreds of iterations later on: 70 ms made 28,000 MB/s into 590 (measured).
 */
export async function calibrate({ once }: Pick<Run, 'once'>, seconds = SAMPLE_SECONDS): Promise<number> {
  const start = cpuSeconds();
  let fastest = Infinity;
  let before = start;
  for (let rounds = 0; rounds < 3 || before - start < CALIBRATION_SECONDS; rounds++) {
    await once();
    const after = cpuSeconds();
    fastest = Math.min(fastest, after - before);
    before = after;
  }
  return Math.max(1, Math.ceil(seconds / Math.max(fastest, 1e-6)));
}

/** The implementation of this name. */
export function named(implementations: readonly Implementation[], name: string): Implementation {
  const found = implementations.find((implementation) => implementation.name === name);
  if (found === undefined) throw new TypeError(`No implementation is named ${name}`);
  return found;
}
