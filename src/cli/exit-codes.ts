/** The exit codes of `chunked-trailers get`. They are API: scripts rely on them. */
import type { Verdict } from '../core/verdict.ts';

export const EXIT = {
  /** `complete`, or `unverified` from a server that never announced a status. */
  ok: 0,
  /** Something on this side: a file that cannot be written, a broken pipe. */
  local: 1,
  usage: 2,
  /** No connection, or no whole and well-formed response head. */
  noResponse: 3,
  /** The response brings no content to use: by its status, or it redirects nowhere or without end. */
  status: 4,
  // From 20 on, away from the codes that Node itself exits with (13: a promise that never settled).
  failed: 20,
  truncated: 21,
  malformed: 22,
  mismatch: 23,
  unverified: 24,
  /** By one of SIGNALS. */
  interrupted: 130,
} as const;

/** Ctrl-C, `kill`, and a terminal that is closed. */
export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs with an AbortSignal that one of SIGNALS aborts. */
export async function interruptible<T>(run: (interruption: AbortSignal) => Promise<T>): Promise<T> {
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  for (const name of SIGNALS) process.once(name, interrupt);
  try {
    return await run(interruption.signal);
  } finally {
    for (const name of SIGNALS) process.off(name, interrupt);
  }
}

export function exitCodeOf(kind: Verdict['kind']): number {
  if (kind === 'complete') return EXIT.ok;
  return kind === 'abandoned' ? EXIT.interrupted : EXIT[kind];
}
