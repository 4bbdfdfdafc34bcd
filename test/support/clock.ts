/**
 * A clock that stands still. On a busy machine no real one tells a bound that has to be reached from one that must not be:
 * here a test waits for what comes before, and then lets the time pass.
 */
import { onTestFinished, vi } from 'vitest';

/**
 * Stops the timers of the code under test, and the clock that it asks for how long they have to go; not those of Node's own
 * modules.
 *
 * @returns lets so many milliseconds pass
 */
export function stopClock(): (milliseconds: number) => void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  return (milliseconds) => void vi.advanceTimersByTime(milliseconds);
}

/** What a signal of `AbortSignal.timeout` aborts with: its timer is the platform's, and cannot be stopped. */
export function timedOut(): DOMException {
  return new DOMException('The operation was aborted due to timeout', 'TimeoutError');
}
