/**
 * Strategy: judge is a pure function, so it is a table. Each row is evidence and what x-stream-status 5.2 concludes from it;
 * the precedence has rows of its own, in which two conclusions compete. The digests are made up: judge only compares them.
 */
import { describe, expect, test } from 'vitest';
import { FramingError } from '../../src/core/errors.ts';
import type { FieldPairs } from '../../src/core/fields.ts';
import { type DigestState, type Evidence, judge, type Verdict } from '../../src/core/verdict.ts';
import { octets } from '../support/octets.ts';

type Row = [title: string, evidence: Evidence, kind: Verdict['kind'], digest: DigestState];

const status = (value: string): FieldPairs => [['X-Stream-Status', value]];
const sealed = (value: string, digest: string): FieldPairs => [...status(value), ['Content-Digest', digest]];

const SHA_256 = 'sha-256=:YQ==:';
const WRONG_SHA_256 = 'sha-256=:Yg==:';
const SHA_512 = 'sha-512=:Yg==:';
const digests = new Map([['sha-256' as const, octets('a')]]);
const both = new Map([...digests, ['sha-512' as const, octets('b')]]);

const malformed = new FramingError('ERR_FRAMING_MALFORMED', 'LF at 7', { offset: 7 });
const limit = new FramingError('ERR_FRAMING_LIMIT', 'too much', { offset: 9 });
const truncated = new FramingError('ERR_FRAMING_TRUNCATED', 'cut at 5', { offset: 5 });
const timeout = new FramingError('ERR_FRAMING_TIMEOUT', 'stalled');

const CONCLUSIONS: Row[] = [
  ['ok, and the count agrees', { bytes: 5, rawTrailers: status('ok;bytes=5') }, 'complete', 'absent'],
  ['ok for no content', { bytes: 0, rawTrailers: status('ok;bytes=0') }, 'complete', 'absent'],
  ['ok without a count', { bytes: 5, rawTrailers: status('ok') }, 'complete', 'absent'],
  ['a name in another case', { bytes: 5, rawTrailers: [['x-stream-STATUS', 'ok;bytes=5']] }, 'complete', 'absent'],
  ['a count that is too high', { bytes: 5, rawTrailers: status('ok;bytes=6') }, 'mismatch', 'absent'],
  ['a count that is too low', { bytes: 5, rawTrailers: status('ok;bytes=0') }, 'mismatch', 'absent'],
  ['an error', { bytes: 5, rawTrailers: status('error;bytes=5;type=timeout') }, 'failed', 'absent'],
  ['nothing', { bytes: 5 }, 'unverified', 'absent'],
  ['other trailers', { bytes: 5, rawTrailers: [['ETag', '"x"']] }, 'unverified', 'absent'],
  ['a status that cannot be read', { bytes: 5, rawTrailers: status('fine') }, 'unverified', 'absent'],
  ['two statuses', { bytes: 5, rawTrailers: [...status('ok'), ...status('ok')] }, 'unverified', 'absent'],
  ['ok and error', { bytes: 5, rawTrailers: [...status('ok'), ...status('error')] }, 'unverified', 'absent'],
  ['broken framing', { bytes: 5, error: malformed }, 'malformed', 'absent'],
  ['a limit passed', { bytes: 5, error: limit }, 'malformed', 'absent'],
  ['input that ended', { bytes: 5, error: truncated }, 'truncated', 'absent'],
  ['input that stalled', { bytes: 5, error: timeout }, 'truncated', 'absent'],
  ['an abort', { bytes: 5, error: truncated, abortReason: 'error;type=timeout' }, 'failed', 'absent'],
  ['a reason that is ok', { bytes: 5, error: truncated, abortReason: 'ok;bytes=5' }, 'truncated', 'absent'],
  ['a reason that cannot be read', { bytes: 5, error: truncated, abortReason: 'Error' }, 'truncated', 'absent'],
  ['an empty reason', { bytes: 5, error: truncated, abortReason: '' }, 'truncated', 'absent'],
  ['a reason behind complete framing', { bytes: 5, abortReason: 'error' }, 'unverified', 'absent'],
];

