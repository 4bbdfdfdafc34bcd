/**
 * Text as a language model gives it: tokens of 1 to 12 octets, each of them one `write`, a burst of them a tick. The
 * generator is seeded; the bursts come round again after BURSTS of them.
 */
import { pickBetween, seededNumbers } from '../random.ts';

const BURSTS = 512;
const SEED = 0x9110;
const MAX_TOKEN_BYTES = 12;
const MAX_BURST_TOKENS = 32;
const TEXT = ' a token is a part of a word, or a word, with the space before it; most are short, few are longer';

const bursts = makeBursts();
/** Octets of the bursts before each of them, and of all. */
const offsets = [0];
for (const burst of bursts) offsets.push(offsets.at(-1)! + burst.join('').length);

/** The tokens of the burst at this place in the trace. */
export function burstAt(index: number): readonly string[] {
  return bursts[index % BURSTS]!;
}

/** Octets of so many bursts. */
export function traceBytes(count: number): number {
  return Math.floor(count / BURSTS) * offsets[BURSTS]! + offsets[count % BURSTS]!;
}

function makeBursts(): string[][] {
  const next = seededNumbers(SEED);
  const random = (bound: number) => pickBetween(next, 0, bound - 1);
  const token = () => {
    // The lower of two draws: short ones are the many.
    const length = 1 + Math.min(random(MAX_TOKEN_BYTES), random(MAX_TOKEN_BYTES));
    const start = random(TEXT.length - MAX_TOKEN_BYTES);
    return TEXT.slice(start, start + length);
  };
  return Array.from({ length: BURSTS }, () => Array.from({ length: 1 + random(MAX_BURST_TOKENS) }, token));
}
