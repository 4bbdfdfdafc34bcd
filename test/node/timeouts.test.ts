/** Strategy: what a timeout option may be, on both sides of each bound; and the timers that are stopped and started. */
import { describe, expect, test } from 'vitest';
import type { FramingError } from '../../src/core/errors.ts';
import { BodyTimer, IdleTimer } from '../../src/node/receive/body-timer.ts';
import { bodyTimeoutsFrom, timeoutFrom } from '../../src/node/timeouts.ts';
import { stopClock } from '../support/clock.ts';

describe('timeoutFrom', () => {
  test.each([
    [0, 0],
    [0.5, 0.5],
    [300_000, 300_000],
    [2 ** 31 - 1, 2 ** 31 - 1],
    [Number.POSITIVE_INFINITY, 0],
  ])('%d is %d', (value, milliseconds) => {
    expect(timeoutFrom(value, 'idleTimeout')).toBe(milliseconds);
  });

  test.each([-1, Number.NaN, Number.NEGATIVE_INFINITY, 2 ** 31])(
    '%d is a RangeError that names the option',
    (value) => {
      expect(() => timeoutFrom(value, 'idleTimeout')).toThrow(RangeError);
      expect(() => timeoutFrom(value, 'idleTimeout')).toThrow(/^idleTimeout /);
    },
  );

  test.each(['5', null, true, {}])('%j is a TypeError', (value) => {
    expect(() => timeoutFrom(value as number, 'headTimeout')).toThrow(TypeError);
  });
});

describe('bodyTimeoutsFrom', () => {
  test('five minutes of silence, and a day for the whole, by default', () => {
    expect(bodyTimeoutsFrom({})).toEqual({ idle: 300_000, total: 86_400_000 });
  });

  test('0 and Infinity are no bound', () => {
    const options = { idleTimeout: 0, totalTimeout: Number.POSITIVE_INFINITY };
    expect(bodyTimeoutsFrom(options)).toEqual({ idle: 0, total: 0 });
  });

  test.each(['idleTimeout', 'totalTimeout'])('%s is named where it is none', (name) => {
    expect(() => bodyTimeoutsFrom({ [name]: -1 })).toThrow(new RegExp(`^${name} must be`));
    expect(() => bodyTimeoutsFrom({ [name]: '1' })).toThrow(TypeError);
  });
});

describe('BodyTimer', () => {
  const timer = (idle: number, total: number) => {
    const errors: FramingError[] = [];
    return { timer: new BodyTimer({ idle, total }, (error) => errors.push(error)), errors };
  };

  test('silence and the whole are told apart', () => {
    const pass = stopClock();
    const silent = timer(20, 0);
    const slow = timer(0, 20);
    silent.timer.start();
    slow.timer.start();
    pass(60);
    expect(silent.errors).toMatchObject([{ code: 'ERR_FRAMING_TIMEOUT', message: 'No byte came for 20 ms' }]);
    expect(slow.errors).toMatchObject([{ code: 'ERR_FRAMING_TIMEOUT', message: 'The body was not whole after 20 ms' }]);
  });

  test('the whole is counted from the first start, whatever comes, and through pauses', () => {
    const pass = stopClock();
    const { timer: running, errors } = timer(0, 100);
    running.start();
    for (let at = 0; at < 6; at++) {
      pass(15);
      running.refresh();
      running.pause();
      running.start();
    }
    pass(9);
    expect(errors).toEqual([]);
    pass(1);
    expect(errors).toHaveLength(1);
  });

  test('not before it is started, nor after it is stopped', () => {
    const pass = stopClock();
    const unused = timer(10, 10);
    const stopped = timer(10, 10);
    stopped.timer.start();
    stopped.timer.stop();
    pass(40);
    expect([...unused.errors, ...stopped.errors]).toEqual([]);
  });
});

describe('IdleTimer', () => {
  test('calls back once, when it has been started', () => {
    const pass = stopClock();
    let calls = 0;
    const timer = new IdleTimer(20, () => calls++);
    pass(40);
    expect(calls).toBe(0);
    timer.start();
    timer.start();
    pass(80);
    expect(calls).toBe(1);
  });

  test('not when it is stopped, or refreshed in time', () => {
    const pass = stopClock();
    let calls = 0;
    const stopped = new IdleTimer(20, () => calls++);
    stopped.start();
    stopped.stop();
    const refreshed = new IdleTimer(200, () => calls++);
    refreshed.start();
    for (let at = 0; at < 5; at++) {
      pass(150);
      refreshed.refresh();
    }
    refreshed.stop();
    expect(calls).toBe(0);
  });

  test('refresh does not start it, and 0 never calls back', () => {
    const pass = stopClock();
    let calls = 0;
    new IdleTimer(10, () => calls++).refresh();
    new IdleTimer(0, () => calls++).start();
    pass(40);
    expect(calls).toBe(0);
  });
});
