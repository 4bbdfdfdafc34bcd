/**
 * Cut everywhere, in process: every beginning of every response, whole, octet by octet and at every split into two
 * reads, ended with FIN and with RST. No way of cutting up what came may let a cut message look whole, nor change the
 * verdict at all.
 */
import { describe, expect, test } from 'vitest';
import { Decoder } from '../../src/core/decoder.ts';
import { Verifier } from '../../src/core/verifier.ts';
import { createHasher } from '../support/hashing.ts';
import { byteByByte } from '../support/octets.ts';
import { everyNth } from './form.ts';
import { BREATH, breathe, type End, receiveOctets } from './in-process.ts';
import { RESPONSES, type Recorded, SMALL, TINY, WITHOUT_DIGEST } from './responses.ts';
import { countedTest } from './tally.ts';

const ALL = [...RESPONSES, WITHOUT_DIGEST];
const endOf = ({ ending }: Recorded): End => (ending === 'reset' ? 'RST' : 'FIN');

describe('each whole response has its verdict', () => {
  test.each(ALL)('x-stream-status 5.2: $name is $kind', (response) => {
    const { octets, kind, content } = response;
    const outcome = receiveOctets([octets], 'announced', endOf(response));
    expect(outcome).toMatchObject({ kind, ended: kind === 'complete' || kind === 'unverified' });
    if (response.ending !== 'error-response') expect(outcome.data.equals(content)).toBe(true);
  });
});

describe('cut after every octet', () => {
  for (const end of ['FIN', 'RST'] as const) {
    countedTest(`RFC 9112 §8: at every split, with ${end}`, `cut and split, in process, ${end}`, async (tally) => {
      for (const { response, length, at } of everyNth(splitCuts(SMALL), 31)) {
        const { octets, contents, isUntilClose } = response;
        const reads = [octets.subarray(0, at), octets.subarray(at, length)];
        const mayEnd = isUntilClose ? end === 'FIN' : length === octets.length;
        const original = { contents: length === octets.length ? contents : [], require: 'announced' as const, mayEnd };
        tally.add(
          receiveOctets(reads, 'announced', end),
          original,
          () => `${response.name}, ${length}, split at ${at}`,
        );
        if (tally.count.cases % BREATH === 0) await breathe();
      }
    });
  }

  countedTest('RFC 9112 §8: octet by octet', 'cut, octet by octet, in process', async (tally) => {
    for (const response of ALL) {
      const { octets, contents, isUntilClose } = response;
      for (let length = 0; length <= octets.length; length++) {
        const reads = byteByByte(octets.subarray(0, length));
        const isWhole = length === octets.length;
        const original = {
          contents: isWhole ? contents : [],
          require: 'announced' as const,
          mayEnd: isWhole || isUntilClose,
        };
        tally.add(receiveOctets(reads), original, () => `${response.name}, ${length}, octet by octet`);
        if (tally.count.cases % BREATH === 0) await breathe();
      }
    }
  });

  countedTest(
    'RFC 9112 §8: the core alone, at every split into three',
    'cut and split in three, core',
    async (tally) => {
      const body = TINY.octets.subarray(TINY.headBytes);
      for (const { length, first, second } of everyNth(triples(body.length), 41)) {
        const reads = [body.subarray(0, first), body.subarray(first, second), body.subarray(second, length)];
        const contents = length === body.length ? [TINY.content] : [];
        const original = { contents, require: 'announced' as const, mayEnd: false };
        tally.add(receiveByCore(reads), original, () => `tiny, ${length}, split at ${first} and ${second}`);
      }
    },
  );
});

/** Decoder and Verifier, with nothing of Node's streams around them. */
function receiveByCore(reads: readonly Uint8Array[]) {
  const pieces: Uint8Array[] = [];
  const verifier = new Verifier({ digest: 'sha-256', createHasher });
  const decoder = new Decoder({
    onData(data) {
      pieces.push(data);
      verifier.update(data);
    },
  });
  for (const read of reads) decoder.write(read);
  decoder.end();
  const { kind } = verifier.conclude(decoder).verdict;
  return {
    ended: kind === 'complete',
    kind,
    data: Buffer.concat(pieces),
    promise: { status: true, nothing: false, success: true },
  };
}

function* splitCuts(responses: readonly Recorded[]) {
  for (const response of responses) {
    for (let length = 0; length <= response.octets.length; length++) {
      for (let at = 0; at <= length; at++) yield { response, length, at };
    }
  }
}

function* triples(bytes: number) {
  for (let length = 0; length <= bytes; length++) {
    for (let first = 0; first <= length; first++) {
      for (let second = first; second <= length; second++) yield { length, first, second };
    }
  }
}
