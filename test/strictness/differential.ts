/**
 * Runs chunked bodies through our Decoder and through Node's parser and compares. What the Decoder takes as a whole
 * message, Node must read the same, or refuse: a parser that reads it otherwise is what smuggling is made of. Every other
 * outcome is counted under a name, which spec-notes/strictness.md explains.
 */
import { Decoder } from '../../src/core/decoder.ts';
import type { FieldPairs } from '../../src/core/fields.ts';
import { octets } from '../support/octets.ts';
import { Random } from '../support/random.ts';
import { nextWire } from './mutator.ts';
import { type NodeReading, readAsNode, type Side } from './node-parser.ts';

export interface Tally {
  cases: number;
  /** Taken by both, with the same content, trailers and end. */
  same: number;
  /** Taken by us, refused by Node, under its reason. */
  refusedByNode: Map<string, Count>;
  /** Not taken by us, and taken by Node, under what we expected. */
  onlyNode: Map<string, Count>;
  /** Taken by neither. */
  neither: number;
  /** Taken by us, and read otherwise by Node. */
  different: number;
  /** The first of those. */
  disagreements: string[];
}

export interface Count {
  cases: number;
  /** The shortest of them. */
  sample: string;
}

interface Reading {
  isDone: boolean;
  body: string;
  trailers: FieldPairs;
  consumed: number;
  /** Why it was not taken. */
  reason: string;
}

/** Enough to judge by. */
const MAX_DISAGREEMENTS = 20;

export function runDifferential(seed: number, cases: number): Tally {
  const random = new Random(seed);
  const tally = emptyTally();
  for (let number = 0; number < cases; number++) {
    compare(nextWire(random), number % 2 === 0 ? 'request' : 'response', tally);
  }
  return tally;
}

export function emptyTally(): Tally {
  return {
    cases: 0,
    same: 0,
    refusedByNode: new Map(),
    onlyNode: new Map(),
    neither: 0,
    different: 0,
    disagreements: [],
  };
}

/** Reads one body both ways, and counts what came of it. */
export function compare(text: string, side: Side, tally: Tally): void {
  tally.cases++;
  const wire = octets(text);
  const ours = readAsWe(wire);
  const node = readAsNode(ours.isDone ? wire.subarray(0, ours.consumed) : wire, side);
  const isTaken = node.outcome === 'complete' || node.outcome === 'early';
  if (!ours.isDone) {
    if (isTaken) count(tally.onlyNode, ours.reason, text);
    else tally.neither++;
  } else if (node.outcome === 'refused') {
    count(tally.refusedByNode, node.reason, text);
  } else if (isSame(ours, node)) {
    tally.same++;
  } else {
    tally.different++;
    if (tally.disagreements.length < MAX_DISAGREEMENTS) {
      tally.disagreements.push(JSON.stringify({ side, wire: text, ours, node }));
    }
  }
}

function isSame(ours: Reading, node: NodeReading): boolean {
  return (
    node.outcome === 'complete' &&
    node.body === ours.body &&
    node.trailers.length === ours.trailers.length &&
    node.trailers.every(([name, value], at) => name === ours.trailers[at]![0] && value === ours.trailers[at]![1])
  );
}

function readAsWe(wire: Uint8Array): Reading {
  const pieces: string[] = [];
  const decoder = new Decoder({ onData: (data) => pieces.push(Buffer.from(data).toString('latin1')) });
  decoder.write(wire);
  decoder.end();
  const { done, rawTrailers, consumed, error } = decoder;
  const reason = error === undefined ? '' : reasonOf(error.message);
  return { isDone: done, body: pieces.join(''), trailers: rawTrailers, consumed, reason };
}

/** What was expected, or else what was found: the end of the message of an error. */
function reasonOf(message: string): string {
  return /(?:expected|found) (?!.*expected)(.*)$/.exec(message)?.[1] ?? message;
}

function count(counts: Map<string, Count>, key: string, text: string): void {
  const { cases, sample } = counts.get(key) ?? { cases: 0, sample: text };
  counts.set(key, { cases: cases + 1, sample: text.length < sample.length ? text : sample });
}
