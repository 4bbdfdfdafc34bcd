/** npm run test:nodes [-- --only 20.19,26] [--edges] [test files]: the test suite on every Node that we support, one by one. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { nodeBinary, unsupported } from './node-binary.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string', default: '20.19,22,24,26' },
    edges: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  console.log(
    'npm run test:nodes [-- --only 20.19,26] [--edges] [test files]\n\n' +
      'Runs the test suite on Node 20.19, 22, 24 and 26; with --edges the frameworks of test/edges.',
  );
  process.exit(0);
}
if (unsupported !== undefined) {
  console.warn(`SKIPPED: the suite on other versions of Node: ${unsupported}`);
  process.exit(0);
}
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const args = [vitest, 'run', ...positionals];
if (values.edges) {
  args.push('--config', 'test/edges/vitest.config.ts');
  execFileSync('npm', ['ci', '--prefix', 'test/edges', '--no-audit', '--no-fund'], { stdio: 'inherit' });
}
let failed = 0;
for (const version of values.only.split(',')) {
  const binary = await nodeBinary(version);
  console.log(`\n=== Node ${version} ===`);
  const child = spawn(binary, args, { stdio: 'inherit' });
  const [code] = await once(child, 'close');
  if (code !== 0) failed++;
}
process.exitCode = failed === 0 ? 0 : 1;