const OK = 'ok;bytes=5';
const DIGESTS: Row[] = [
  ['it agrees', { bytes: 5, rawTrailers: sealed(OK, SHA_256), digests }, 'complete', 'match'],
  ['it disagrees', { bytes: 5, rawTrailers: sealed(OK, WRONG_SHA_256), digests }, 'mismatch', 'mismatch'],
  ['it is shorter', { bytes: 5, rawTrailers: sealed(OK, 'sha-256=::'), digests }, 'mismatch', 'mismatch'],
  ['none came', { bytes: 5, rawTrailers: status(OK), digests }, 'complete', 'absent'],
  ['of an unknown algorithm', { bytes: 5, rawTrailers: sealed(OK, 'md5=:YQ==:'), digests }, 'complete', 'unsupported'],
  ['none in the field', { bytes: 5, rawTrailers: sealed(OK, ''), digests }, 'complete', 'unsupported'],
  ['unreadable', { bytes: 5, rawTrailers: sealed(OK, 'sha-256=YQ'), digests }, 'complete', 'unreadable'],
  ['not to be checked', { bytes: 5, rawTrailers: sealed(OK, WRONG_SHA_256) }, 'complete', 'ignored'],
  ['not hashed', { bytes: 5, rawTrailers: sealed(OK, SHA_512), digests }, 'unverified', 'unchecked'],
  ['nothing hashed', { bytes: 5, rawTrailers: sealed(OK, SHA_256), digests: new Map() }, 'unverified', 'unchecked'],
  ['both agree', { bytes: 5, rawTrailers: sealed(OK, `${SHA_256}, ${SHA_512}`), digests: both }, 'complete', 'match'],
  [
    'the second disagrees',
    { bytes: 5, rawTrailers: sealed(OK, `${SHA_512}, ${WRONG_SHA_256}`), digests: both },
    'mismatch',
    'mismatch',
  ],
  [
    'the first disagrees',
    { bytes: 5, rawTrailers: sealed(OK, `${WRONG_SHA_256}, ${SHA_512}`), digests: both },
    'mismatch',
    'mismatch',
  ],
  [
    'one agrees, one not hashed',
    { bytes: 5, rawTrailers: sealed(OK, `${SHA_256},${SHA_512}`), digests },
    'complete',
    'match',
  ],
  [
    'one not hashed, one agrees',
    { bytes: 5, rawTrailers: sealed(OK, `${SHA_512},${SHA_256}`), digests },
    'complete',
    'match',
  ],
  [
    'one not hashed, one disagrees',
    { bytes: 5, rawTrailers: sealed(OK, `${SHA_512}, ${WRONG_SHA_256}`), digests },
    'mismatch',
    'mismatch',
  ],
  [
    'unknown and agreeing',
    { bytes: 5, rawTrailers: sealed(OK, `md5=:YQ==:, ${SHA_256}`), digests },
    'complete',
    'match',
  ],
  [
    'in two field lines, of which the second disagrees',
    { bytes: 5, rawTrailers: [...sealed(OK, SHA_512), ['Content-Digest', WRONG_SHA_256]], digests: both },
    'mismatch',
    'mismatch',
  ],
];

