/**
 * What came of the cases of one family, and the invariant that each is held to. With the head that reached the client:
 *
 * 1. `complete` means that the source was whole and that its octets, all of them and no others, were given out.
 * 2. The body ends without an error only on `complete`, or on `unverified` where nobody was promised more: `require` is
 *    not `always` for a 2xx, and no `Trailer` field of the head names X-Stream-Status. A head that rules out content (204, 304)
 *    promises none; but Transfer-Encoding in a 204 is a contradiction (RFC 9112 §6.1), not a promise.
 *
 * Whatever breaks one of these is a silent success. The counts go to the reporter in the meta of the test.
 */
import { expect, test } from 'vitest';
import type { Verdict } from '../../src/core/verdict.ts';
import type { Require } from '../../src/core/verifier.ts';
import { TEST_TIMEOUT } from './form.ts';

export interface Outcome {
  /** Whether the body ended without an error. */
  ended: boolean;
  /** Undefined: there was no head, so there was no body to judge. */
  kind: Verdict['kind'] | undefined;
  /** What was given out. */
  data: Buffer;
  promise: Promised;
}

/** What the head that arrived says about the end, as this test reads it. */
export interface Promised {
  /** Trailer names X-Stream-Status (RFC 9110 §6.6.2). */
  status: boolean;
  /** There is no content. */
  nothing: boolean;
  /** The status is 2xx: the content is what was asked for. */
  success: boolean;
}

export interface Count {
  family: string;
  cases: number;
  /** `complete`, with the content of the source. */
  complete: number;
  /** Ended `unverified`, where nothing had been announced. */
  unverified: number;
  /** Failed with an error. */
  refused: number;
  silent: number;
}

declare module 'vitest' {
  interface TaskMeta {
    exhaustive?: Count;
  }
}

/** What a case may end as. */
export interface Original {
  /** The contents that it may be complete with: none for a source that failed. */
  contents: readonly Buffer[];
  require: Require;
  /** Whether all of the message is there, so that it may end `unverified` if nothing was announced. True by default. */
  mayEnd?: boolean;
}

/** As many as a failing test lists. */
const MAX_LISTED = 20;

export class Tally {
  readonly count: Count;
  readonly silentSuccesses: string[] = [];

  constructor(family: string) {
    this.count = { family, cases: 0, complete: 0, unverified: 0, refused: 0, silent: 0 };
  }

  /** @param what names the case, for the failure of the test */
  add(outcome: Outcome, original: Original, what: () => string): void {
    const { count } = this;
    count.cases++;
    const { ended, kind } = outcome;
    if (isSilentSuccess(outcome, original)) {
      count.silent++;
      if (this.silentSuccesses.length < MAX_LISTED) {
        const heard = `${ended ? 'ended' : 'failed'} ${kind}${outcome.promise.status ? ', announced' : ''}`;
        this.silentSuccesses.push(
          `${what()}: ${heard}, ${JSON.stringify(outcome.data.toString('latin1').slice(0, 60))}`,
        );
      }
    } else if (kind === 'complete') count.complete++;
    else if (ended) count.unverified++;
    else count.refused++;
  }
}

function isSilentSuccess({ ended, kind, data, promise }: Outcome, original: Original): boolean {
  const { contents, require, mayEnd = true } = original;
  if (kind === 'complete') return !ended || !contents.some((content) => content.equals(data));
  if (!ended) return false;
  if (promise.nothing && data.length === 0) return kind !== 'unverified';
  return kind !== 'unverified' || (require === 'always' && promise.success) || promise.status || !mayEnd;
}

/** Reads a head without the library. */
export function promiseOf(statusCode: number, rawHeaders: Iterable<readonly [name: string, value: string]>): Promised {
  let status = false;
  let isCoded = false;
  for (const [name, value] of rawHeaders) {
    if (/^transfer-encoding$/i.test(name)) isCoded = true;
    if (!/^trailer$/i.test(name)) continue;
    const names = value.split(',').map((member) => member.split(';')[0]!.trim().toLowerCase());
    if (names.includes('x-stream-status')) status = true;
  }
  const nothing = statusCode === 304 || statusCode === 205 || (statusCode === 204 && !isCoded);
  return { status, nothing, success: statusCode >= 200 && statusCode < 300 };
}

/** A test that counts. It fails if there was a silent success, or an error that nobody handled. */
export function countedTest(title: string, family: string, run: (tally: Tally) => Promise<void>): void {
  test(title, { timeout: TEST_TIMEOUT }, async ({ task }) => {
    const tally = new Tally(family);
    const strays: unknown[] = [];
    const onStray = (error: unknown) => strays.push(error);
    process.on('uncaughtExceptionMonitor', onStray).on('unhandledRejection', onStray);
    try {
      await run(tally);
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      process.off('uncaughtExceptionMonitor', onStray).off('unhandledRejection', onStray);
      task.meta.exhaustive = tally.count;
    }
    expect(strays).toEqual([]);
    expect(tally.silentSuccesses).toEqual([]);
    expect(tally.count.cases).toBeGreaterThan(0);
  });
}
