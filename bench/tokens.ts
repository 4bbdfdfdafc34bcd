/**
 * Text as a language model streams it: tokens of 1 to 12 octets, each a write of its own, in bursts of a few that share
 * a tick. The text is generated, so that the trace is the same everywhere and belongs to nobody.
 */
import { pickBetween, seededNumbers } from './random.ts';

export const MAX_TOKEN_BYTES = 12;
export const MAX_BURST_TOKENS = 16;

const SEED = 0x9110;
const ONSETS = ['', 'b', 'c', 'd', 'f', 'g', 'h', 'l', 'm', 'n', 'p', 'r', 's', 't', 'st', 'tr', 'th', 'ch', 'qu'];
const VOWELS = ['a', 'e', 'i', 'o', 'u', 'ea', 'io', 'é'];
const CODAS = ['', '', 'n', 'r', 's', 't', 'l', 'nd', 'ck', 'st'];
const MARKS = ['.', ',', ',', ':', '\n', '\n\n', ' —', '(', ')', '`', '**'];

/** Bursts of tokens, `octets` of text or a token more. */
export function makeTrace(octets: number): Buffer[][] {
  const next = seededNumbers(SEED);
  const from = (list: readonly string[]) => list[pickBetween(next, 0, list.length - 1)]!;
  const syllable = () => from(ONSETS) + from(VOWELS) + from(CODAS);
  const anyToken = () => {
    if (pickBetween(next, 1, 7) === 1) return from(MARKS);
    // Most tokens begin a word, with the space before it; the others continue one.
    const isStart = pickBetween(next, 1, 4) > 1;
    const word = isStart && pickBetween(next, 1, 3) === 1 ? syllable() + syllable() : syllable();
    return isStart ? ` ${word}` : word;
  };
  const token = () => {
    for (;;) {
      const data = Buffer.from(anyToken());
      if (data.length <= MAX_TOKEN_BYTES) return data;
    }
  };
  const bursts: Buffer[][] = [];
  let size = 0;
  while (size < octets) {
    const burst: Buffer[] = [];
    // Half of the bursts are a single token: the model is slower than the loop. Others pile up behind a slow tick.
    const count = pickBetween(next, 0, 1) === 0 ? 1 : pickBetween(next, 2, MAX_BURST_TOKENS);
    while (burst.length < count && size < octets) {
      const data = token();
      burst.push(data);
      size += data.length;
    }
    bursts.push(burst);
  }
  return bursts;
}
