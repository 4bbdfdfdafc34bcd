/** What a process still holds, where Node was not started with --expose-gc. */
import { readdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}

/**
 * Bytes that something still holds. A buffer's memory is freed beside the collection that found it, and what a socket
 * held goes when its handle has gone: so it is collected again until nothing more goes.
 */
export async function heldMemory(): Promise<number> {
  let held = Number.POSITIVE_INFINITY;
  for (let unchanged = 0; unchanged < 3; unchanged++) {
    collectGarbage();
    await wait(50);
    const { heapUsed, external } = process.memoryUsage();
    if (heapUsed + external < held - 64 * 1024) unchanged = 0;
    held = Math.min(held, heapUsed + external);
  }
  return held;
}

/** Open descriptors; 0 where the system does not tell. */
export function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}
