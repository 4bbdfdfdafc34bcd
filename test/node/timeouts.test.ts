/** Strategy: what a timeout option may be, on both sides of each bound; and the timer that is stopped and started. */
import { describe, expect, test } from 'vitest';
import { IdleTimer } from '../../src/node/idle-timer.ts';
import { timeoutFrom } from '../../src/node/timeouts.ts';

describe('timeoutFrom', () => {
  test.each([
    [0, 0],
    [0.5, 0.5],
    [300_000, 300_000],
    [2 ** 31 - 1, 2 ** 31 - 1],
    [Number.POSITIVE_INFINITY, 0],
  ])('%d is %d', (value, milliseconds) => {
    expect(timeoutFrom('idleTimeout', value)).toBe(milliseconds);
  });

  test.each([-1, Number.NaN, Number.NEGATIVE_INFINITY, 2 ** 31])(
    '%d is a RangeError that names the option',
    (value) => {
      expect(() => timeoutFrom('idleTimeout', value)).toThrow(RangeError);
      expect(() => timeoutFrom('idleTimeout', value)).toThrow(/^idleTimeout /);
    },
  );

  test.each(['5', null, true, {}])('%j is a TypeError', (value) => {
    expect(() => timeoutFrom('headTimeout', value as number)).toThrow(TypeError);
  });
});

describe('IdleTimer', () => {
  /** Waits well past the time of a timer that was set before: what must not happen has no event. */
  const pass = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  test('calls back once, when it has been started', async () => {
    let calls = 0;
    const timer = new IdleTimer(20, () => calls++);
    await pass(40);
    expect(calls).toBe(0);
    timer.start();
    timer.start();
    await pass(80);
    expect(calls).toBe(1);
  });

  test('not when it is stopped, or refreshed in time', async () => {
    let calls = 0;
    const stopped = new IdleTimer(20, () => calls++);
    stopped.start();
    stopped.stop();
    const refreshed = new IdleTimer(200, () => calls++);
    refreshed.start();
    for (let at = 0; at < 5; at++) {
      await pass(60);
      refreshed.refresh();
    }
    refreshed.stop();
    expect(calls).toBe(0);
  });

  test('refresh does not start it, and 0 never calls back', async () => {
    let calls = 0;
    new IdleTimer(10, () => calls++).refresh();
    new IdleTimer(0, () => calls++).start();
    await pass(40);
    expect(calls).toBe(0);
  });
});
