/**
 * Strategy: one Readable and its end: the verdict settles once, the error comes behind the data, and at once where
 * there is none. How the adapters use it is in received-body.test.ts and chunked-decoder.test.ts.
 */
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { FramingError } from '../../../src/core/errors.ts';
import { type Require, Verifier } from '../../../src/core/verifier.ts';
import { EndOnVerdict } from '../../../src/node/receive/end-on-verdict.ts';
import { closed } from '../../support/sockets.ts';

const TRUNCATED = { error: new FramingError('ERR_FRAMING_TRUNCATED', 'cut') };
const OK = { rawTrailers: [['X-Stream-Status', 'ok']] as [string, string][] };

/** A Readable that holds the pieces and is judged as the adapters are. */
function judged(pieces: string[], require: Require = 'announced', isAnnounced = false) {
  const errors: unknown[] = [];
  const stream = new Readable({ read() {} }).on('error', (error) => errors.push(error));
  for (const piece of pieces) stream.push(piece);
  const verifier = new Verifier({ require, headers: isAnnounced ? { trailer: 'X-Stream-Status' } : {} });
  const judgement = new EndOnVerdict(stream, verifier, () => ({ receiver: 'receive' }));
  const read = (size?: number) => judgement.read((n) => Readable.prototype.read.call(stream, n), size)?.toString();
  return { stream, judgement, read, errors };
}

test('a good verdict ends the stream behind its data', async () => {
  const { stream, judgement, read, errors } = judged(['one']);
  expect(judgement.conclude(OK).kind).toBe('complete');
  expect(judgement.isFailing).toBe(false);
  expect(read()).toBe('one');
  expect(read()).toBeUndefined();
  await closed(stream);
  expect(stream.readableEnded).toBe(true);
  expect(errors).toEqual([]);
});

describe('a bad verdict', () => {
  test('destroys a stream that holds nothing, once whoever awaited it can listen', async () => {
    const { stream, judgement, errors } = judged([]);
    judgement.conclude(TRUNCATED);
    expect(judgement.isFailing).toBe(true);
    expect(stream.destroyed).toBe(false);
    await closed(stream);
    expect(errors).toMatchObject([{ code: 'ERR_BODY_TRUNCATED' }]);
  });

  test('waits until all that came has been read', async () => {
    const { stream, judgement, read, errors } = judged(['one', 'two']);
    judgement.conclude(TRUNCATED);
    expect(stream.destroyed).toBe(false);
    expect(read(4)).toBe('onet');
    expect(stream.destroyed).toBe(false);
    expect(read(2)).toBe('wo');
    await closed(stream);
    expect(errors).toMatchObject([{ code: 'ERR_BODY_TRUNCATED' }]);
    expect(stream.readableEnded).toBe(false);
  });

  test('gives out what is left to a reader that asks for more than that', async () => {
    const { stream, judgement, read, errors } = judged(['one']);
    expect(read(10)).toBeUndefined();
    const readable = new Promise((resolve) => stream.once('readable', resolve));
    judgement.conclude(TRUNCATED);
    await readable;
    expect(read(10)).toBe('one');
    await closed(stream);
    expect(errors).toHaveLength(1);
  });

  test('is what `require` makes of it', () => {
    for (const [require, isAnnounced, isFailing] of [
      ['announced', false, false],
      ['announced', true, true],
      ['always', false, true],
      ['never', true, false],
    ] as const) {
      const { judgement } = judged([], require, isAnnounced);
      expect(judgement.conclude({}).kind).toBe('unverified');
      expect(judgement.isFailing).toBe(isFailing);
    }
  });
});

describe('the verdict settles once', () => {
  test('by the conclusion; giving up behind it changes nothing', async () => {
    const { judgement } = judged([]);
    const verdict = judgement.conclude(OK);
    expect(judgement.isSettled).toBe(true);
    expect(judgement.abandon()).toBe(false);
    expect(await judgement.verdict).toBe(verdict);
  });

  test('by giving up; a conclusion behind it changes nothing', async () => {
    const { judgement } = judged([]);
    expect(judgement.abandon()).toBe(true);
    expect(judgement.conclude(OK).kind).toBe('abandoned');
    expect(judgement.isFailing).toBe(false);
    expect(await judgement.verdict).toMatchObject({ kind: 'abandoned' });
  });
});