const ERROR = 'error;bytes=5';
const PRECEDENCE: Row[] = [
  ['malformed before failed by an abort', { bytes: 5, error: malformed, abortReason: 'error' }, 'malformed', 'absent'],
  ['malformed before failed', { bytes: 5, error: malformed, rawTrailers: status(ERROR) }, 'malformed', 'absent'],
  ['malformed before mismatch', { bytes: 5, error: limit, rawTrailers: status('ok;bytes=9') }, 'malformed', 'absent'],
  ['malformed before complete', { bytes: 5, error: malformed, rawTrailers: status(OK) }, 'malformed', 'absent'],
  ['truncated before failed', { bytes: 5, error: truncated, rawTrailers: status(ERROR) }, 'truncated', 'absent'],
  [
    'truncated before mismatch',
    { bytes: 5, error: truncated, rawTrailers: sealed('ok;bytes=9', WRONG_SHA_256), digests },
    'truncated',
    'mismatch',
  ],
  ['truncated before complete', { bytes: 5, error: timeout, rawTrailers: status(OK) }, 'truncated', 'absent'],
  [
    'failed by an abort before mismatch',
    { bytes: 5, error: truncated, abortReason: 'error;bytes=9' },
    'failed',
    'absent',
  ],
  ['failed before mismatch by count', { bytes: 5, rawTrailers: status('error;bytes=9') }, 'failed', 'absent'],
  [
    'failed before mismatch by digest',
    { bytes: 5, rawTrailers: sealed(ERROR, WRONG_SHA_256), digests },
    'failed',
    'mismatch',
  ],
  [
    'mismatch before unverified: no status',
    { bytes: 5, rawTrailers: [['Content-Digest', WRONG_SHA_256]], digests },
    'mismatch',
    'mismatch',
  ],
  [
    'mismatch before unverified: status unreadable',
    { bytes: 5, rawTrailers: sealed('ok;bytes=-1', WRONG_SHA_256), digests },
    'mismatch',
    'mismatch',
  ],
  [
    'mismatch by count before unverified by digest',
    { bytes: 5, rawTrailers: sealed('ok;bytes=9', SHA_512), digests },
    'mismatch',
    'unchecked',
  ],
  [
    'unverified before complete: a digest agrees, but no status came',
    { bytes: 5, rawTrailers: [['Content-Digest', SHA_256]], digests },
    'unverified',
    'match',
  ],
];

for (const [title, rows] of Object.entries({ CONCLUSIONS, DIGESTS, PRECEDENCE })) {
  describe(`x-stream-status 5.2: ${title.toLowerCase()}`, () => {
    test.each(rows)('%s', (_, evidence, kind, digest) => {
      const verdict = judge(evidence);
      expect({ kind: verdict.kind, digest: verdict.digest }).toEqual({ kind, digest });
      expect(verdict.bytes).toBe(evidence.bytes);
      expect(verdict.error).toBe(evidence.error);
      expect(verdict.reason).not.toBe('');
    });
  });
}

describe('the evidence in a verdict', () => {
  test('the status that was believed, or undefined', () => {
    expect(judge({ bytes: 5, rawTrailers: status('ok;bytes=5;x') }).status).toEqual({ kind: 'ok', bytes: 5 });
    expect(judge({ bytes: 5, rawTrailers: status('ok;bytes=6') }).status).toEqual({ kind: 'ok', bytes: 6 });
    expect(judge({ bytes: 5, rawTrailers: status('fine') }).status).toBeUndefined();
    const aborted = judge({ bytes: 5, error: truncated, abortReason: 'error;type=timeout;details="slow"' });
    expect(aborted.status).toEqual({ kind: 'error', type: 'timeout', details: 'slow' });
    expect(aborted.reason).toMatch(/timeout.*slow/);
  });

  test('whether a status came that could not be read', () => {
    expect(judge({ bytes: 5, rawTrailers: status('fine') }).isStatusUnreadable).toBe(true);
    expect(judge({ bytes: 5, rawTrailers: status('ok') }).isStatusUnreadable).toBe(false);
    expect(judge({ bytes: 5 }).isStatusUnreadable).toBe(false);
  });

  test('RFC 9110 §6.5.1: names that may not trail are left out of the trailers', () => {
    const rawTrailers: FieldPairs = [['Content-Length', '9'], ...status('ok;bytes=5'), ['B', '1'], ['B', '2']];
    const { trailers, kind } = judge({ bytes: 5, rawTrailers });
    expect(kind).toBe('complete');
    expect(trailers).toEqual([...status('ok;bytes=5'), ['B', '1'], ['B', '2']]);
  });

  test('the same evidence gives the same verdict, and is not changed', () => {
    const evidence: Evidence = { bytes: 5, rawTrailers: sealed(OK, SHA_256), digests };
    const copy = structuredClone(evidence);
    expect(judge(evidence)).toEqual(judge(evidence));
    expect(evidence).toEqual(copy);
  });
});
