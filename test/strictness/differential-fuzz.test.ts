/**
 * Invariant: whatever octets our Decoder takes for a whole message, Node's strict parser reads the same (content,
 * trailers, end) or refuses. Here for some 20,000 mutated bodies, others each time; `npm run test:fuzz:differential`
 * runs a million. SEED=<integer> runs the same ones again.
 */
import { describe, expect, test } from 'vitest';
import { freshSeed } from '../support/random.ts';
import { compare, emptyTally, runDifferential } from './differential.ts';
import { REFUSED_BY_NODE, TAKEN_BY_NODE_ALONE } from './judged.ts';
import { NODE_PARSER } from './node-parser.ts';

const CASES = 20_000;

describe(`against ${NODE_PARSER}`, () => {
  const seed = freshSeed();
  const tally = runDifferential(seed, CASES);
  const { same, neither, different, refusedByNode, onlyNode, disagreements } = tally;
  const others = CASES - same - neither - different;
  console.log(
    `differential fuzzing: SEED=${seed}, ${CASES} bodies: ${same} taken by both, ${neither} by neither, ` +
      `${others} by one, ${different} read differently`,
  );

  test('RFC 9112 §11.2: no request smuggling: what we take is read the same, or refused', () => {
    expect(disagreements, `SEED=${seed}`).toEqual([]);
  });

  test('RFC 9112 §7.1: what only one of us takes is known and judged', () => {
    expect(
      [...refusedByNode].filter(([reason]) => !REFUSED_BY_NODE.has(reason)),
      `SEED=${seed}`,
    ).toEqual([]);
    expect(
      [...onlyNode].filter(([reason]) => !TAKEN_BY_NODE_ALONE.has(reason)),
      `SEED=${seed}`,
    ).toEqual([]);
  });

  test('enough bodies are whole, broken, and doubtful for this to say something', () => {
    expect(same).toBeGreaterThan(CASES / 4);
    expect(neither).toBeGreaterThan(CASES / 4);
    expect(others).toBeGreaterThan(CASES / 50);
  });
});

describe('the comparison itself', () => {
  test.each([
    ['a whole body', '5\r\nhello\r\n0\r\nA: b\r\n\r\n', { same: 1 }],
    ['a whole body, and more behind it', '0\r\n\r\nGET / HTTP/1.1\r\n\r\n', { same: 1 }],
    ['a cut body', '5\r\nhel', { neither: 1 }],
    ['a broken body', '5\r\nhello0\r\n\r\n', { neither: 1 }],
  ])('%s', (_, wire, expected) => {
    for (const side of ['request', 'response'] as const) {
      const tally = emptyTally();
      compare(wire, side, tally);
      expect(tally).toEqual({ ...emptyTally(), cases: 1, ...expected });
    }
  });

  test('one that only one of us takes is counted under its reason', () => {
    const tally = emptyTally();
    compare('0 ;a\r\n\r\n', 'request', tally);
    compare('0;=\r\n\r\n', 'response', tally);
    const [[refusal]] = [...tally.refusedByNode] as [[string, unknown]];
    expect(REFUSED_BY_NODE).toContain(refusal);
    expect([...tally.onlyNode.keys()]).toEqual(['the name of a chunk extension']);
  });
});
