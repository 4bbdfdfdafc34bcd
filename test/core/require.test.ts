/** Strategy: the last column of the table in spec-notes/x-stream-status.md 5.3, for every kind, every `require`, announced or not. */
import { describe, expect, test } from 'vitest';
import { FramingError, type FramingErrorCode } from '../../src/core/errors.ts';
import { BodyError, type BodyErrorCode, type Evidence, judge } from '../../src/core/verdict.ts';
import { assertJudging, bodyErrorFor, type Require } from '../../src/core/verifier.ts';

const REQUIRES: Require[] = ['announced', 'always', 'never'];

const framing = (code: FramingErrorCode, offset = 7) => new FramingError(code, 'broken', { offset });
const status = (value: string): Evidence => ({ bytes: 5, rawTrailers: [['X-Stream-Status', value]] });

const ALWAYS_THE_SAME: [title: string, evidence: Evidence, code: BodyErrorCode | undefined][] = [
  ['complete ends', status('ok;bytes=5'), undefined],
  ['failed', status('error;type=timeout'), 'ERR_BODY_FAILED'],
  [
    'failed by an abort',
    { bytes: 5, error: framing('ERR_FRAMING_TRUNCATED'), abortReason: 'error' },
    'ERR_BODY_FAILED',
  ],
  ['truncated', { bytes: 5, error: framing('ERR_FRAMING_TRUNCATED') }, 'ERR_BODY_TRUNCATED'],
  ['stalled', { bytes: 5, error: framing('ERR_FRAMING_TIMEOUT') }, 'ERR_BODY_TIMEOUT'],
  ['malformed', { bytes: 5, error: framing('ERR_FRAMING_MALFORMED') }, 'ERR_BODY_MALFORMED'],
  ['over a limit', { bytes: 5, error: framing('ERR_FRAMING_LIMIT') }, 'ERR_BODY_LIMIT'],
  ['mismatch', status('ok;bytes=6'), 'ERR_BODY_MISMATCH'],
];

describe('x-stream-status 5.3: whatever is required', () => {
  test.each(ALWAYS_THE_SAME)('%s', (_, evidence, code) => {
    for (const require of REQUIRES) {
      for (const isAnnounced of [true, false]) {
        expect(bodyErrorFor(judge(evidence), require, isAnnounced)?.code).toBe(code);
      }
    }
  });
});

describe('x-stream-status 5.3: an unverified body', () => {
  const UNVERIFIED = 'ERR_BODY_UNVERIFIED';
  test.each<[string, Evidence, Require, isAnnounced: boolean, BodyErrorCode | undefined]>([
    ['no status', { bytes: 5 }, 'announced', false, undefined],
    ['no status', { bytes: 5 }, 'announced', true, UNVERIFIED],
    ['no status', { bytes: 5 }, 'always', false, UNVERIFIED],
    ['no status', { bytes: 5 }, 'always', true, UNVERIFIED],
    ['no status', { bytes: 5 }, 'never', false, undefined],
    ['no status', { bytes: 5 }, 'never', true, undefined],
    ['an unreadable status', status('fine'), 'announced', true, UNVERIFIED],
    ['an unreadable status', status('fine'), 'always', false, UNVERIFIED],
    ['an unreadable status', status('fine'), 'never', true, undefined],
  ])('%s: %j, require %s, announced %s: %s', (_, evidence, require, isAnnounced, code) => {
    expect(bodyErrorFor(judge(evidence), require, isAnnounced)?.code).toBe(code);
  });

  test('an unreadable status was announced by coming (x-stream-status 5.3)', () => {
    expect(bodyErrorFor(judge(status('fine')), 'announced', false)?.code).toBe(UNVERIFIED);
  });
});

describe('the error', () => {
  test('carries the verdict, the framing error as its cause, the offset and the count', () => {
    const cause = framing('ERR_FRAMING_MALFORMED', 7);
    const verdict = judge({ bytes: 5, error: cause });
    const error = bodyErrorFor(verdict, 'announced', false)!;
    expect(error).toBeInstanceOf(BodyError);
    expect(error.verdict).toBe(verdict);
    expect(error.cause).toBe(cause);
    expect(error).toMatchObject({ offset: 7, bytes: 5, message: verdict.reason });
  });

  test('has no cause and no offset where the framing was complete', () => {
    const error = bodyErrorFor(judge(status('error')), 'announced', false)!;
    expect('cause' in error).toBe(false);
    expect(error.offset).toBeUndefined();
  });
});

test('require is one of three words: TypeError', () => {
  for (const require of REQUIRES) assertJudging({ require });
  for (const other of ['Always', '', true, null]) {
    expect(() => assertJudging({ require: other as Require })).toThrow(TypeError);
  }
});
