/**
 * npm run test:fuzz:differential [-- <cases>]: a million mutated chunked bodies through our Decoder and Node's parser.
 * SEED=<integer> runs the same ones again. Exits with 1 if one that we take is read otherwise by Node.
 */
import { type Count, runDifferential } from '../test/strictness/differential.ts';
import { NODE_PARSER } from '../test/strictness/node-parser.ts';
import { freshSeed } from '../test/support/random.ts';

const cases = Number(process.argv[2] ?? 1_000_000);
if (!Number.isSafeInteger(cases) || cases < 1) throw new RangeError('usage: strictness-fuzz.ts [cases]');
const seed = freshSeed();
const number = (value: number) => value.toLocaleString('en').padStart(9);

console.log(`${cases.toLocaleString('en')} bodies, SEED=${seed}, against ${NODE_PARSER}`);
const tally = runDifferential(seed, cases);
console.log(`${number(tally.same)}  taken by both, with the same content, trailers and end`);
printCounts('taken by us, refused by Node', tally.refusedByNode);
printCounts('refused by us, taken by Node; we expected', tally.onlyNode);
console.log(`${number(tally.neither)}  taken by neither`);
console.log(`${number(tally.different)}  taken by us, and read otherwise by Node`);
for (const disagreement of tally.disagreements) console.log(disagreement);
process.exitCode = tally.different === 0 ? 0 : 1;

function printCounts(title: string, counts: ReadonlyMap<string, Count>): void {
  const all = [...counts].sort(([, one], [, other]) => other.cases - one.cases);
  console.log(`${number(all.reduce((sum, [, { cases }]) => sum + cases, 0))}  ${title}`);
  for (const [reason, { cases, sample }] of all) {
    console.log(`${' '.repeat(11)}${number(cases)}  ${reason}, such as ${JSON.stringify(sample)}`);
  }
}
