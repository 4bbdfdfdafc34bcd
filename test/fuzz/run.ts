/**
 * npm run fuzz [-- --seconds 60] [--seed n] [targets]: fuzzes each target for as long, prints what was done, and exits with 1
 * if an invariant broke: the input is printed as a line for FOUND in regressions.test.ts.
 *
 * The targets are functions of octets, as jazzer.js calls them. Its libFuzzer is the faster engine, where its binary loads
 * (4.0.0 asks for glibc 2.38, which Debian 12 has not):
 *
 *     echo "export { decoder as fuzz } from './test/fuzz/targets.ts'" |
 *       npx esbuild --bundle --platform=node --format=cjs --loader=ts --outfile=/tmp/fuzz/decoder.js
 *     npx -p @jazzer.js/core jazzer /tmp/fuzz/decoder --sync -i /tmp/fuzz/ -- -max_total_time=300 -max_len=400
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { latin1 } from '../support/octets.ts';
import { fuzz } from './engine.ts';
import { DICTIONARY, SEEDS } from './seeds.ts';
import { TARGETS } from './targets.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } },
});
const seed = Number(values.seed ?? randomInt(2 ** 31));
let crashes = 0;
for (const name of positionals.length > 0 ? positionals : Object.keys(TARGETS)) {
  const target = TARGETS[name];
  if (target === undefined) throw new Error(`There is no target ${name}; there are ${Object.keys(TARGETS).join(', ')}`);
  const milliseconds = 1000 * Number(values.seconds);
  const report = fuzz({ target, seeds: SEEDS[name]!, dictionary: DICTIONARY, milliseconds, seed });
  const { executions, corpus, features, crash } = report;
  console.log(
    `${name}: ${executions} executions in ${values.seconds} s, seed ${seed}, corpus ${corpus}, features ${features}, ${crash ? 1 : 0} crashes`,
  );
  if (crash === undefined) continue;
  crashes++;
  console.log(`  ['${name}', '…', octets(${JSON.stringify(latin1(crash.input))})],\n`, crash.error);
}
process.exitCode = crashes > 0 ? 1 : 0;
