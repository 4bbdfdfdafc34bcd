import { describe, expect, it } from 'vitest';
import { type Contestant, contest, median, type Plan } from '../../../bench/wire/contest.ts';
import { octetsOf } from '../../../bench/wire/load.ts';

const PLAN: Plan = { rounds: 5, cpuSeconds: 0.6, seconds: 1.5, warmUpRuns: 2 };

/** One that takes exactly as long as it says, and tells what it was asked for. */
function contestant(name: string, cpuPerGigabyte: number, clock = 1): Contestant & { cpu: number[] } {
  const cpu: number[] = [];
  return {
    name,
    cpu,
    run: async (load) => {
      const cpuSeconds = (octetsOf(load) / 1e9) * cpuPerGigabyte;
      cpu.push(cpuSeconds);
      return { cpuSeconds, seconds: cpuSeconds * clock };
    },
  };
}

describe('a contest', () => {
  it('gives everybody about as long, however fast they are, and has their figures', async () => {
    const fast = contestant('fast', 1);
    const slow = contestant('slow', 100);
    const figures = await contest([fast, slow], 1024, PLAN);
    for (const { cpu } of [fast, slow]) {
      const runs = cpu.slice(-PLAN.rounds);
      expect(runs.every((seconds) => seconds > 0.5 && seconds < 0.7)).toBe(true);
    }
    expect(figures.get('fast')!.cpuPerGigabyte).toBeCloseTo(1);
    expect(figures.get('slow')!.cpuPerGigabyte).toBeCloseTo(100);
    expect(figures.get('slow')!.megabytesPerSecond).toBeCloseTo(10);
  });

  it('warms everybody up before it counts', async () => {
    const one = contestant('one', 10);
    await contest([one], 64, PLAN);
    const warmUp = one.cpu.slice(0, -PLAN.rounds).reduce((sum, seconds) => sum + seconds, 0);
    expect(warmUp).toBeGreaterThan(PLAN.warmUpRuns * PLAN.cpuSeconds);
  });

  it('bounds a run by the clock as well', async () => {
    const waiting = contestant('waiting', 1, 100);
    await contest([waiting], 'trace', PLAN);
    expect(waiting.cpu.slice(-PLAN.rounds).every((seconds) => seconds * 100 < 1.6)).toBe(true);
  });

  it('lets them run in turn, and another one begin each round', async () => {
    const order: string[] = [];
    const logged = ['a', 'b', 'c'].map((name): Contestant => {
      const { run } = contestant(name, 10);
      return {
        name,
        run: (load) => {
          order.push(name);
          return run(load);
        },
      };
    });
    await contest(logged, 16, PLAN);
    expect(order.slice(-15).join('')).toBe('abcbcacababcbca');
  });
});

describe('the median', () => {
  it.each([
    [[3], 3],
    [[5, 1, 3], 3],
    [[4, 1, 3, 2], 2.5],
    [[100, 2, 10], 10],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });
});
