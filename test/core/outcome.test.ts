/** Strategy: the last column of the table in design section 5, for every kind, every `require`, announced or not. */
import { describe, expect, test } from 'vitest';
import { StreamError, type StreamErrorCode } from '../../src/core/errors.ts';
import { assertRequire, type Require, streamErrorFor } from '../../src/core/outcome.ts';
import { type Evidence, judge } from '../../src/core/verdict.ts';

const REQUIRES: Require[] = ['announced', 'always', 'never'];

const framing = (code: StreamErrorCode, offset = 7) => new StreamError(code, 'broken', { offset });
const status = (value: string): Evidence => ({ bytes: 5, rawTrailers: [['X-Stream-Status', value]] });

const ALWAYS_THE_SAME: [title: string, evidence: Evidence, code: StreamErrorCode | undefined][] = [
  ['complete ends', status('ok;bytes=5'), undefined],
  ['failed', status('error;type=timeout'), 'ERR_STREAM_FAILED'],
  [
    'failed by an abort',
    { bytes: 5, error: framing('ERR_STREAM_TRUNCATED'), abortReason: 'error' },
    'ERR_STREAM_FAILED',
  ],
  ['truncated', { bytes: 5, error: framing('ERR_STREAM_TRUNCATED') }, 'ERR_STREAM_TRUNCATED'],
  ['stalled', { bytes: 5, error: framing('ERR_STREAM_TIMEOUT') }, 'ERR_STREAM_TIMEOUT'],
  ['malformed', { bytes: 5, error: framing('ERR_STREAM_MALFORMED') }, 'ERR_STREAM_MALFORMED'],
  ['over a limit', { bytes: 5, error: framing('ERR_STREAM_LIMIT') }, 'ERR_STREAM_LIMIT'],
  [
    'broken by somebody else’s code',
    { bytes: 5, error: { code: 'HPE_INVALID', message: '?' } },
    'ERR_STREAM_MALFORMED',
  ],
  ['mismatch', status('ok;bytes=6'), 'ERR_STREAM_MISMATCH'],
];

describe('design §5: whatever is required', () => {
  test.each(ALWAYS_THE_SAME)('%s', (_, evidence, code) => {
    for (const require of REQUIRES) {
      for (const isAnnounced of [true, false]) {
        expect(streamErrorFor(judge(evidence), require, isAnnounced)?.code).toBe(code);
      }
    }
  });
});

describe('design §5: an unverified body', () => {
  const UNVERIFIED = 'ERR_STREAM_UNVERIFIED';
  test.each<[string, Evidence, Require, isAnnounced: boolean, StreamErrorCode | undefined]>([
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
    expect(streamErrorFor(judge(evidence), require, isAnnounced)?.code).toBe(code);
  });

  // What `Require` documents; design section 5 has "only if `Trailer` announced the status".
  test('an unreadable status is one that was announced: by coming', () => {
    expect(streamErrorFor(judge(status('fine')), 'announced', false)?.code).toBe(UNVERIFIED);
  });
});

describe('the error', () => {
  test('carries the verdict, the framing error as its cause, the offset and the count', () => {
    const cause = framing('ERR_STREAM_MALFORMED', 7);
    const verdict = judge({ bytes: 5, error: cause });
    const error = streamErrorFor(verdict, 'announced', false)!;
    expect(error).toBeInstanceOf(StreamError);
    expect(error.verdict).toBe(verdict);
    expect(error.cause).toBe(cause);
    expect(error).toMatchObject({ offset: 7, bytes: 5, message: verdict.reason });
  });

  test('has no cause and no offset where the framing was complete', () => {
    const error = streamErrorFor(judge(status('error')), 'announced', false)!;
    expect('cause' in error).toBe(false);
    expect(error.offset).toBeUndefined();
  });
});

test('require is one of three words: TypeError', () => {
  for (const require of REQUIRES) assertRequire(require);
  for (const other of ['Always', '', true, undefined]) {
    expect(() => assertRequire(other as Require)).toThrow(TypeError);
  }
});
